"""One gRPC address for services that run in processes of their own: calls pass through as bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.common.component import Health

_STREAMS = frozenset({"WatchBudgetStatus", "Rerate"})
_HOP = ("grpc-", "user-agent", ":", "te", "content-type")


class GrpcGateway:
    """Forwards each call to the process that serves it. A component."""

    def __init__(self, host: str, port: int, targets: Mapping[str, str], limit: int = 16 * 1024 * 1024) -> None:
        self.name = "grpc gateway"
        self._address = f"{host}:{port}"
        self._options = [("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", limit)]
        self._targets = targets
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._channels = {
            service: grpc.aio.insecure_channel(target, options=[*self._options, ("grpc.enable_http_proxy", 0)])
            for service, target in self._targets.items()
        }
        server = grpc.aio.server(options=[*self._options, ("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((_Forwarding(self._channels),))
        healthy = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
        reflection.enable_server_reflection([*self._targets, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        for name in ("", *self._targets):
            await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
        server.add_insecure_port(self._address)
        await server.start()
        self._server = server

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(grace=2)
        for channel in self._channels.values():
            await channel.close()

    def health(self) -> Health:
        return Health(ready=self._server is not None)


class _Forwarding(grpc.GenericRpcHandler):  # type: ignore[misc,unused-ignore]
    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self._channels = channels

    def service(self, details: Any) -> Any:
        _, service, method = details.method.split("/")
        channel = self._channels.get(service)
        if channel is None:
            return None
        if method in _STREAMS:
            return grpc.unary_stream_rpc_method_handler(_stream(channel, details.method))
        return grpc.unary_unary_rpc_method_handler(_unary(channel, details.method))


def _unary(channel: grpc.aio.Channel, method: str) -> Any:
    call: Any = channel.unary_unary(method)

    async def forward(request: bytes, context: Any) -> bytes:
        try:
            answer: bytes = await call(request, metadata=_metadata(context), timeout=context.time_remaining())
        except grpc.aio.AioRpcError as error:
            context.set_trailing_metadata(tuple(error.trailing_metadata() or ()))
            await context.abort(error.code(), error.details() or "")
            raise
        return answer

    return forward


def _stream(channel: grpc.aio.Channel, method: str) -> Any:
    call: Any = channel.unary_stream(method)

    async def forward(request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            async for answer in call(request, metadata=_metadata(context), timeout=context.time_remaining()):
                yield answer
        except grpc.aio.AioRpcError as error:
            context.set_trailing_metadata(tuple(error.trailing_metadata() or ()))
            await context.abort(error.code(), error.details() or "")

    return forward


def _metadata(context: Any) -> list[tuple[str, str | bytes]]:
    return [(name, value) for name, value in context.invocation_metadata() if not name.startswith(_HOP)]
