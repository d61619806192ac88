"""Our own event: its buckets are disjoint already, so this decoder checks rather than converts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import (
    MEASUREMENT_REPORTED,
    OUTCOME_CACHE_HIT,
    OUTCOME_FAILED,
    Quantities,
    Seat,
    UsageEvent,
)

from services.common.dimensions import TOKEN_BUCKETS
from services.ingest.domain import fields, times
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object, shown

DEFAULT_SOURCE = "api"

TEXT_FIELDS = (
    "source", "provider", "model", "tool", "team", "user", "project", "key", "environment", "session", "service_tier",
    "region",
)  # fmt: skip

CONTENT_FIELDS = frozenset(
    {"messages", "prompt", "completion", "response", "input", "output", "choices", "content", "system", "instructions"}
)
"""Never read, never kept, never complained about."""

KNOWN_FIELDS = frozenset(
    {
        "id",
        "time",
        "usage",
        "tags",
        "batch",
        "seat",
        "outcome",
        "measurement",
        "estimated",
        *TEXT_FIELDS,
        *CONTENT_FIELDS,
    }
)

OUTCOMES: Mapping[str, int] = {"answered": 0, "failed": OUTCOME_FAILED, "cache_hit": OUTCOME_CACHE_HIT}
MEASUREMENTS: Mapping[str, int] = {"metered": 0, "reported": MEASUREMENT_REPORTED}

_COUNTS = frozenset({*TOKEN_BUCKETS, "web_searches", "requests"})
USAGE_FIELDS = (*TOKEN_BUCKETS, "web_searches", "requests", "seats", "credits")
"""What `usage` may hold, in the order messages list it."""
_SEAT_FIELDS = frozenset({"assigned_at", "last_active_at", "pending_cancellation"})


def decode(item: object, context: Context) -> UsageEvent:
    """The event a native object stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    get: Callable[[str], Any] = item.get
    found: dict[str, Any] = {}
    for name in TEXT_FIELDS:
        value = get(name)
        if value is not None:
            # The usual value passes here without a call.
            usual = type(value) is str and len(value) <= fields.MAX_TEXT and value.isprintable()
            found[name] = value if usual else fields.text(value, name)
    if not found.get("source"):
        found["source"] = DEFAULT_SOURCE
    source_id = fields.required_text(get("id"), "id", "send the source's own id, the same one on every resend")
    time = get("time")
    if time is None:
        raise Rejected(Reason.MISSING, "time", 'is missing: send when the use happened, such as "2026-11-23T12:00:00Z"')
    event = UsageEvent(
        tenant_id=context.tenant_id,
        source_event_id=source_id,
        time_unix_micros=context.window.rfc3339(time, "time"),
        **found,
    )
    outcome = get("outcome")
    if outcome is not None:
        event.outcome = fields.choice(outcome, "outcome", OUTCOMES)  # type: ignore[assignment]
    event.quantities.CopyFrom(_quantities(get("usage"), made_request=event.outcome != 0))
    _read_rare(item, event)
    if not item.keys() <= KNOWN_FIELDS:
        context.dropped_fields += len(item.keys() - KNOWN_FIELDS)
    return event


def _read_rare(item: Mapping[str, Any], event: UsageEvent) -> None:
    tags = item.get("tags")
    if tags:
        event.tags.update(fields.tags(tags, "tags"))
    if item.get("batch") is not None:
        event.batch = fields.boolean(item["batch"], "batch")
    if item.get("estimated") is not None:
        event.estimated = fields.boolean(item["estimated"], "estimated")
    if item.get("measurement") is not None:
        event.measurement = fields.choice(item["measurement"], "measurement", MEASUREMENTS)  # type: ignore[assignment]
    if item.get("seat") is not None:
        event.seat.CopyFrom(_seat(item["seat"]))


def _quantities(usage: object, *, made_request: bool) -> Quantities:
    if usage is None:
        raise Rejected(
            Reason.MISSING,
            "usage",
            'is missing: send what was used, such as {"input_tokens": 900, "output_tokens": 50}',
        )
    if type(usage) is not dict:
        raise Rejected(Reason.WRONG_TYPE, "usage", f"must be an object, not {shown(usage)}")
    counts: dict[str, int] = {}
    for name, value in usage.items():
        if name in _COUNTS:
            usual = type(value) is int and 0 <= value <= fields.MAX_COUNT
            counts[name] = value if usual else fields.count(value, f"usage.{name}")
        elif name == "seats":
            counts["seats"] = fields.count(value, "usage.seats", fields.MAX_SEATS)
        elif name == "credits":
            counts["credit_micros"] = fields.credit_micros(value, "usage.credits")
        else:
            raise Rejected(Reason.UNKNOWN_FIELD, f"usage.{name:.64}", f"is not known: use {', '.join(USAGE_FIELDS)}")
    if not counts and not made_request:
        raise Rejected(Reason.MISSING, "usage", f"is empty: send at least one of {', '.join(USAGE_FIELDS)}")
    if "requests" not in counts and (made_request or any(counts.get(name) for name in _COUNTS)):
        counts["requests"] = 1
    return Quantities(**counts)


def _seat(value: object) -> Seat:
    seat = fields.mapping(value, "seat")
    unknown = seat.keys() - _SEAT_FIELDS
    if unknown:
        raise Rejected(
            Reason.UNKNOWN_FIELD, f"seat.{min(unknown):.64}", f"is not known: use {', '.join(sorted(_SEAT_FIELDS))}"
        )
    assigned, last_active = (
        0 if seat.get(name) is None else max(0, times.parse(seat[name], f"seat.{name}"))
        for name in ("assigned_at", "last_active_at")
    )
    return Seat(
        assigned_unix_micros=assigned,
        last_active_unix_micros=last_active,
        pending_cancellation=fields.boolean(seat.get("pending_cancellation"), "seat.pending_cancellation"),
    )
