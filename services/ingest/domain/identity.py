"""Who an event is, and whether two of the same name say the same."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Micros
from services.common.event_key import event_key

HASH_BYTES = 16


class Event(NamedTuple):
    """An accepted event, ready to be written."""

    key: bytes
    """BLAKE2b-128 of (tenant, source, id)."""
    content_hash: bytes
    """BLAKE2b-128 of what it says."""
    value: bytes
    """Serialised UsageEvent."""


def seal(event: UsageEvent, received: Micros) -> Event:
    """Gives an event its key, its content hash and its time of arrival.

    The hash leaves out the arrival, and the event's time too where ingest inferred it from the arrival: a resend must
    hash the same. The content is serialised once; what identifies it goes in front, since concatenated messages are one
    message (Protocol Buffers encoding guide).
    """
    key = event_key(event.tenant_id, event.source, event.source_event_id)
    head = UsageEvent(event_key=key, received_unix_micros=received)
    if event.time_inferred:
        head.time_unix_micros = event.time_unix_micros
        event.ClearField("time_unix_micros")
    content = event.SerializeToString(deterministic=True)
    head.content_hash = hashlib.blake2b(content, digest_size=HASH_BYTES).digest()
    return Event(key, head.content_hash, head.SerializeToString() + content)
