"""A seat as a sender describes it."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import Seat

from services.common.money import PICOS_PER_DOLLAR
from services.ingest.domain import fields, times
from services.ingest.domain.rejection import Reason, Rejected

FIELDS = ("assigned_at", "last_active_at", "pending_cancellation", "price_per_month")
"""In the order messages list them."""
MAX_PRICE = 100_000
"""Dollars a month: what pricing takes for a seat at most."""


def read(value: object, field: str) -> Seat:
    """Times in RFC 3339, the price as a decimal string of dollars a month.

    Args:
        value: a JSON object.
        field: its path; empty: it is the item itself.

    Raises:
        Rejected
    """
    seat = fields.mapping(value, field)
    fields.refuse_unknown(seat, field, FIELDS)
    path = f"{field}." if field else ""
    assigned, last_active = (
        0 if seat.get(name) is None else max(0, times.parse(seat[name], f"{path}{name}"))
        for name in ("assigned_at", "last_active_at")
    )
    return Seat(
        assigned_unix_micros=assigned,
        last_active_unix_micros=last_active,
        pending_cancellation=fields.boolean(seat.get("pending_cancellation"), f"{path}pending_cancellation"),
        price_picos_per_month=_price(seat.get("price_per_month"), f"{path}price_per_month"),
    )


def _price(value: object, field: str) -> int | None:
    if value is None:
        return None
    picos = fields.dollars(value, field)
    if not 0 <= picos <= MAX_PRICE * PICOS_PER_DOLLAR:
        raise Rejected(Reason.OUT_OF_RANGE, field, f"is {value}: must lie between 0 and {MAX_PRICE:,} dollars a month")
    return picos
