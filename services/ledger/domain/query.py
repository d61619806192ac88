"""What a cost query asks, checked, and the shortest table that can answer it exactly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from finops.ledger.v1.ledger_pb2 import ComparisonPeriod, Granularity, QueryCostsRequest

from services.common import filters
from services.common.clock import DAY, HOUR, Micros
from services.common.dimensions import DIMENSIONS, TAG_PREFIX, is_dimension
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.filters import Filter, FilterError
from services.ledger.domain.calendar import (
    HourShift,
    Unit,
    bucket_starts,
    hour_shifts,
    just_before,
    months_before,
    zone_names,
)
from services.ledger.domain.entry import LATEST_TIME

MAX_RANGE: Micros = 5 * 366 * DAY
MAX_GROUP_BY = 8
MAX_LIMIT = 10_000
MAX_METRICS = 8
MAX_METRIC_NAME = 64
LOG_PARTITION = "log_partition"

_UNITS: dict[int, Unit] = {
    Granularity.GRANULARITY_DAY: "day",
    Granularity.GRANULARITY_WEEK: "week",
    Granularity.GRANULARITY_MONTH: "month",
}


class ReadFrom(StrEnum):
    """Tables, from the shortest to the longest."""

    DAILY = "rollup_daily"
    HOURLY = "rollup_hourly"
    ENTRIES = "entries"


@dataclass(frozen=True)
class Range:
    """Half-open [start, end)."""

    start: Micros
    end: Micros


class Cursor(NamedTuple):
    """Where a page of entries ends."""

    time: Micros
    event_key: bytes
    revision: int


@dataclass(frozen=True)
class Scope:
    """A part of the cost log: of one incarnation, each partition through an offset; perhaps all other incarnations."""

    incarnation: str
    through: dict[int, int]
    others: bool


@dataclass(frozen=True)
class CostQuery:
    """A checked QueryCosts.

    `tenant_id` None: all tenants. Rows are cut at hours, or at `buckets` (their starts), or not at all.
    """

    tenant_id: str | None
    range: Range
    group_by: tuple[str, ...] = ()
    by_hour: bool = False
    unit: Unit | None = None
    time_zone: str = "UTC"
    filter: Filter = filters.EVERYTHING
    limit: int = 0
    with_rest: bool = False
    scope: Scope | None = None
    include_reported: bool = False
    as_of: Micros = 0
    comparison: Range | None = None
    ranked_in: Range | None = None
    """Where the groups within `limit` are those that cost most; None: in `range`."""
    unit_costs: bool = False
    sessions: bool = False
    metrics: tuple[str, ...] = ()
    """Business metrics to divide costs by."""
    activity: bool = False
    buckets: tuple[Micros, ...] = field(init=False)
    hour_shifts: tuple[HourShift, ...] = field(init=False)
    """Where `by_hour`."""

    def __post_init__(self) -> None:
        starts = bucket_starts(self.unit, self.range.start, self.range.end, self.time_zone) if self.unit else ()
        shifts = hour_shifts(self.range.start, self.range.end, self.time_zone) if self.by_hour else ()
        object.__setattr__(self, "buckets", tuple(starts))
        object.__setattr__(self, "hour_shifts", tuple(shifts))

    def compared(self) -> CostQuery:
        """The same question about the range compared with, and about the same groups."""
        assert self.comparison is not None
        return replace(self, range=self.comparison, ranked_in=self.range, comparison=None)


@dataclass
class _Checks:
    violations: list[FieldViolation] = field(default_factory=list)

    def expect(self, condition: bool, name: str, description: str) -> bool:
        if not condition:
            self.violations.append(FieldViolation(name, description))
        return condition

    def conclude(self) -> None:
        if self.violations:
            text = "; ".join(f"{v.field}: {v.description}" for v in self.violations)
            raise InvalidArgumentError(text, violations=self.violations)


def read_query(request: QueryCostsRequest, tenant_id: str | None) -> CostQuery:
    """The query a request stands for.

    Raises:
        InvalidArgumentError: with every field that is wrong.
    """
    checks = _Checks()
    span = _range(checks, request.start_unix_micros, request.end_unix_micros)
    _check_groups(checks, request)
    zone = request.time_zone or "UTC"
    checks.expect(zone in zone_names(), "time_zone", f"{zone!r} is no IANA zone; write for example Europe/Berlin")
    known = request.granularity in Granularity.values()
    checks.expect(known, "granularity", f"{request.granularity} is not one of {', '.join(Granularity.keys())}")
    checks.expect(0 <= request.limit <= MAX_LIMIT, "limit", f"0 (all groups) to {MAX_LIMIT}, not {request.limit}")
    checks.expect(not request.with_rest or request.limit > 0, "with_rest", "is what lies beyond limit: set that too")
    checks.expect(not request.sessions or request.unit_costs, "sessions", "is a part of unit_costs: set that too")
    _check_metrics(checks, request)
    checks.expect(request.as_of_unix_micros >= 0, "as_of_unix_micros", "before 1970")
    scope = _scope(checks, request)
    parsed = _filter(checks, request.filter)
    before = None if checks.violations else _comparison(checks, request, zone)
    checks.conclude()
    return CostQuery(
        tenant_id=tenant_id,
        range=span,
        group_by=tuple(request.group_by),
        by_hour=request.granularity == Granularity.GRANULARITY_HOUR,
        unit=_UNITS.get(request.granularity),
        time_zone=zone,
        filter=parsed,
        limit=request.limit,
        with_rest=request.with_rest,
        scope=scope,
        include_reported=request.include_reported,
        as_of=request.as_of_unix_micros,
        comparison=before,
        unit_costs=request.unit_costs,
        sessions=request.sessions,
        metrics=tuple(request.unit_metrics),
        activity=request.activity,
    )


def read_listing(start: Micros, end: Micros, filter_text: str, as_of: Micros = 0) -> tuple[Range, Filter]:
    """Range and filter of ListCostEntries. Raises InvalidArgumentError."""
    checks = _Checks()
    checks.expect(as_of >= 0, "as_of_unix_micros", "before 1970")
    span, parsed = _range(checks, start, end), _filter(checks, filter_text)
    checks.conclude()
    return span, parsed


def source_of(query: CostQuery) -> ReadFrom:
    """The shortest table whose rows lie wholly inside or outside the range and each bucket, and know what is asked."""
    asked = {*query.group_by, *filters.dimensions_of(query.filter)}
    if query.scope is not None or query.as_of or any(name.startswith(TAG_PREFIX) for name in asked):
        return ReadFrom.ENTRIES
    if query.comparison is not None:
        # Both ranges from one table: then the groups that cost most are the same ones.
        both = (source_of(replace(query, comparison=None)), source_of(query.compared()))
        return max(both, key=list(ReadFrom).index)
    cuts = (query.range.start, query.range.end, *(b for b in query.buckets if b > query.range.start))
    if query.ranked_in is not None:
        cuts += (query.ranked_in.start, query.ranked_in.end)
    if not query.by_hour and all(cut % DAY == 0 for cut in cuts):
        return ReadFrom.DAILY
    if all(cut % HOUR == 0 for cut in cuts) and not any(each.shift for each in query.hour_shifts):
        return ReadFrom.HOURLY
    return ReadFrom.ENTRIES


def _range(checks: _Checks, start: Micros, end: Micros, within: str = "") -> Range:
    name = f"{within}end_unix_micros"
    checks.expect(start >= 0, f"{within}start_unix_micros", "before 1970")
    if checks.expect(end > start, name, "not after start_unix_micros"):
        checks.expect(end <= LATEST_TIME, name, "after 2106; times are microseconds since the epoch")
        checks.expect(end - start <= MAX_RANGE, name, "more than five years after start: ask in parts")
    return Range(start, end)


def _comparison(checks: _Checks, request: QueryCostsRequest, zone: str) -> Range | None:
    if not request.HasField("comparison"):
        return None
    asked, span = request.comparison, (request.start_unix_micros, request.end_unix_micros)
    custom = asked.period == ComparisonPeriod.COMPARISON_PERIOD_CUSTOM
    if not custom:
        given = asked.start_unix_micros or asked.end_unix_micros
        checks.expect(not given, "comparison", "start and end are for COMPARISON_PERIOD_CUSTOM only")
    match asked.period:
        case ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS:
            found = Range(*just_before(*span, zone))
        case ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS_MONTH:
            found = Range(*months_before(*span, 1, zone))
        case ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS_YEAR:
            found = Range(*months_before(*span, 12, zone))
        case ComparisonPeriod.COMPARISON_PERIOD_CUSTOM:
            return _range(checks, asked.start_unix_micros, asked.end_unix_micros, "comparison.")
        case _:
            names = ", ".join(ComparisonPeriod.keys()[1:])
            checks.expect(False, "comparison.period", f"{asked.period} is not one of {names}")
            return None
    checks.expect(found.start >= 0, "comparison", "the range compared with lies before 1970")
    return found


def _check_groups(checks: _Checks, request: QueryCostsRequest) -> None:
    names = list(request.group_by)
    checks.expect(len(names) <= MAX_GROUP_BY, "group_by", f"{len(names)} dimensions, at most {MAX_GROUP_BY}")
    for index, name in enumerate(names):
        where = f"group_by[{index}]"
        if name == LOG_PARTITION:
            checks.expect(request.HasField("log_scope"), where, "log_partition needs log_scope")
        else:
            known = f"{', '.join(DIMENSIONS)} or tag:<name>"
            checks.expect(is_dimension(name), where, f"no dimension {name!r}: use {known}")
        checks.expect(name not in names[:index], where, f"{name!r} is there twice")


def _check_metrics(checks: _Checks, request: QueryCostsRequest) -> None:
    names = list(request.unit_metrics)
    checks.expect(not names or request.unit_costs, "unit_metrics", "is a part of unit_costs: set that too")
    checks.expect(len(names) <= MAX_METRICS, "unit_metrics", f"{len(names)} metrics, at most {MAX_METRICS}")
    for index, name in enumerate(names):
        where = f"unit_metrics[{index}]"
        checks.expect(0 < len(name) <= MAX_METRIC_NAME, where, f"has 1 to {MAX_METRIC_NAME} characters")
        checks.expect(name not in names[:index], where, f"{name!r} is there twice")


def _scope(checks: _Checks, request: QueryCostsRequest) -> Scope | None:
    if not request.HasField("log_scope"):
        return None
    scope = request.log_scope
    checks.expect(bool(scope.incarnation), "log_scope.incarnation", "is empty: name the life of the log that is meant")
    return Scope(scope.incarnation, dict(scope.through_offsets), scope.include_other_incarnations)


def _filter(checks: _Checks, text: str) -> Filter:
    try:
        return filters.parse(text)
    except FilterError as error:
        checks.expect(False, "filter", str(error))
        return filters.EVERYTHING
