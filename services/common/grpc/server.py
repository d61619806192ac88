"""The gRPC server: health, reflection, and around each call its caller, its errors, its span and its time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
from opentelemetry import propagate
from opentelemetry.trace import SpanKind

from services.common import auth
from services.common.component import GrpcService, Health
from services.common.errors import ApiError
from services.common.keyring import KeyRing
from services.common.listening import listen
from services.common.log import get_logger
from services.common.metrics import GRPC_SECONDS
from services.common.settings import GrpcSettings
from services.common.tracing import tracer

log = get_logger(__name__)

_OPEN = ("/grpc.health.v1.Health/", "/grpc.reflection.")


class GrpcServer:
    """Serves the given services on one port. A component, whose start raises PortTakenError."""

    port_setting = "AIFINOPS_GRPC__PORT"

    def __init__(self, settings: GrpcSettings, services: Sequence[GrpcService], keyring: KeyRing) -> None:
        self.name = "grpc server"
        self._settings = settings
        self._services = services
        self._keyring = keyring
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self.port = settings.port

    async def start(self) -> None:
        limit = self._settings.max_message_bytes
        server = grpc.aio.server(
            interceptors=[_CallInterceptor(self._keyring)],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", limit),
                # A client behind one connection meets new replicas only when the connection ends now and then.
                ("grpc.max_connection_age_ms", 300_000),
                ("grpc.max_connection_age_grace_ms", 30_000),
                ("grpc.so_reuseport", 0),
            ],
        )
        names = [service.full_name for service in self._services]
        for service in self._services:
            service.add_to_server(service.servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        for name in ("", *names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        host, port = self._settings.host, self._settings.port
        # gRPC does not say why it cannot listen.
        listen(host, port, f"set {self.port_setting} to a free port, or end what listens there").close()
        self.port = server.add_insecure_port(f"{host}:{port}")
        await server.start()
        self._server = server

    async def stop(self) -> None:
        if self._server is not None:
            await self._health.enter_graceful_shutdown()
            await self._server.stop(grace=5)
            self._server = None

    def health(self) -> Health:
        serving = self._server is not None
        return Health(ready=serving, detail="" if serving else "gRPC server not started")


class _CallInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc,type-arg,unused-ignore]
    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring

    async def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = await continuation(details)
        method: str = details.method
        if handler is None or method.startswith(_OPEN):
            return handler
        metadata = {str(name): value for name, value in details.invocation_metadata or ()}

        async def admit() -> None:
            acting_for = str(metadata.get(auth.TENANT_METADATA, ""))
            auth.set_current(await self._keyring.authenticate(metadata.get("authorization"), acting_for))

        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                _unary(method, metadata, admit, handler.unary_unary),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(
                _stream(method, metadata, admit, handler.unary_stream),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        raise AssertionError(f"{method}: only unary requests are served")


def _unary(method: str, metadata: dict[str, Any], admit: Callable[[], Awaitable[None]], call: Any) -> Any:
    async def answer(request: Any, context: Any) -> Any:
        started = time.perf_counter()
        code = "OK"
        with tracer.start_as_current_span(method, context=propagate.extract(metadata), kind=SpanKind.SERVER):
            try:
                await admit()
                return await call(request, context)
            except Exception as error:
                code = _code(error)
                await _abort(method, error, context)
            finally:
                GRPC_SECONDS.labels(method, code).observe(time.perf_counter() - started)

    return answer


def _stream(method: str, metadata: dict[str, Any], admit: Callable[[], Awaitable[None]], call: Any) -> Any:
    async def answer(request: Any, context: Any) -> AsyncIterator[Any]:
        with tracer.start_as_current_span(method, context=propagate.extract(metadata), kind=SpanKind.SERVER):
            try:
                await admit()
                async for message in call(request, context):
                    yield message
            except Exception as error:
                await _abort(method, error, context)

    return answer


def _code(error: Exception) -> str:
    return error.code if isinstance(error, ApiError) else "INTERNAL"


async def _abort(method: str, error: Exception, context: Any) -> None:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if isinstance(error, ApiError):
        await context.abort_with_status(rpc_status.to_status(status_of(error)))
    log.error("call failed", method=method, exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, "internal error; the server's log has the details")


def status_of(error: ApiError) -> status_pb2.Status:
    """The error as google.rpc.Status, with field violations and retry delay as details (AIP-193)."""
    status = status_pb2.Status(code=code_pb2.Code.Value(error.code), message=error.message)
    details: list[Any] = []
    if error.violations:
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
                    for v in error.violations
                ]
            )
        )
    if error.retry_after_seconds is not None:
        delay = Duration()
        delay.FromMilliseconds(int(error.retry_after_seconds * 1_000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status
