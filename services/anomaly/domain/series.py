"""Series: what is watched, and how cost records are added up for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import Measurement, Quantities, UsageEvent

from services.common.clock import HOUR, Micros
from services.common.dimensions import BOOKED_SOURCES, DIMENSIONS
from services.common.money import Picos

Hour = int
"""Whole hours since the epoch, UTC. Named by its start."""

TENANT = "tenant"
"""The dimension whose one series is everything a tenant spends."""


class Series(NamedTuple):
    """One value of one dimension within a tenant."""

    dimension: str
    value: str


class Totals(NamedTuple):
    """What a series did in an hour."""

    cost: Picos
    """With the shadow price of unpriced usage: a spike of a model that has no price yet is still a spike."""
    requests: int
    events: int
    """Fewer than requests where a source rolls them up."""

    def plus(self, other: Totals) -> Totals:
        return Totals(self.cost + other.cost, self.requests + other.requests, self.events + other.events)


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

    def __init__(self, dimensions: Sequence[str]) -> None:
        """
        Args:
            dimensions: what to watch besides the tenant as a whole.

        Raises:
            ValueError: a name that is no dimension.
        """
        unknown = [name for name in dimensions if name not in DIMENSIONS or name == TENANT]
        if unknown or not dimensions:
            allowed = ", ".join(name for name in DIMENSIONS if name != TENANT)
            raise ValueError(f"cannot watch {', '.join(unknown) or 'nothing'}: choose from {allowed}")
        self.dimensions = (TENANT, *dimensions)
        self._values: Callable[[UsageEvent], tuple[str, ...]] = attrgetter("tenant_id", *dimensions)

    def cell(self, usage: UsageEvent) -> Cell:
        """Where this event counts."""
        return Cell(usage.tenant_id, usage.time_unix_micros // HOUR, self._values(usage))

    def tally(self, records: Iterable[CostRecord]) -> Mapping[Cell, Totals]:
        """Sums of the records' deltas by cell."""
        sums: dict[Cell, list[int]] = {}
        for record in records:
            cell = self.cell(record.usage)
            entry = sums.get(cell)
            if entry is None:
                entry = sums[cell] = [0, 0, 0]
            entry[0] += record.cost_delta_picos + record.shadow_cost_delta_picos
            entry[1] += record.quantity_delta.requests
            entry[2] += record.events_delta
        return {cell: Totals(*entry) for cell, entry in sums.items()}

    def series(self, cell: Cell) -> list[Series]:
        """The series a cell belongs to; an event without a team is in no team's series."""
        return [Series(name, value) for name, value in zip(self.dimensions, cell.values, strict=True) if value]
