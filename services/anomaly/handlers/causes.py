"""Looks an anomaly's cause up in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Cause, CauseEvent

from services.anomaly.domain.cause.compared import Compared, Slice
from services.anomaly.domain.cause.explain import Difference, dimensions_of, explain
from services.anomaly.domain.cause.weeks import LOOKED_AT, WEEK, Span, span_of, usual_weeks
from services.common.clock import DAY, HOUR, Micros
from services.common.dimensions import is_dimension

MOST_SLICES = 5_000
"""The dearest combinations of dimension values, told apart; all others are one."""
SEEN_FOR = 28 * DAY
FIRST_EVENTS = 5
FIRST_EVENTS_WITHIN = 6 * HOUR


class CauseLedger(Protocol):
    """What the ledger is asked about a series. Every method raises UnavailableError if it is away."""

    async def first_day(self, tenant: str, series: Mapping[str, str], span: Span) -> Micros | None:
        """The first UTC day within the span on which anything was used."""
        ...

    async def slices(
        self, tenant: str, series: Mapping[str, str], dimensions: Sequence[str], span: Span, most: int
    ) -> Sequence[Slice]:
        """Watched usage in the span, by the values of dimensions; beyond `most`, all others are one."""
        ...

    async def first_events(
        self, tenant: str, series: Mapping[str, str], span: Span, most: int
    ) -> Sequence[CauseEvent]: ...


class Causes:
    """Explains anomalies."""

    def __init__(self, ledger: CauseLedger) -> None:
        self._ledger = ledger

    async def of(self, anomaly: Anomaly, others: Iterable[Anomaly]) -> Cause | None:
        """The cause; None: there is nothing to compare with.

        Args:
            anomaly: to explain.
            others: anomalies known of the same tenant.

        Raises:
            UnavailableError: the ledger is away.
        """
        tenant, span = anomaly.tenant_id, span_of(anomaly)
        series = {name: value for name, value in anomaly.series.items() if is_dimension(name)}
        if not series:
            # Such as a session of nobody, which the ledger does not add up.
            return None
        today = span.start // DAY * DAY
        first_day = await self._ledger.first_day(tenant, series, Span(today - LOOKED_AT * WEEK - DAY, today))
        weeks = usual_weeks(anomaly, others, first_day) if first_day is not None else ()
        if not weeks:
            return None
        dimensions = dimensions_of(series)
        actual = await self._ledger.slices(tenant, series, dimensions, span, MOST_SLICES)
        usual: list[Slice] = []
        for week in weeks:
            usual += await self._ledger.slices(tenant, series, dimensions, week, MOST_SLICES)
        difference = Difference.of(Compared(dimensions, len(weeks), actual, usual))
        seen = await self._seen(tenant, series, difference, Span(today - SEEN_FOR, today))
        cause = explain(difference, seen)
        strongest = {driver.dimension: driver.value for driver in difference.drivers[:1]}
        early = Span(span.start, min(span.end, span.start + FIRST_EVENTS_WITHIN))
        cause.first_events.extend(
            await self._ledger.first_events(tenant, series | strongest, early, FIRST_EVENTS)
        )  # fmt: skip
        return cause

    async def _seen(
        self, tenant: str, series: Mapping[str, str], difference: Difference, before: Span
    ) -> frozenset[tuple[str, ...]]:
        if not difference.has_newcomers:
            return frozenset()
        dimensions = difference.cell_dimensions
        return difference.seen(await self._ledger.slices(tenant, series, dimensions, before, MOST_SLICES))
