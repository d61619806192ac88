"""OTLP over gRPC, on a port of its own. Back-pressure is UNAVAILABLE or RESOURCE_EXHAUSTED with a RetryInfo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.message import Message

from services.common import auth
from services.common.auth import Access
from services.common.component import GrpcService
from services.common.grpc.server import GrpcServer
from services.common.keyring import KeyRing
from services.common.settings import GrpcSettings
from services.ingest.adapters.otlp.encoding import PROTOBUF_ENCODING
from services.ingest.adapters.otlp.receiver import LOGS, METRICS, TRACES, Receiver, Signal
from services.ingest.handlers import Caller

_SERVICES: Mapping[str, Signal] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": TRACES,
    "opentelemetry.proto.collector.metrics.v1.MetricsService": METRICS,
    "opentelemetry.proto.collector.logs.v1.LogsService": LOGS,
}


class OtlpServer(GrpcServer):
    """The three services of OTLP/gRPC. A component."""

    port_setting = "AIFINOPS_INGEST__OTLP_GRPC_PORT"

    def __init__(self, settings: GrpcSettings, receiver: Receiver, keyring: KeyRing) -> None:
        services = [GrpcService(name, _Export(receiver, signal), _adder(name)) for name, signal in _SERVICES.items()]
        super().__init__(settings, services, keyring)
        self.name = "otlp grpc server"


class _Export:
    """Servicer of one service; requests arrive as bytes, so that broken ones are told to be so."""

    def __init__(self, receiver: Receiver, signal: Signal) -> None:
        self._receiver = receiver
        self._signal = signal

    async def export(self, request: bytes, context: Any) -> Message:
        principal = auth.current(Access.WRITE_EVENTS)
        with self._receiver.in_flight.request() as held:
            held.add(len(request))
            message = PROTOBUF_ENCODING.read(request, self._signal.request)
            caller = Caller(principal.tenant_id, principal.key_id)
            return await self._receiver.take(self._signal, message, caller, _headers(context))


def _headers(context: Any) -> dict[str, str]:
    return {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}


def _adder(name: str) -> Any:
    def add(servicer: _Export, server: Any) -> None:
        handler: Any = grpc.unary_unary_rpc_method_handler(
            servicer.export,  # type: ignore[arg-type,unused-ignore]
            response_serializer=PROTOBUF_ENCODING.write,
        )
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": handler}),))

    return add
