"""Pricing many events at once: what those of one kind have in common is looked up once for all of them.

A batch is thousands of requests of a few kinds: a model, a tier, a region. The quantities of a kind are turned into
columns, and a column is multiplied in one go. Whatever is out of the ordinary is priced one by one, so that each event
has the very price that `Pricer.price` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import attrgetter, mul

from finops.cost.v1.cost_pb2 import Rating
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.dimensions import BUCKETS
from services.common.money import MAX_INT64, Picos
from services.pricing.domain.forms import Form, Priced
from services.pricing.domain.plans import Plan
from services.pricing.domain.rating import IS_INPUT, REQUESTS, Pricer, UnpriceableError, read_quantities

_SEATS = BUCKETS.index("seats")
"""The price of a seat is that of its day, and perhaps of the event alone."""
_FEW = 4
"""Events of a kind for which columns do not pay."""

_Kind = tuple[str, str, str, bool, str]
_Key = tuple[str, str, str, bool, str, str, int, int, bool]
_key: Callable[[UsageEvent], _Key] = attrgetter(
    "provider", "model", "service_tier", "batch", "region", "tenant_id", "outcome", "measurement", "source_cost_billed"
)
_Columns = Sequence[Sequence[int]]
"""Of each of BUCKETS, the quantities of some events."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Events that use the same buckets at the same prices, and what each costs."""

    form: Form
    positions: Sequence[int]
    """In the batch."""
    costs: Sequence[Picos]
    quantities: Sequence[tuple[int, ...]]
    """Of each event, by line."""
    amounts: Sequence[tuple[Picos, ...]]
    """Of each event, by line."""


@dataclass(frozen=True, slots=True)
class PricedBatch:
    """Each event of a batch in one place: among those like it, or alone, or refused."""

    alike: list[Alike] = field(default_factory=list)
    alone: dict[int, Priced] = field(default_factory=dict)
    """By position."""
    refused: dict[int, UnpriceableError] = field(default_factory=dict)
    """By position."""

    def fill_in(self, ratings: Sequence[Rating]) -> None:
        """Writes the prices into empty ratings, one for each event of the batch; those refused stay empty."""
        for some in self.alike:
            each = zip(some.positions, some.costs, some.quantities, some.amounts, strict=True)
            for position, cost, quantities, amounts in each:
                some.form.fill_in(ratings[position], cost, quantities, amounts)
        for position, priced in self.alone.items():
            priced.fill_in(ratings[position])


def price_all(pricer: Pricer, events: Sequence[UsageEvent], tenant_id: str | None = None) -> PricedBatch:
    """What `Pricer.price` answers for each event, or what it raises.

    Args:
        pricer: whose prices count.
        events: in any order.
        tenant_id: whose contracts count; None: those of the tenant that each event names.
    """
    groups: dict[_Key, list[int]] = {}
    for position, key in enumerate(map(_key, events)):
        groups.setdefault(key, []).append(position)
    batch = PricedBatch()
    for key, positions in groups.items():
        kind, (tenant, *special) = key[:5], key[5:]
        owner = tenant if tenant_id is None else tenant_id
        rest = set(positions)
        if len(positions) >= _FEW and not any(special):
            for some in _of_a_kind(pricer, owner, kind, events, positions):
                batch.alike.append(some)
                rest.difference_update(some.positions)
        for position in sorted(rest):
            try:
                batch.alone[position] = pricer.price(events[position], owner)
            except UnpriceableError as error:
                batch.refused[position] = error
    return batch


def _of_a_kind(
    pricer: Pricer, tenant_id: str, kind: _Kind, events: Sequence[UsageEvent], positions: Sequence[int]
) -> Iterator[Alike]:
    """Those of a kind that are as usual."""
    times = [events[position].time_unix_micros for position in positions]
    plan = pricer.schedule(tenant_id, *kind).over(min(times), max(times))
    if plan is None:
        return
    rows = [read_quantities(events[position].quantities) for position in positions]
    columns: _Columns = list(zip(*rows, strict=True))
    if min(map(min, columns)) < 0 or any(columns[_SEATS]) or (plan.cliffs and max(columns[REQUESTS]) > 1):
        return
    for level, members in _by_level_and_buckets(plan, columns):
        some = columns if len(members) == len(rows) else list(zip(*[rows[member] for member in members], strict=True))
        used = tuple(bucket for bucket, column in zip(BUCKETS, some, strict=True) if column[0])
        form = plan.forms.get((level, used)) or pricer.form(plan, level, used, events[positions[members[0]]])
        found = _multiplied(form, [positions[member] for member in members], some)
        if found is not None:
            yield found


def _by_level_and_buckets(plan: Plan, columns: _Columns) -> Iterator[tuple[int, Sequence[int]]]:
    """The level of their prices, and the places of the events that have it and use the same buckets."""
    levels: Iterable[int] = repeat(0, len(columns[0]))
    if plan.cliffs:
        levels = map(plan.level, map(sum, zip(*compress(columns, IS_INPUT), strict=True)))
    differing = [map(bool, column) for column in columns if any(column) and not all(column)]
    groups: dict[tuple[int, ...], list[int]] = {}
    for member, trait in enumerate(zip(levels, *differing, strict=True)):
        groups.setdefault(trait, []).append(member)
    for (level, *_), members in groups.items():
        yield level, members


def _multiplied(form: Form, positions: Sequence[int], columns: _Columns) -> Alike | None:
    """What events of one form cost; None where that takes more than a multiplication a line."""
    lines = list(compress(columns, form.lines))
    if not lines or form.units is None or form.unpriced or form.prepaid:
        return None
    if form.listed is not None or form.contracted is not None:
        return None
    amounts = [map(mul, line, repeat(unit)) for line, unit in zip(lines, form.units, strict=True)]
    of_each = list(zip(*amounts, strict=True))
    costs = list(map(sum, of_each))
    return Alike(form, positions, costs, list(zip(*lines, strict=True)), of_each) if max(costs) <= MAX_INT64 else None
