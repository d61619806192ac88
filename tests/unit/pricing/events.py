"""Events as tests write them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common.clock import Micros, to_micros

NOON = to_micros(datetime(2026, 11, 23, 12, tzinfo=UTC))


def at(*moment: int) -> Micros:
    """Microseconds of a UTC moment: at(2026, 11, 23, 12)."""
    return to_micros(datetime(*moment, tzinfo=UTC))  # type: ignore[arg-type,misc]


def usage(provider: str, model: str, *, time: Micros = NOON, **fields: Any) -> UsageEvent:
    """An event of tenant acme; quantities by their names, other fields by theirs."""
    buckets = {name: fields.pop(name) for name in list(fields) if name in Quantities.DESCRIPTOR.fields_by_name}
    return UsageEvent(
        tenant_id="acme",
        provider=provider,
        model=model,
        time_unix_micros=time,
        quantities=Quantities(**buckets),
        **fields,
    )


def recorded(identity: str, *, content: str = "", **fields: Any) -> UsageEvent:
    """An event with key and content hash, as ingest writes it. `content` tells revisions apart."""
    event = usage(fields.pop("provider", "openai"), fields.pop("model", "gpt-4o"), **fields)
    event.event_key = hashlib.blake2b(identity.encode(), digest_size=16).digest()
    event.content_hash = hashlib.blake2b(f"{identity}/{content}".encode(), digest_size=16).digest()
    event.source_event_id = identity
    return event
