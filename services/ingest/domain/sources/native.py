"""Our own event: its buckets are disjoint already, so this decoder checks rather than converts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import (
    MEASUREMENT_REPORTED,
    OUTCOME_CACHE_HIT,
    OUTCOME_FAILED,
    UsageEvent,
)

from services.common.dimensions import TOKEN_BUCKETS
from services.ingest.domain import fields, seat
from services.ingest.domain.buckets import Buckets
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

_COSTS = ("source_cost", "billed_cost")

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
        "metrics",
        *_COSTS,
        *TEXT_FIELDS,
        *CONTENT_FIELDS,
    }
)
_USUAL_FIELDS = frozenset({"id", "time", "usage", "batch", "tags", *TEXT_FIELDS})
"""Most events have nothing more; others cost a few look-ups."""

OUTCOMES: Mapping[str, int] = {"answered": 0, "failed": OUTCOME_FAILED, "cache_hit": OUTCOME_CACHE_HIT}
MEASUREMENTS: Mapping[str, int] = {"metered": 0, "reported": MEASUREMENT_REPORTED}

_COUNTS = frozenset({*TOKEN_BUCKETS, "web_searches", "requests"})
USAGE_FIELDS = (*TOKEN_BUCKETS, "web_searches", "requests", "seats", "credits", "audio_seconds", "gpu_seconds")
"""What `usage` may hold, in the order messages list it."""


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
    found["source_event_id"] = source_id
    found["time_unix_micros"] = context.window.rfc3339(time, "time")
    if get("batch") is not None:
        found["batch"] = fields.boolean(item["batch"], "batch")
    counts = _quantities(get("usage")) if _USUAL_FIELDS.issuperset(item) else _read_others(item, found, context)
    if get("tags"):
        found["tags"] = fields.tags(item["tags"], "tags")
    event = UsageEvent(tenant_id=context.tenant_id, quantities=counts, **found)
    if get("metrics"):
        event.quantities.business_metrics.update(fields.metrics(item["metrics"], "metrics"))
    return event


def _read_others(item: Mapping[str, Any], found: dict[str, Any], context: Context) -> Buckets:
    """Adds the less usual fields to those found, and gives the quantities, whose rules depend on them."""
    get = item.get
    if get("estimated") is not None:
        found["estimated"] = fields.boolean(item["estimated"], "estimated")
    if get("outcome") is not None:
        found["outcome"] = fields.choice(item["outcome"], "outcome", OUTCOMES)
    if get("measurement") is not None:
        found["measurement"] = fields.choice(item["measurement"], "measurement", MEASUREMENTS)
    if get("seat") is not None:
        found["seat"] = seat.read(item["seat"], "seat")
    _read_cost(item, found)
    if not item.keys() <= KNOWN_FIELDS:
        context.dropped_fields += len(item.keys() - KNOWN_FIELDS)
    free, reported = bool(found.get("outcome")), found.get("measurement") == MEASUREMENT_REPORTED
    may_be_empty = free or found.get("source_cost_billed", False) or (reported and "source_cost_picos" in found)
    usage = get("usage")
    if get("metrics"):
        # An order may be told of without any use.
        may_be_empty, usage = True, {} if usage is None else usage
    return _quantities(usage, may_be_empty=may_be_empty, one_request=free, reported=reported)


def _read_cost(item: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Adds what the source believes it cost, or the vendor bills for it."""
    given = [name for name in _COSTS if item.get(name) is not None]
    if not given:
        return
    if len(given) > 1:
        raise Rejected(Reason.INCONSISTENT, "billed_cost", "stands beside source_cost: send one of them")
    field = given[0]
    cost = fields.dollars(item[field], field)
    if cost < 0 and found.get("measurement") != MEASUREMENT_REPORTED:
        raise Rejected(
            Reason.OUT_OF_RANGE,
            field,
            'is negative: only a provider\'s own report has credits, send "measurement": "reported"',
        )
    found["source_cost_picos"] = cost
    found["source_cost_billed"] = field == "billed_cost"


def _quantities(
    usage: object, *, may_be_empty: bool = False, one_request: bool = False, reported: bool = False
) -> Buckets:
    """The buckets. A metered event is one request unless it says otherwise; a row of a report is however many it says.

    Args:
        usage: as sent.
        may_be_empty: the event says something without quantities.
        one_request: it was a request even if nothing came of it.
        reported: it is a row of a provider's own report.

    Raises:
        Rejected
    """
    if usage is None:
        raise Rejected(
            Reason.MISSING,
            "usage",
            'is missing: send what was used, such as {"input_tokens": 900, "output_tokens": 50}',
        )
    if type(usage) is not dict:
        raise Rejected(Reason.WRONG_TYPE, "usage", f"must be an object, not {shown(usage)}")
    counts: Buckets = {}
    most = fields.MAX_REPORTED_COUNT if reported else fields.MAX_COUNT
    for name, value in usage.items():
        if name in _COUNTS:
            usual = type(value) is int and 0 <= value <= most
            counts[name] = value if usual else fields.count(value, f"usage.{name}", most)
        elif name == "seats":
            counts["seats"] = fields.count(value, "usage.seats", fields.MAX_SEATS)
        elif name == "credits":
            counts["credit_micros"] = fields.fixed_point(value, "usage.credits", 6)
        elif name == "audio_seconds":
            counts["audio_milliseconds"] = fields.fixed_point(value, "usage.audio_seconds", 3)
        elif name == "gpu_seconds":
            counts["gpu_milliseconds"] = fields.fixed_point(value, "usage.gpu_seconds", 3)
        else:
            raise Rejected(Reason.UNKNOWN_FIELD, f"usage.{name:.64}", f"is not known: use {', '.join(USAGE_FIELDS)}")
    if not counts and not may_be_empty:
        raise Rejected(Reason.MISSING, "usage", f"is empty: send at least one of {', '.join(USAGE_FIELDS)}")
    if "requests" not in counts and not reported and (one_request or any(counts.get(name) for name in _COUNTS)):
        counts["requests"] = 1
    return counts
