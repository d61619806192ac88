"""Pricing many events at once: what those of one kind have in common is looked up once for all of them.

A batch is thousands of requests of a few kinds: a model, a tier, a region. The quantities of a kind are turned into
columns. Whatever is out of the ordinary is priced one by one, so that each event has the very price that
`Pricer.price` gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter

import numpy as np
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.dimensions import BUCKETS
from services.pricing.domain.columns import Alike, PricedColumns, price_columns
from services.pricing.domain.forms import Priced
from services.pricing.domain.rating import Kind, Pricer, UnpriceableError, read_quantities

_FEW = 16
"""Events of a kind for which columns do not pay."""

_Key = tuple[str, str, str, bool, str, str, int, int, bool]
_key: Callable[[UsageEvent], _Key] = attrgetter(
    "provider", "model", "service_tier", "batch", "region", "tenant_id", "outcome", "measurement", "source_cost_billed"
)


@dataclass(frozen=True, slots=True)
class PricedBatch:
    """Each event of a batch in one place: among those like it, or alone, or refused."""

    alike: list[Alike] = field(default_factory=list)
    """Rows are positions in the batch."""
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
        left = positions
        if len(positions) >= _FEW and not any(special):
            places = np.array(positions)
            found = _of_a_kind(pricer, owner, kind, [events[position] for position in positions])
            batch.alike.extend(replace(some, rows=places[some.rows]) for some in found.alike)
            left = places[found.left].tolist()
        for position in left:
            try:
                batch.alone[position] = pricer.price(events[position], owner)
            except UnpriceableError as error:
                batch.refused[position] = error
    return batch


def _of_a_kind(pricer: Pricer, tenant_id: str, kind: Kind, events: Sequence[UsageEvent]) -> PricedColumns:
    times = np.array([event.time_unix_micros for event in events])
    values = chain.from_iterable([read_quantities(event.quantities) for event in events])
    table = np.fromiter(values, np.int64, len(events) * len(BUCKETS)).reshape(-1, len(BUCKETS))
    columns = np.ascontiguousarray(table.T)
    return price_columns(pricer, tenant_id, kind, times, dict(zip(BUCKETS, columns, strict=True)))
