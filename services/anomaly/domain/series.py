"""Series: what is watched, and how cost records are added up for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import add, attrgetter, sub
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, Measurement, Quantities, UsageEvent

from services.common.clock import HOUR, Micros
from services.common.dimensions import BOOKED_SOURCES, DIMENSIONS, TAG_PREFIX
from services.common.money import Picos

Hour = int
"""Whole hours since the epoch, UTC. Named by its start."""

TENANT = "tenant"
"""The dimension whose one series is everything a tenant spends."""


PAIR = "+"
"""Joins the names of two dimensions that are watched together."""
_BOTH = "\x1f"
"""Joins their values."""

MOST_KNOWN = 65_536
"""Series of a dimension that are remembered by value."""


class Series(NamedTuple):
    """One value of one dimension within a tenant, or of two: Series("team+model", ...)."""

    dimension: str
    value: str

    @property
    def labels(self) -> dict[str, str]:
        """Values by dimension."""
        return dict(zip(self.dimension.split(PAIR), self.value.split(_BOTH), strict=False))

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> Series:
        """The series of one dimension, or of several."""
        return cls(PAIR.join(labels), _BOTH.join(labels.values()))


class Totals(NamedTuple):
    """What a series did in an hour."""

    cost: Picos
    """With the shadow price of unpriced usage: a spike of a model that has no price yet is still a spike."""
    requests: int
    events: int
    """Fewer than requests where a source rolls them up."""
    input_tokens: int = 0
    """All of them, also those read from a cache or written to one."""
    cache_read_tokens: int = 0
    output_tokens: int = 0
    """With those of reasoning."""
    failed: int = 0
    """Of the requests."""

    @property
    def answered(self) -> int:
        """Requests that did not fail: what is paid for."""
        return max(0, self.requests - self.failed)

    def plus(self, other: Totals) -> Totals:
        return Totals._make(map(add, self, other))

    def minus(self, other: Totals) -> Totals:
        return Totals._make(map(sub, self, other))


NOTHING = Totals(0, 0, 0)


def hour_of(time: Micros) -> Hour:
    """The hour a moment lies in."""
    return time // HOUR


class Cell(NamedTuple):
    """Where a cost record counts: `values` of the watched dimensions, in their order."""

    tenant: str
    hour: Hour
    values: tuple[str, ...]


def is_seat_fee(quantities: Quantities) -> bool:
    """Seat fees are booked once a day for each seat, whatever people do: they have no hourly rhythm to watch."""
    return quantities.seats != 0 and quantities.requests == 0


def is_watched(usage: UsageEvent) -> bool:
    """Metered usage; reported figures reconcile it and are never added to it, and amounts that are booked by hand or at
    a period's end are no use at all."""
    return (
        usage.measurement != Measurement.MEASUREMENT_REPORTED
        and usage.source not in BOOKED_SOURCES
        and not is_seat_fee(usage.quantities)
    )


class Reader:
    """Adds up cost records by cell, and spreads cells over the series they belong to."""

    def __init__(self, dimensions: Sequence[str], sighted: Sequence[str] = ()) -> None:
        """
        Args:
            dimensions: what to watch besides the tenant as a whole; "team+model" watches both together.
            sighted: pairs of which only new ones are told; tags may be among them.

        Raises:
            ValueError: a name that is no dimension.
        """
        single = [part for name in dimensions for part in name.split(PAIR)]
        unknown = [name for name in single if name not in DIMENSIONS or name == TENANT]
        if unknown or not dimensions:
            allowed = ", ".join(name for name in DIMENSIONS if name != TENANT)
            raise ValueError(f"cannot watch {', '.join(unknown) or 'nothing'}: choose from {allowed}")
        self.dimensions = (TENANT, *dimensions)
        """Of the series, in order; the first is the tenant."""
        self.sighted = tuple(sighted)
        """Further series: see the argument."""
        parts = tuple(dict.fromkeys([*single, *(part for name in sighted for part in name.split(PAIR))]))
        fields = [name for name in parts if not name.startswith(TAG_PREFIX)]
        tags = [name for name in parts if name.startswith(TAG_PREFIX)]
        self._values = _values_of(fields, [name.removeprefix(TAG_PREFIX) for name in tags])
        places = {name: place for place, name in enumerate((TENANT, *fields, *tags))}
        series = (*self.dimensions, *self.sighted)
        self._places = [(name, tuple(places[part] for part in name.split(PAIR))) for name in series]
        self._known: dict[str, dict[str, Series]] = {name: {} for name in series}
        self._spread: Callable[[tuple[str, ...]], tuple[Series, ...]] = lru_cache(maxsize=65_536)(self._series_of)

    def cell(self, usage: UsageEvent) -> Cell:
        """Where this event counts."""
        return Cell(usage.tenant_id, usage.time_unix_micros // HOUR, self._values(usage))

    def tally(self, records: Iterable[CostRecord]) -> Mapping[Cell, Totals]:
        """Sums of the records' deltas by cell."""
        sums: dict[tuple[str, Hour, tuple[str, ...]], list[int]] = {}
        for record in records:
            usage, more = record.usage, record.quantity_delta
            key = (usage.tenant_id, usage.time_unix_micros // HOUR, self._values(usage))
            entry = sums.get(key)
            if entry is None:
                entry = sums[key] = [0, 0, 0, 0, 0, 0, 0]
            read = more.cache_read_tokens
            entry[0] += record.cost_delta_picos + record.shadow_cost_delta_picos
            entry[1] += more.requests
            entry[2] += record.events_delta
            entry[3] += more.input_tokens + read + more.cache_write_tokens + more.cache_write_1h_tokens
            entry[4] += read
            entry[5] += more.output_tokens + more.reasoning_tokens
            if usage.outcome == OUTCOME_FAILED:
                entry[6] += more.requests
        return {Cell(*key): Totals(*entry) for key, entry in sums.items()}

    def series(self, cell: Cell) -> tuple[Series, ...]:
        """The series a cell belongs to; an event without a team is in no team's series."""
        return self._spread(cell.values)

    def _series_of(self, values: tuple[str, ...]) -> tuple[Series, ...]:
        found = []
        for name, places in self._places:
            value = values[places[0]]
            if len(places) > 1:
                parts = [values[place] for place in places]
                value = _BOTH.join(parts) if all(parts) else ""
            if value:
                found.append(self._one(name, value))
        return tuple(found)

    def _one(self, name: str, value: str) -> Series:
        """Cells share the series they have in common: less memory, and less for the garbage collector to look at."""
        known = self._known[name]
        series = known.get(value)
        if series is None:
            if len(known) >= MOST_KNOWN:
                known.clear()
            series = known[value] = Series(name, value)
        return series


def _values_of(fields: Sequence[str], tags: Sequence[str]) -> Callable[[UsageEvent], tuple[str, ...]]:
    """Reads the tenant, these fields and these tags off an event."""
    read: Callable[[UsageEvent], tuple[str, ...]] = attrgetter("tenant_id", *fields)
    if not tags:
        return read

    def values(usage: UsageEvent) -> tuple[str, ...]:
        given = usage.tags
        return (*read(usage), *[given.get(tag, "") for tag in tags])

    return values


def totals_of(cost: Picos, requests: int, events: int, quantities: Quantities, failed: int = 0) -> Totals:
    """Totals of a sum the ledger made."""
    read = quantities.cache_read_tokens
    written = quantities.cache_write_tokens + quantities.cache_write_1h_tokens
    answered = quantities.output_tokens + quantities.reasoning_tokens
    return Totals(cost, requests, events, quantities.input_tokens + read + written, read, answered, failed)
