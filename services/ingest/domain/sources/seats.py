"""Seats as a roster has them: who holds which plan since when. Each becomes an event for every UTC day it was held.

For tools whose vendor has no API to poll. The day of assignment counts, the day of removal does not. A roster sent
again, or with overlapping days, changes only what has changed: a day is identified by tool, plan, user and date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common.clock import DAY, Micros, format_rfc3339
from services.ingest.domain import fields, seat, times
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected

NAME = "seats"

MAX_DAYS = 62
"""One seat may be spread over in one go."""
_TEXTS = ("provider", "tool", "team", "project", "environment")
_STATE = ("last_active_at", "pending_cancellation", "price_per_month")
FIELDS = ("user", "plan", *_TEXTS, "tags", "assigned_at", "removed_at", *_STATE, "from", "through")
"""What a seat may have, in the order messages list it."""


def decode(item: object, context: Context) -> UsageEvent | None:
    """The first of the seat's days; the others go to `context.also`. None where it was held on no day asked about.

    Raises:
        Rejected
    """
    first, *others = days_of(item, context) or (None,)
    context.also.extend(filter(None, others))
    return first


def days_of(value: object, context: Context) -> list[UsageEvent]:
    """The seat's days: from `from` or its assignment, whichever is later, through `through` or the day before its
    removal, whichever is earlier; `from` and `through` are today unless given.

    Raises:
        Rejected
    """
    item = fields.item(value, FIELDS)
    user = fields.required_text(item.get("user"), "user", "send who holds the seat, such as an e-mail address")
    plan = fields.required_text(item.get("plan"), "plan", 'send what is paid for, such as "chatgpt-business"')
    texts = {name: fields.text(item.get(name), name) for name in _TEXTS}
    tags = fields.tags(item.get("tags"), "tags")
    assigned = _moment(item["assigned_at"], "assigned_at") if item.get("assigned_at") is not None else 0
    state = {name: item[name] for name in _STATE if item.get(name) is not None}
    held = seat.read(state, "")
    held.assigned_unix_micros = max(0, assigned)
    holding = _name(texts["provider"], texts["tool"], plan, user)
    return [
        UsageEvent(
            tenant_id=context.tenant_id,
            source=NAME,
            source_event_id=f"{holding}:{format_rfc3339(day)[:10]}",
            time_unix_micros=day,
            user=user,
            model=plan,
            tags=tags,
            quantities=Quantities(seats=1),
            seat=held,
            **texts,  # type: ignore[arg-type]
        )
        for day in _days(item, assigned, context)
    ]


def _days(item: Mapping[str, Any], assigned: Micros, context: Context) -> Iterator[Micros]:
    """Midnights of the days the seat was held."""
    today = context.now - context.now % DAY
    first = today if item.get("from") is None else context.window.check(_moment(item["from"], "from"), "from")
    last = (
        today if item.get("through") is None else context.window.check(_moment(item["through"], "through"), "through")
    )
    first, last = max(first - first % DAY, assigned - assigned % DAY), last - last % DAY
    if item.get("removed_at") is not None:
        removed = _moment(item["removed_at"], "removed_at")
        if removed < assigned:
            raise Rejected(Reason.INCONSISTENT, "removed_at", "lies before assigned_at")
        last = min(last, removed - removed % DAY - DAY)
    if last - first >= MAX_DAYS * DAY:
        raise Rejected(Reason.OUT_OF_RANGE, "from", f"asks for more than {MAX_DAYS} days: send them in parts")
    yield from range(first, last + 1, DAY)


def _moment(value: object, field: str) -> Micros:
    """A time, or the beginning of a UTC day."""
    if type(value) is str and len(value) == len("2026-11-23"):
        value += "T00:00:00Z"
    return times.parse(value, field)


def _name(*parts: str) -> str:
    """BLAKE2b-128 of the parts, in hexadecimal digits."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
