"""The ledger's events as columns, made of their records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord

from services.common.dimensions import BUCKETS
from services.pricing.domain.booked_columns import BookedColumns, BookedKind
from services.pricing.domain.rating import FREE_OUTCOMES, read_quantities
from services.pricing.domain.revisions import Costs


def booked(records: Sequence[CostRecord]) -> BookedColumns:
    """As the ledger tells them."""
    kinds: dict[BookedKind, int] = {}
    kind = [kinds.setdefault(_kind(record), len(kinds)) for record in records]
    used = np.array([read_quantities(record.usage.quantities) for record in records], np.int64)
    costs = np.array([Costs.of(record.rating) for record in records], np.int64)
    return BookedColumns(
        list(kinds),
        np.array(kind, np.int64),
        b"".join(record.usage.event_key for record in records),
        np.array([record.usage.time_unix_micros for record in records], np.int64),
        dict(zip(BUCKETS, used.reshape(-1, len(BUCKETS)).T, strict=True)),
        list(costs.reshape(-1, len(Costs._fields)).T),
    )


def _kind(record: CostRecord) -> BookedKind:
    usage = record.usage
    return BookedKind(
        usage.tenant_id,
        (usage.provider, usage.model, usage.service_tier, usage.batch, usage.region),
        usage.outcome in FREE_OUTCOMES,
        frozenset(record.rating.unpriced_buckets),
        bool(usage.quantities.seats) or record.rating.price_id.endswith(" (billed)"),
    )
