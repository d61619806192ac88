"""How an event stands in a segment file.

A file starts with MAGIC; then frames follow (see services.common.framing). A body is the event's key (16 bytes), its
content hash (16), the length of a traceparent (1), that traceparent, and the serialised event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from services.common.framing import frame, unframe
from services.ingest.domain.identity import HASH_BYTES, Event

MAGIC = b"AFINJNL1"

_FIXED = 2 * HASH_BYTES + 1


class Stored(NamedTuple):
    """An event as the journal keeps it."""

    event: Event
    traceparent: str


class Decoded(NamedTuple):
    """Frames found in a piece of a file."""

    frames: list[Stored]
    used: int
    """Bytes of whole, sound frames from the start of the piece."""
    damaged: bool
    """What follows is not merely cut off: a checksum or length is wrong."""


def encode(events: Iterable[Event], traceparent: str) -> bytes:
    """The frames of some events, one after the other."""
    trace = traceparent.encode("ascii", "ignore")[:255]
    trace = bytes([len(trace)]) + trace
    parts: list[bytes] = []
    for event in events:
        body = b"".join((event.key, event.content_hash, trace, event.value))
        parts.append(frame(body))
    return b"".join(parts)


def decode(piece: bytes) -> Decoded:
    """The whole frames at the start of a piece. An incomplete last one is left; a wrong one ends the reading."""
    found = unframe(piece, shortest=_FIXED)
    return Decoded([_stored(body) for body in found.bodies], found.used, found.damaged)


def _stored(body: bytes) -> Stored:
    value_at = _FIXED + body[_FIXED - 1]
    event = Event(body[:HASH_BYTES], body[HASH_BYTES : 2 * HASH_BYTES], body[value_at:])
    return Stored(event, body[_FIXED:value_at].decode("ascii", "replace"))
