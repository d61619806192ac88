"""Headers of published records: CloudEvents 1.0 in Kafka's binary mode, and W3C trace context.

Every record that tells of something that happened carries them. finops.budget-state.v1 does not: its records are state,
the last of each key replaces the others. A dead letter keeps the headers it came with.
"""

from __future__ import annotations

from functools import lru_cache

from services.common import tracing
from services.common.clock import Micros, format_rfc3339

Header = tuple[str, bytes]


def headers(
    event_type: str,
    source: str,
    event_id: str,
    time: Micros,
    *,
    subject: str = "",
    traceparent: bytes | None = None,
) -> list[Header]:
    """The headers of one record.

    Args:
        event_id: Same for the same thing that happened, unique within `source`.
        time: When it happened, rather than when it is written: a record written again has the same headers.
        subject: What it happened to, where one source tells of many.
        traceparent: Of the span it belongs to; empty: of none; None: the current span's.
    """
    found = [*_fixed(event_type, source), ("ce_id", event_id.encode()), ("ce_time", format_rfc3339(time).encode())]
    if subject:
        found.append(("ce_subject", subject.encode()))
    if traceparent is None:
        traceparent = tracing.traceparent().encode()
    if traceparent:
        found.append(("traceparent", traceparent))
    return found


@lru_cache(maxsize=1_024)
def _fixed(event_type: str, source: str) -> tuple[Header, ...]:
    """Built once for a type and source rather than once for a record: ingest and pricing write thousands a second."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
        ("content-type", b"application/protobuf"),
    )
