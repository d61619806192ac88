"""Ingest's endpoints over HTTP in this process, with a log that keeps what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from finops.usage.v1.usage_pb2 import UsageEvent
from pydantic import SecretStr
from starlette.routing import Route

from services.common import auth
from services.common.auth import Role
from services.common.clickhouse import ClickHouse
from services.common.clock import Clock, ManualClock
from services.common.errors import UnavailableError
from services.common.http.server import application
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings
from services.ingest.adapters.http.routes import Endpoints, RequestLimits
from services.ingest.adapters.in_flight import InFlight
from services.ingest.domain.attribution import HeaderMap
from services.ingest.domain.cardinality import TagGuard
from services.ingest.domain.identity import Event
from services.ingest.domain.rate_limit import RateLimit
from services.ingest.handlers import Intake, TimeLimits
from tests.unit.ingest.building import NOW


@dataclass
class Kept:
    """A durable log in memory."""

    batches: list[list[Event]] = field(default_factory=list)
    away: bool = False

    async def append(self, events: Sequence[Event]) -> None:
        if self.away:
            raise UnavailableError("neither Kafka nor the journal takes events", retry_after_seconds=5)
        self.batches.append(list(events))

    @property
    def events(self) -> list[UsageEvent]:
        return [UsageEvent.FromString(event.value) for batch in self.batches for event in batch]


@dataclass
class Served:
    """The endpoints, a client with an admin key of tenant acme, and what was accepted."""

    client: httpx.AsyncClient
    kept: Kept
    service_key: str
    routes: Sequence[Route]


def serve(
    *,
    max_body_bytes: int = 100_000,
    max_items: int = 50,
    max_in_flight_bytes: int = 10**9,
    rate: RateLimit | None = None,
    header_map: HeaderMap | None = None,
    tag_guard: TagGuard | None = None,
    clock: Clock | None = None,
) -> Served:
    service_key, _ = auth.new_api_key("aifinops", Role.SERVICE, "service")
    admin_key, _ = auth.new_api_key("acme", Role.ADMIN, "admin")
    settings = AuthSettings(
        service_key=SecretStr(service_key), admin_key=SecretStr(admin_key), admin_tenant="acme", refresh_seconds=60
    )
    # The keys of the settings need no ClickHouse; this one is never asked.
    keyring = KeyRing(settings, ClickHouse(ClickHouseSettings(url="http://127.0.0.1:1")))
    kept = Kept()
    intake = Intake(kept, clock or ManualClock(NOW), TimeLimits(400, 300), rate, tag_guard)
    limits = RequestLimits(max_body_bytes, 2 * max_body_bytes, max_items)
    routes = Endpoints(intake, keyring, limits, InFlight(max_in_flight_bytes), header_map).routes()
    app = application(routes, None, dict)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://ingest",
        headers={"Authorization": f"Bearer {admin_key}"},
    )
    return Served(client, kept, service_key, routes)
