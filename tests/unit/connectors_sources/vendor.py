"""A vendor's API on a local port, and what a connector reads from it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import SystemClock, parse_rfc3339
from services.connectors.adapters.source_api import HttpApi, Limits
from services.connectors.domain.connector import Connector, Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.domain.rate_limit import TokenBucket
from services.ingest.domain.context import Context
from services.ingest.domain.sources import native
from services.ingest.domain.times import TimeWindow
from tests.fakes.server import FakeServer, Handler
from tests.unit.ingest.building import over_the_wire


def serving(answer: Handler) -> FakeServer:
    """A vendor that answers whatever it is asked as told."""
    return FakeServer({"GET /{path:path}": answer, "POST /{path:path}": answer})


async def told(
    vendor: FakeServer, connector: Connector, asked: Window, **options: str
) -> tuple[list[Event], list[Unreadable]]:
    """What a connector reads of a window through the poller's own HTTP client: its events, and rows it cannot read."""
    events: list[Event] = []
    unreadable: list[Unreadable] = []
    bucket = TokenBucket(per_minute=1_000_000, burst=1_000_000)
    limits = Limits(patience_seconds=5, first_pause_seconds=0.001)
    async with HttpApi(vendor.url, connector.headers("s3cret"), bucket, SystemClock(), limits=limits) as api:
        async for page in connector.pages(api, asked, options):
            for row in page:
                if isinstance(row, Unreadable):
                    unreadable.append(row)
                else:
                    events.append(row)
    return events, unreadable


def accepted(event: Event) -> UsageEvent:
    """The event as ingest takes it; fails where ingest would not."""
    now = parse_rfc3339("2026-11-23T12:00:00Z")
    context = Context("acme", now, TimeWindow(0, 2 * now))
    decoded = native.decode(over_the_wire(event), context)
    assert context.dropped_fields == 0
    return decoded


def dollars(event: UsageEvent) -> Decimal:
    """What the source says it cost."""
    return Decimal(event.source_cost_picos).scaleb(-12)


def filled(event: Event) -> dict[str, Any]:
    """The event without its empty fields and zeros, which say nothing."""
    full: dict[str, Any] = {**event, "usage": {name: value for name, value in event["usage"].items() if value}}
    return {name: value for name, value in full.items() if value not in ("", False, {}) or name == "usage"}
