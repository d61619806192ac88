"""Cost records for tests of the ledger."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from finops.cost.v1.cost_pb2 import CostLine, CostRecord, LogPosition, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import Measurement, Quantities, UsageEvent

from services.common.clock import Micros, parse_rfc3339
from services.common.dimensions import BUCKETS

NOON: Micros = parse_rfc3339("2026-03-10T12:00:00Z")
INCARNATION = "life-1"


def event_key(tenant: str, source_event_id: str) -> bytes:
    return hashlib.blake2b(f"{tenant}/{source_event_id}".encode(), digest_size=16).digest()


def cost_record(
    source_event_id: str = "req-1",
    *,
    usage_offset: int = 0,
    usage_partition: int = 0,
    usage_incarnation: str = INCARNATION,
    tenant: str = "acme",
    time: Micros = NOON,
    revision: int = 1,
    cost_picos: int = 1_000_000,
    cost_delta_picos: int | None = None,
    shadow_picos: int = 0,
    quantities: Quantities | None = None,
    delta: Quantities | None = None,
    unpriced_delta: int = 0,
    measurement: int = Measurement.MEASUREMENT_UNSPECIFIED,
    tags: dict[str, str] | None = None,
    **dimensions: str,
) -> CostRecord:
    """A record whose deltas are its totals unless told otherwise."""
    totals = quantities if quantities is not None else Quantities(input_tokens=1_000, output_tokens=200, requests=1)
    usage = UsageEvent(
        event_key=event_key(tenant, source_event_id),
        content_hash=hashlib.blake2b(f"{source_event_id}/{revision}".encode(), digest_size=16).digest(),
        tenant_id=tenant,
        source_event_id=source_event_id,
        time_unix_micros=time,
        received_unix_micros=time + 1_000_000,
        quantities=totals,
        measurement=measurement,
        tags=tags or {},
        **{"source": "checkout-api", "provider": "openai", "model": "gpt-4o", "team": "search"} | dimensions,
    )
    return CostRecord(
        usage=usage,
        revision=revision,
        events_delta=int(revision == 1),
        rating=Rating(
            cost_picos=cost_picos,
            shadow_cost_picos=shadow_picos,
            status=RatingStatus.RATING_STATUS_PARTIAL if shadow_picos else RatingStatus.RATING_STATUS_PRICED,
            lines=[CostLine(bucket="input_tokens", quantity=1_000, price_picos_per_million=10**9, cost_picos=10**6)],
            unpriced_buckets=["output_tokens"] if shadow_picos else [],
            price_id="openai/gpt-4o",
            price_book_version="2026-03-01",
        ),
        cost_delta_picos=cost_picos if cost_delta_picos is None else cost_delta_picos,
        shadow_cost_delta_picos=shadow_picos,
        quantity_delta=delta if delta is not None else totals,
        unpriced_events_delta=unpriced_delta,
        usage_position=LogPosition(incarnation=usage_incarnation, partition=usage_partition, offset=usage_offset),
    )


@dataclass(frozen=True)
class LogRecord:
    """A record of finops.costs.v1 as a consumer hands it over."""

    offset: int
    value: bytes | None
    partition: int = 0
    topic: str = "finops.costs.v1"
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = field(default=())


def add(left: Quantities, right: Quantities) -> Quantities:
    return Quantities(**{name: getattr(left, name) + getattr(right, name) for name in BUCKETS})
