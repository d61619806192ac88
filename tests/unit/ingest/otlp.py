"""OTLP endpoints in this process, over HTTP and gRPC, with a log that keeps what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from google.protobuf import json_format
from pydantic import SecretStr

from services.common import auth
from services.common.auth import Role
from services.common.clickhouse import ClickHouse
from services.common.clock import ManualClock
from services.common.http.server import application
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings
from services.ingest.adapters.in_flight import InFlight
from services.ingest.adapters.otlp.encoding import JSON_ENCODING
from services.ingest.adapters.otlp.grpc import OtlpServer
from services.ingest.adapters.otlp.http import Endpoints
from services.ingest.adapters.otlp.receiver import LOGS, METRICS, TRACES, Receiver, Signal
from services.ingest.domain.attribution import HeaderMap
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.metrics import Measured
from services.ingest.domain.rate_limit import RateLimit
from services.ingest.handlers import Intake, TimeLimits
from tests.unit.ingest.building import NOW
from tests.unit.ingest.serving import Kept

SIGNALS: Mapping[str, Signal] = {signal.name: signal for signal in (TRACES, METRICS, LOGS)}

TRACE = "5b8efff798038103d269b633813fc60c"
NOW_NANOS = NOW * 1_000


@dataclass
class Served:
    """The endpoints, a client with an admin key of tenant acme, and what was accepted."""

    client: httpx.AsyncClient
    grpc: OtlpServer
    kept: Kept
    key: str

    async def post(self, signal: str, body: Any, **headers: str) -> httpx.Response:
        """Posts a request: a dict as JSON, bytes as protobuf."""
        if isinstance(body, bytes):
            return await self._post(signal, body, {"content-type": "application/x-protobuf", **headers})
        return await self._post(signal, orjson.dumps(body), {"content-type": "application/json", **headers})

    async def _post(self, signal: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return await self.client.post(f"/v1/{signal}", content=body, headers=headers)


def serve(
    *,
    max_body_bytes: int = 1_000_000,
    max_in_flight_bytes: int = 10**9,
    rate: RateLimit | None = None,
    attributes: Mapping[str, Sequence[str]] | None = None,
    metrics: Mapping[str, Measured] | None = None,
) -> Served:
    service_key, _ = auth.new_api_key("aifinops", Role.SERVICE, "service")
    admin_key, _ = auth.new_api_key("acme", Role.ADMIN, "admin")
    settings = AuthSettings(
        service_key=SecretStr(service_key), admin_key=SecretStr(admin_key), admin_tenant="acme", refresh_seconds=60
    )
    # The keys of the settings need no ClickHouse; this one is never asked.
    keyring = KeyRing(settings, ClickHouse(ClickHouseSettings(url="http://127.0.0.1:1")))
    kept = Kept()
    intake = Intake(kept, ManualClock(NOW), TimeLimits(400, 300), rate)
    receiver = Receiver(intake, HeaderMap(), AttributeMap(attributes), metrics or {}, InFlight(max_in_flight_bytes))
    app = application(Endpoints(receiver, keyring, max_body_bytes).routes(), None, dict)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://ingest",
        headers={"Authorization": f"Bearer {admin_key}"},
    )
    grpc_settings = GrpcSettings(host="127.0.0.1", port=0, max_message_bytes=max_body_bytes)
    return Served(client, OtlpServer(grpc_settings, receiver, keyring), kept, admin_key)


def pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP/JSON writes them."""
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": value}


CHAT: Mapping[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
}


def span(number: int, parent: int = 0, *, failed: bool = False, trace: str = TRACE, **changes: Any) -> dict[str, Any]:
    """A chat span; `__` in a name stands for a dot, a change to None leaves the attribute out."""
    attributes = {**CHAT, **{name.replace("__", "."): value for name, value in changes.items()}}
    return {
        "traceId": trace,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(NOW_NANOS - 2_000_000_000),
        "endTimeUnixNano": str(NOW_NANOS - 1_000_000_000),
        "attributes": pairs({name: value for name, value in attributes.items() if value is not None}),
        "status": {"code": 2} if failed else {},
    }


def traces(*spans: dict[str, Any], **resource: Any) -> dict[str, Any]:
    """A request with these spans."""
    attributes = {name.replace("__", "."): value for name, value in resource.items()} or {"service.name": "checkout"}
    return {"resourceSpans": [{"resource": {"attributes": pairs(attributes)}, "scopeSpans": [{"spans": list(spans)}]}]}


def protobuf(signal: str, request: dict[str, Any]) -> bytes:
    """The same request in the other encoding."""
    return JSON_ENCODING.read(orjson.dumps(request), SIGNALS[signal].request).SerializeToString()


def answer(signal: str, response: httpx.Response) -> Any:
    """The Export...Response in an HTTP response, whichever its encoding."""
    message = SIGNALS[signal].response()
    if response.headers["content-type"] == "application/x-protobuf":
        message.ParseFromString(response.content)
        return message
    return json_format.Parse(response.content, message)
