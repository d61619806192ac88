"""What monitoring is told about bills."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from prometheus_client import Gauge

from services.common.clock import SECOND, Clock, Micros, SystemClock
from services.common.money import Picos, to_decimal

UNEXPLAINED = Gauge(
    "aifinops_ledger_unexplained_spend_dollars",
    "Dollars billed beyond what was metered that nothing explains, over the last days; negative where less was billed",
    ["provider"],
)
REPORT_AGE = Gauge(
    "aifinops_ledger_bill_report_age_seconds", "Seconds since the ledger took on a row of a report", ["provider"]
)

MAX_PROVIDERS = 20
"""Names come from whoever sends events: beyond so many they are one, `other`."""


class BillMeasures:
    """Implements `handlers.bill.BillMeasures`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def unexplained(self, picos: Mapping[str, Picos]) -> None:
        largest = sorted(picos, key=lambda provider: (-abs(picos[provider]), provider))
        shown = {provider: picos[provider] for provider in largest[:MAX_PROVIDERS]}
        if len(picos) > MAX_PROVIDERS:
            shown["other"] = shown.get("other", 0) + sum(picos[provider] for provider in largest[MAX_PROVIDERS:])
        UNEXPLAINED.clear()
        for provider, amount in shown.items():
            UNEXPLAINED.labels(provider).set(float(to_decimal(amount)))

    def last_reports(self, moments: Mapping[str, Micros]) -> None:
        oldest = sorted(moments, key=lambda provider: (moments[provider], provider))
        REPORT_AGE.clear()
        for provider in oldest[:MAX_PROVIDERS]:
            REPORT_AGE.labels(provider).set_function(partial(self._age, moments[provider]))

    def _age(self, moment: Micros) -> float:
        return (self._clock.now() - moment) / SECOND
