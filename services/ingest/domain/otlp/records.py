"""A log record, and what every event made of one has in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from services.common.clock import Micros
from services.ingest.domain import times
from services.ingest.domain.context import Context
from services.ingest.domain.otlp.attributes import Attributes, word
from services.ingest.domain.rejection import Rejected

NANOS_PER_MICRO = 1_000

TIMESTAMP = "event.timestamp"


class LogRecord(NamedTuple):
    """A log record; ids as bytes, times in nanoseconds since 1970, 0 where unknown."""

    name: str
    """Of the event."""
    time: int
    observed: int
    trace_id: bytes
    span_id: bytes
    attributes: Attributes
    resource: Attributes
    agent: str
    """The coding agent that sent it; "" for other programs."""


def time_of(record: LogRecord, context: Context) -> Micros:
    """When it happened: the record's own time, else the attribute event.timestamp, else when it was collected.

    Raises:
        Rejected: out of range.
    """
    if record.time:
        return context.window.check(record.time // NANOS_PER_MICRO, "timeUnixNano")
    stamp = record.attributes.get(TIMESTAMP)
    if stamp is not None:
        try:
            return context.window.check(times.parse(stamp, TIMESTAMP), TIMESTAMP)
        except Rejected:
            if not record.observed:
                raise
    return context.window.check(record.observed // NANOS_PER_MICRO, "observedTimeUnixNano")


def content_id(record: LogRecord, names: Iterable[str]) -> str:
    """An id for a record that carries none: a hash of its time and of these attributes, the same on every resend."""
    stamp = word(record.attributes, (TIMESTAMP,)) or str(record.time)
    parts = [stamp, *(f"{name}={record.attributes.get(name, '')}" for name in names)]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
