"""The native event, as `POST /v1/events` of ingest takes it (docs/sending-usage.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NotRequired, TypedDict

MAX_ID = 192
"""Characters of an id: what ingest takes, less room for the account in front."""


class SeatState(TypedDict, total=False):
    """A seat as its vendor reports it; times in RFC 3339. No `last_active_at`: the vendor does not know."""

    assigned_at: str
    last_active_at: str
    pending_cancellation: bool
    price_per_month: str


class Event(TypedDict):
    """One use, one day of a seat, or one row of a provider's own report. Absent and empty mean the same."""

    id: str
    """The source's own, and what tells the row apart: the same one at every reading of it."""
    time: str
    """RFC 3339. It does not change between readings."""
    source: str
    usage: Mapping[str, int | str]
    """Disjoint buckets; `credits` as a decimal string."""
    provider: NotRequired[str]
    model: NotRequired[str]
    tool: NotRequired[str]
    team: NotRequired[str]
    user: NotRequired[str]
    project: NotRequired[str]
    key: NotRequired[str]
    environment: NotRequired[str]
    session: NotRequired[str]
    service_tier: NotRequired[str]
    batch: NotRequired[bool]
    region: NotRequired[str]
    tags: NotRequired[Mapping[str, str]]
    seat: NotRequired[SeatState]
    metrics: NotRequired[Mapping[str, int]]
    """What the use stands for in the sender's business, by name."""
    measurement: NotRequired[str]
    """"reported" for a provider's own usage or cost report: it reconciles metered spend and is never added to it."""
    source_cost: NotRequired[str]
    """What the source itself believes it cost, or reports: dollars, a decimal string."""
    billed_cost: NotRequired[str]
    """Instead of `source_cost`: what the vendor bills for this very event, which makes it the cost."""


def rfc3339(moment: datetime) -> str:
    """2026-11-23T12:00:00Z"""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def row_id(*parts: object) -> str:
    """An id from what tells a row apart, such as its day, model and key: parts in order, joined by `:`.

    Empty parts keep their place, so that ("a", "", "b") and ("a", "b", "") differ; a colon inside is written %3A. The
    end of an id that is too long becomes a hash of the whole.
    """
    return bounded_id(
        ":".join(str("" if part is None else part).replace("%", "%25").replace(":", "%3A") for part in parts)
    )


def bounded_id(whole: str) -> str:
    """The id itself; the end of one that is too long becomes a hash of the whole."""
    if len(whole) <= MAX_ID:
        return whole
    digest = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{whole[: MAX_ID - len(digest) - 1]}:{digest}"


def dollars(amount: Decimal) -> str:
    """A `source_cost`: without exponent, rounded half to even to a picodollar, the finest that is kept."""
    with localcontext(prec=60):
        rounded = amount.quantize(Decimal("1e-12"), ROUND_HALF_EVEN).normalize()
        return format(rounded or Decimal(0), "f")


def dollars_of_cents(cents: Decimal) -> str:
    """A `source_cost` told in hundredths of a dollar."""
    with localcontext(prec=60):
        return dollars(cents.scaleb(-2))


def tags(**texts: str) -> dict[str, str]:
    """The tags that have something to say."""
    return {name: text for name, text in texts.items() if text}
