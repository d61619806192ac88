"""Rows of an answer, put together: two ranges side by side, and what a unit of something costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import Money
from finops.ledger.v1.ledger_pb2 import CostRow, MetricCost, UnitCosts

from services.common import money
from services.common.clock import Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.ledger.domain.calendar import Place, bucket_places, hour_places, hour_starts
from services.ledger.domain.query import CostQuery


class RowKey(NamedTuple):
    """Tells the rows of one range apart."""

    group: tuple[str, ...]
    time: Micros
    rest: bool


class Counts(NamedTuple):
    """How many there are, in each row that has any."""

    users: Mapping[RowKey, int]
    sessions: Mapping[RowKey, int] | None = None
    """None: nobody asked."""


def key_of(row: CostRow) -> RowKey:
    return RowKey(tuple(row.group), row.time_unix_micros, row.rest)


def price_units(rows: Iterable[CostRow], counts: Counts, metrics: Sequence[str] = ()) -> None:
    """Fills `units` of each row: its effective cost, divided by what it counts."""
    for row in rows:
        cost, key = money.from_proto(row.cost), key_of(row)
        tokens = sum(getattr(row.quantities, bucket) for bucket in TOKEN_BUCKETS)
        users = counts.users.get(key, 0)
        sessions = counts.sessions.get(key, 0) if counts.sessions is not None else 0
        row.units.CopyFrom(
            UnitCosts(
                per_request=_per(cost, row.quantities.requests),
                per_user=_per(cost, users),
                per_thousand_tokens=_per(1_000 * cost, tokens),
                per_session=_per(cost, sessions),
                users=users,
                tokens=tokens,
                sessions=sessions,
                metrics=[_of_metric(cost, name, row) for name in metrics],
            )
        )


def _of_metric(cost: money.Picos, name: str, row: CostRow) -> MetricCost:
    count = row.quantities.business_metrics.get(name, 0)
    return MetricCost(name=name, count=count, per_unit=_per(cost, count))


def _per(cost: money.Picos, units: int) -> Money | None:
    return money.to_proto(money.round_half_even(Fraction(cost, units))) if units > 0 else None


def side_by_side(query: CostQuery, rows: Sequence[CostRow], before: Sequence[CostRow]) -> list[CostRow]:
    """Every group and bucket that either range has, once, with both figures and the change.

    Args:
        query: has a comparison.
        rows: of the query's range; they are filled and returned.
        before: of the range compared with.
    """
    places, starts = _places(query), _starts(query)
    places_before, starts_before = _places(query.compared()), _starts(query.compared())
    of_place = {_matching(row, places_before): row for row in before}
    paired: list[CostRow] = []
    for row in rows:
        place = _matching(row, places)
        earlier = of_place.pop(place, None)
        row.compared.CopyFrom(earlier or _nothing(row, starts_before.get(place[1], 0)))
        paired.append(row)
    for place, earlier in of_place.items():
        row = _nothing(earlier, starts.get(place[1], 0))
        row.compared.CopyFrom(earlier)
        paired.append(row)
    for row in paired:
        change = money.from_proto(row.cost) - money.from_proto(row.compared.cost)
        row.cost_change.CopyFrom(money.to_proto(change))
    return sorted(paired, key=_order)


def _matching(row: CostRow, places: Mapping[Micros, Place]) -> tuple[tuple[str, ...], Place, bool]:
    return tuple(row.group), places[row.time_unix_micros], row.rest


def _places(query: CostQuery) -> dict[Micros, Place]:
    if query.by_hour:
        starts = hour_starts(query.range.start, query.range.end, query.hour_shifts)
        return hour_places(starts, query.time_zone)
    return bucket_places(query.buckets or (0,))


def _starts(query: CostQuery) -> dict[Place, Micros]:
    return {place: start for start, place in _places(query).items()}


def _nothing(like: CostRow, time: Micros) -> CostRow:
    zero = money.to_proto(0)
    return CostRow(
        group=like.group,
        time_unix_micros=time,
        cost=zero,
        shadow_cost=zero,
        list_cost=zero,
        contracted_cost=zero,
        billed_cost=zero,
        rest=like.rest,
        units=UnitCosts() if like.HasField("units") else None,
    )


def _order(row: CostRow) -> tuple[object, ...]:
    """As the ledger orders rows; buckets that only the other range has come last, in their own order."""
    absent = not row.time_unix_micros
    return (
        absent,
        row.time_unix_micros or row.compared.time_unix_micros,
        row.rest,
        -money.from_proto(row.cost),
        tuple(row.group),
    )
