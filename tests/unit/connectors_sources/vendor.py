"""A vendor's API on a local port, and what a connector reads from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import SystemClock, parse_rfc3339
from services.connectors.adapters.source_api import HttpApi, Limits
from services.connectors.domain.connector import Connector, Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.domain.rate_limit import TokenBucket
from services.ingest.domain.context import Context
from services.ingest.domain.sources import native
from services.ingest.domain.times import TimeWindow
from tests.unit.ingest.building import over_the_wire

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "connectors"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass
class Vendor:
    """Where it listens, and what it was asked."""

    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serving(answer: Callable[[Request], Reply]) -> Iterator[Vendor]:
    """A vendor that answers as told."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(sent) if sent else None
            request = Request(self.command, parts.path, parse_qs(parts.query), body, headers)
            vendor.requests.append(request)
            reply = answer(request)
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendor = Vendor(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def golden(name: str) -> Any:
    """A recorded page."""
    return json.loads((GOLDEN / name).read_text())


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(day(start), day(end))


async def told(
    vendor: Vendor, connector: Connector, asked: Window, **options: str
) -> tuple[list[Event], list[Unreadable]]:
    """What a connector reads of a window through the poller's own HTTP client: its events, and rows it cannot read."""
    events: list[Event] = []
    unreadable: list[Unreadable] = []
    bucket = TokenBucket(per_minute=1_000_000, burst=1_000_000)
    limits = Limits(patience_seconds=0)
    async with HttpApi(vendor.url, connector.headers("s3cret"), bucket, SystemClock(), limits=limits) as api:
        async for page in connector.pages(api, asked, options):
            for row in page:
                (unreadable if isinstance(row, Unreadable) else events).append(row)  # type: ignore[arg-type]
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
