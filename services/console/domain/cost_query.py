"""A question about costs, from the text parameters of a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from finops.ledger.v1.ledger_pb2 import (
    Comparison,
    ComparisonPeriod,
    Granularity,
    ListCostEntriesRequest,
    QueryCostsRequest,
)

from services.common import filters
from services.common.clock import DAY, HOUR, Micros, parse_rfc3339, to_micros
from services.common.dimensions import DIMENSIONS, TAG_PREFIX, is_dimension
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from services.console.domain.periods import Range, day_start, days_back, hour_end, zone

GRANULARITIES: dict[str, Granularity] = {
    "total": Granularity.GRANULARITY_TOTAL,
    "hour": Granularity.GRANULARITY_HOUR,
    "day": Granularity.GRANULARITY_DAY,
    "week": Granularity.GRANULARITY_WEEK,
    "month": Granularity.GRANULARITY_MONTH,
}

COMPARISONS: dict[str, ComparisonPeriod] = {
    "previous": ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS,
    "previous_month": ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS_MONTH,
    "previous_year": ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS_YEAR,
}

DEFAULT_DAYS = 30
MAX_GROUPS = 4
MAX_METRICS = 8
MAX_LIMIT = 10_000
MAX_BUCKETS = 10_000
EARLIEST = to_micros(datetime(2000, 1, 1, tzinfo=UTC))
LATEST = to_micros(datetime(2200, 1, 1, tzinfo=UTC))
_BUCKET: dict[str, Micros] = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 28 * DAY}

Parameters = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class CostQuery:
    """What is asked. `granularity` is one of GRANULARITIES; `limit` 0 asks for every group; `as_of` 0 is now.

    `compare` is one of COMPARISONS, or a range, or nothing.
    """

    period: Range
    group_by: tuple[str, ...] = ()
    granularity: str = "total"
    time_zone: str = "UTC"
    filter: str = ""
    limit: int = 0
    with_rest: bool = False
    as_of: Micros = 0
    compare: str | Range = ""
    unit_costs: bool = False
    sessions: bool = False
    unit_metrics: tuple[str, ...] = ()

    def request(self) -> QueryCostsRequest:
        return QueryCostsRequest(
            start_unix_micros=self.period.start,
            end_unix_micros=self.period.end,
            group_by=self.group_by,
            granularity=GRANULARITIES[self.granularity],
            time_zone=self.time_zone,
            filter=self.filter,
            limit=self.limit,
            with_rest=self.with_rest,
            as_of_unix_micros=self.as_of,
            comparison=self._comparison(),
            unit_costs=self.unit_costs,
            sessions=self.sessions,
            unit_metrics=self.unit_metrics,
        )

    def _comparison(self) -> Comparison | None:
        if isinstance(self.compare, Range):
            return Comparison(
                period=ComparisonPeriod.COMPARISON_PERIOD_CUSTOM,
                start_unix_micros=self.compare.start,
                end_unix_micros=self.compare.end,
            )
        return Comparison(period=COMPARISONS[self.compare]) if self.compare else None


@dataclass(frozen=True)
class EntriesQuery:
    """Which cost entries, and which page of them."""

    period: Range
    filter: str = ""
    page_size: int = 0
    page_token: str = ""
    as_of: Micros = 0

    def request(self) -> ListCostEntriesRequest:
        return ListCostEntriesRequest(
            start_unix_micros=self.period.start,
            end_unix_micros=self.period.end,
            filter=self.filter,
            page_size=self.page_size,
            page_token=self.page_token,
            as_of_unix_micros=self.as_of,
        )


def parse_cost_query(parameters: Parameters, now: Micros, default_zone: str = "UTC") -> CostQuery:
    """The query the parameters of `GET /costs` stand for.

    Raises:
        InvalidArgumentError: with one violation for each parameter that is wrong.
    """
    reading = _Reading(parameters)
    tz = reading.time_zone(default_zone)
    period = reading.period(now, tz)
    granularity = reading.one_of("granularity", GRANULARITIES, "total")
    if granularity in _BUCKET and period.length > MAX_BUCKETS * _BUCKET[granularity]:
        reading.wrong(
            "granularity", f"more than {MAX_BUCKETS:,} {granularity}s between start and end: use a coarser one"
        )
    limit = reading.number("limit", 0, 0, MAX_LIMIT)
    query = CostQuery(
        period,
        reading.groups(),
        granularity,
        tz.key,
        reading.filter(),
        limit,
        reading.yes_or_no("with_rest"),
        reading.moment("as_of", tz) or 0,
        reading.comparison(tz),
        reading.yes_or_no("unit_costs"),
        reading.yes_or_no("sessions"),
        reading.names("unit_metrics"),
    )
    if query.with_rest and not limit:
        reading.wrong("with_rest", "is what lies beyond limit: set that too")
    if query.sessions and not query.unit_costs:
        reading.wrong("sessions", "is a part of unit_costs: set that too")
    if query.unit_metrics and not query.unit_costs:
        reading.wrong("unit_metrics", "is a part of unit_costs: set that too")
    if len(query.unit_metrics) > MAX_METRICS:
        reading.wrong("unit_metrics", f"at most {MAX_METRICS} metrics")
    reading.finish()
    return query


def parse_entries_query(parameters: Parameters, now: Micros, default_zone: str = "UTC") -> EntriesQuery:
    """The query the parameters of `GET /entries` stand for. Raises as `parse_cost_query` does."""
    reading = _Reading(parameters)
    tz = reading.time_zone(default_zone)
    period = reading.period(now, tz)
    size = reading.number("page_size", DEFAULT_PAGE_SIZE, 1, MAX_PAGE_SIZE)
    as_of = reading.moment("as_of", tz) or 0
    query = EntriesQuery(period, reading.filter(), size, reading.text("page_token"), as_of)
    reading.finish()
    return query


def all_of(*conditions: str) -> str:
    """The filter that asks for every one of these; empty ones ask for nothing."""
    asked = [condition for condition in conditions if condition.strip()]
    return asked[0] if len(asked) == 1 else " AND ".join(f"({condition})" for condition in asked)


def equals(dimension: str, value: str) -> str:
    """The filter for one value of one dimension; a value that ends in `*` is a prefix."""
    return f"{dimension} = {filters.literal(value)}"


@dataclass
class _Reading:
    """Takes parameters one by one and gathers what is wrong with them."""

    parameters: Parameters
    violations: list[FieldViolation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left: dict[str, list[str]] = {}
        for name, value in self.parameters:
            self._left.setdefault(name, []).append(value)

    def wrong(self, name: str, description: str) -> None:
        self.violations.append(FieldViolation(name, description))

    def text(self, name: str) -> str:
        values = self._left.pop(name, [""])
        if len(values) > 1:
            self.wrong(name, "given more than once")
        return values[0].strip()

    def one_of(self, name: str, choices: Iterable[str], default: str) -> str:
        value = self.text(name) or default
        if value not in choices:
            self.wrong(name, f"{value!r} is not one of {', '.join(choices)}")
            return default
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
            self.wrong(name, f"{text!r} is not a whole number from {low:,} to {high:,}")
            return default
        return int(text)

    def yes_or_no(self, name: str) -> bool:
        return self.one_of(name, ("true", "false"), "false") == "true"

    def comparison(self, tz: ZoneInfo) -> str | Range:
        """The `compare` parameter: one of COMPARISONS, or a range written start/end."""
        text = self.text("compare")
        if not text or text in COMPARISONS:
            return text
        first, slash, last = text.partition("/")
        if not slash:
            self.wrong("compare", f"{text!r} is not one of {', '.join(COMPARISONS)} or a range 2026-10-01/2026-11-01")
            return ""
        start, end = self._read_moment("compare", first, tz), self._read_moment("compare", last, tz)
        if start is None or end is None:
            return ""
        if start >= end:
            self.wrong("compare", "its start must lie before its end")
        return Range(start, end)

    def time_zone(self, default: str) -> ZoneInfo:
        try:
            return zone(self.text("timezone") or default)
        except ValueError as error:
            self.wrong("timezone", str(error))
            return zone("UTC")

    def period(self, now: Micros, tz: ZoneInfo) -> Range:
        end = self.moment("end", tz)
        start = self.moment("start", tz)
        if start is None:
            start = days_back(DEFAULT_DAYS, now if end is None else end - 1, tz)
        if end is None:
            end = hour_end(now)
        if start >= end and not self.violations:
            self.wrong("start", "must lie before end")
        return Range(start, end)

    def names(self, name: str, what: str = "a metric") -> tuple[str, ...]:
        """Names behind commas, or in several parameters."""
        found = tuple(part.strip() for text in self._left.pop(name, []) for part in text.split(",") if part.strip())
        if len(set(found)) != len(found):
            self.wrong(name, f"names {what} twice")
        return found

    def groups(self) -> tuple[str, ...]:
        names = self.names("group_by", "a dimension")
        for name in names:
            if not is_dimension(name):
                self.wrong("group_by", f"no dimension {name!r}: use {', '.join(DIMENSIONS)} or tag:<name>")
        if len(names) > MAX_GROUPS:
            self.wrong("group_by", f"at most {MAX_GROUPS} dimensions")
        return names

    def filter(self) -> str:
        """The `filter` parameter and every `<dimension>=value`; values of one dimension are alternatives."""
        conditions = [self.text("filter")]
        self._check_filter("filter", conditions[0])
        for name in [name for name in self._left if is_dimension(name)]:
            condition = " OR ".join(equals(name, value) for value in self._left.pop(name))
            self._check_filter(name, condition)
            conditions.append(condition)
        return all_of(*conditions)

    def finish(self) -> None:
        for name in self._left:
            self.wrong(name, f"no such parameter; filter by {', '.join(DIMENSIONS)} or {TAG_PREFIX}<name>")
        if self.violations:
            told = "; ".join(f"{v.field}: {v.description}" for v in self.violations)
            raise InvalidArgumentError(told, violations=self.violations)

    def _check_filter(self, name: str, text: str) -> None:
        try:
            filters.parse(text)
        except filters.FilterError as error:
            self.wrong(name, str(error))

    def moment(self, name: str, tz: ZoneInfo) -> Micros | None:
        text = self.text(name)
        return self._read_moment(name, text, tz) if text else None

    def _read_moment(self, name: str, text: str, tz: ZoneInfo) -> Micros | None:
        try:
            # In an address `+` stands for a space; an offset such as +01:00 arrives with one.
            moment = (
                day_start(date.fromisoformat(text), tz) if len(text) == 10 else parse_rfc3339(text.replace(" ", "+"))
            )
            if not EARLIEST <= moment <= LATEST:
                self.wrong(name, "must lie between the years 2000 and 2200")
                return None
            return moment
        except (ValueError, OverflowError):
            self.wrong(name, f"{text!r} is neither a date (2026-11-23) nor a time (2026-11-23T12:00:00Z)")
            return None
