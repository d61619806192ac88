"""What the reconciliation is set to, and how its address tells that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from finops.ledger.v1.ledger_pb2 import BillCause, BillExplanation

from services.common.clock import DAY, Micros, format_rfc3339
from services.common.errors import InvalidArgumentError
from services.console.domain.bill import BillQuery, parse_bill_query
from services.console.domain.bill_words import CAUSES, name
from services.console.domain.enums import word
from services.console.domain.periods import Range, add_months, day_start, local_date, zone

RANGES = {
    "7d": "Last 7 whole days",
    "30d": "Last 30 whole days",
    "90d": "Last 90 whole days",
    "month": "This month",
    "last_month": "Last month",
    "custom": "Custom",
}
_DEFAULT_RANGE = "7d"
_UTC = zone("UTC")
"""Bills have whole UTC days."""
ALL, DIFFERING = "all", "differing"
SHOWN = {
    ALL: "Every line",
    DIFFERING: "Lines that differ",
    **{word(BillCause, cause): f"With {name(cause).lower()}" for cause in CAUSES},
}
"""Which lines are shown: a word of the address, and its name."""


@dataclass
class Choices:
    """Settings of the page; `start` and `end` are UTC days and count with the range `custom` only."""

    range: str = _DEFAULT_RANGE
    start: str = ""
    end: str = ""
    provider: str = ""
    shown: str = DIFFERING

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Choices:
        """The choices an address tells; what it does not say, or says wrong, is the default."""
        chosen, shown = parameters.get("range", ""), parameters.get("show", "")
        return cls(
            chosen if chosen in RANGES else _DEFAULT_RANGE,
            parameters.get("start", ""),
            parameters.get("end", ""),
            parameters.get("provider", ""),
            shown if shown in SHOWN else DIFFERING,
        )

    def query_string(self) -> str:
        """The choices as an address tells them."""
        custom = {"start": self.start, "end": self.end} if self.range == "custom" else {}
        said = {"range": self.range, **custom, "provider": self.provider, "show": self.shown}
        return urlencode({name: value for name, value in said.items() if value})

    def query(self, now: Micros) -> BillQuery:
        """The question to ask.

        Raises:
            InvalidArgumentError: a day that cannot be read, or no whole day in the range.
        """
        if self.range == "custom":
            start, end = self.start, self.end
        else:
            span = _days(self.range, now)
            start, end = (format_rfc3339(moment)[:10] for moment in (span.start, span.end))
            if span.start == span.end:
                raise InvalidArgumentError("No day of this month is over yet: choose another range.")
        return parse_bill_query([("start", start), ("end", end), ("provider", self.provider)], now)

    def passes(self, explanations: list[BillExplanation]) -> bool:
        """Whether a line with these explanations is to be shown."""
        if self.shown in (ALL, DIFFERING):
            return self.shown == ALL or bool(explanations)
        return any(word(BillCause, each.cause) == self.shown for each in explanations)


def _days(range_name: str, now: Micros) -> Range:
    """Whole UTC days; today is not over."""
    today = local_date(now, _UTC)
    midnight = day_start(today, _UTC)
    month = today.replace(day=1)
    match range_name:
        case "month":
            return Range(day_start(month, _UTC), midnight)
        case "last_month":
            return Range(day_start(add_months(month, -1), _UTC), day_start(month, _UTC))
        case _:
            return Range(midnight - int(range_name[:-1]) * DAY, midnight)
