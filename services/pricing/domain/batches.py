"""Pricing many events at once: what those of one kind have in common is looked up once for all of them.

A batch is thousands of requests of a few kinds: a model, a tier, a region. The quantities of a kind are turned into
columns, and a column is multiplied in one go. Whatever is out of the ordinary is priced one by one, so that each event
has the very price that `Pricer.price` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress
from operator import attrgetter

import numpy as np
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.dimensions import BUCKETS
from services.common.money import MAX_INT64
from services.pricing.domain.columns import Ints, amounts, priced_alike
from services.pricing.domain.forms import Form, Priced
from services.pricing.domain.rating import Pricer, UnpriceableError, read_quantities

_FEW = 16
"""Events of a kind for which columns do not pay."""
_BITS = 1 << np.arange(len(BUCKETS))

_Kind = tuple[str, str, str, bool, str]
_Key = tuple[str, str, str, bool, str, str, int, int, bool]
_key: Callable[[UsageEvent], _Key] = attrgetter(
    "provider", "model", "service_tier", "batch", "region", "tenant_id", "outcome", "measurement", "source_cost_billed"
)


@dataclass(frozen=True, slots=True)
class Alike:
    """Events that use the same buckets at the same prices, and what each costs."""

    form: Form
    positions: Sequence[int]
    """In the batch."""
    costs: Ints
    quantities: Ints
    """A row for each event, a column for each line."""
    amounts: Ints
    """A row for each event, a column for each line."""


@dataclass(frozen=True, slots=True)
class PricedBatch:
    """Each event of a batch in one place: among those like it, or alone, or refused."""

    alike: list[Alike] = field(default_factory=list)
    alone: dict[int, Priced] = field(default_factory=dict)
    """By position."""
    refused: dict[int, UnpriceableError] = field(default_factory=dict)
    """By position."""


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
    times = np.array([events[position].time_unix_micros for position in positions])
    values = chain.from_iterable([read_quantities(events[position].quantities) for position in positions])
    quantities = np.fromiter(values, np.int64, len(positions) * len(BUCKETS)).reshape(-1, len(BUCKETS))
    places = np.array(positions)
    for plan, level, rows in priced_alike(pricer.schedule(tenant_id, *kind), times, quantities):
        for members, used in _by_buckets(quantities, rows):
            form = plan.forms.get((level, used)) or pricer.form(plan, level, used, events[positions[members[0]]])
            found = _multiplied(form, places[members].tolist(), quantities[members])
            if found is not None:
                yield found


def _by_buckets(quantities: Ints, rows: Ints) -> Iterator[tuple[Ints, tuple[str, ...]]]:
    """Of these rows those that use the same buckets, and which."""
    uses = (quantities[rows] != 0) @ _BITS
    for use in np.unique(uses):
        yield rows[uses == use], tuple(compress(BUCKETS, (use & _BITS) != 0))


def _multiplied(form: Form, positions: Sequence[int], quantities: Ints) -> Alike | None:
    """What events of one form cost; None where that takes more than a multiplication a line."""
    lines = quantities[:, form.lines]
    if not form.prices or form.unpriced or form.prepaid or not (form.listed is form.contracted is None):
        return None
    each = [amounts(line, price) for line, price in zip(lines.T, form.prices, strict=True)]
    known = [amount for amount in each if amount is not None]
    if len(known) < len(each) or sum(int(amount.max()) for amount in known) > MAX_INT64:
        return None
    of_each = np.column_stack(known)
    return Alike(form, positions, of_each.sum(axis=1), lines, of_each)
