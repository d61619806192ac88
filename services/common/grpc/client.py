"""Calls to other services: one channel a peer, round robin over its replicas, our key and span on each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from services.common import errors
from services.common.auth import TENANT_METADATA
from services.common.component import Health
from services.common.errors import ApiError, FieldViolation, UnavailableError
from services.common.tracing import traceparent

Answer = TypeVar("Answer")

_ERRORS: dict[str, type[ApiError]] = {
    kind.code: kind
    for kind in (
        errors.InvalidArgumentError,
        errors.UnauthenticatedError,
        errors.PermissionDeniedError,
        errors.NotFoundError,
        errors.AlreadyExistsError,
        errors.AbortedError,
        errors.FailedPreconditionError,
        errors.ResourceExhaustedError,
        errors.UnavailableError,
    )
}


class Channel:
    """A channel to one peer. A component; connects when first used."""

    def __init__(self, target: str, *, max_message_bytes: int = 16 * 1024 * 1024) -> None:
        self.name = f"grpc channel {target}"
        self._target = target
        self._limit = max_message_bytes
        self._channel: grpc.aio.Channel | None = None
        self._stubs: dict[Callable[..., Any], Any] = {}

    async def start(self) -> None:
        self.channel()

    async def stop(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None
            self._stubs.clear()

    def health(self) -> Health:
        return Health(ready=True)

    def channel(self) -> grpc.aio.Channel:
        """The underlying channel, for a stub."""
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(
                self._target,
                options=[
                    ("grpc.lb_policy_name", "round_robin"),
                    ("grpc.max_receive_message_length", self._limit),
                    ("grpc.max_send_message_length", self._limit),
                    ("grpc.enable_http_proxy", 0),
                    ("grpc.keepalive_time_ms", 60_000),
                    ("grpc.max_reconnect_backoff_ms", 2_000),
                ],
            )
        return self._channel

    def stub(self, kind: Callable[..., Any]) -> Any:
        """A stub of this kind, made once: making one costs as much as a small call."""
        if kind not in self._stubs:
            self._stubs[kind] = kind(self.channel())
        return self._stubs[kind]


def metadata(key: str, tenant_id: str = "") -> list[tuple[str, str]]:
    """Metadata of a call: the API key, the tenant a service key acts for, and the current span."""
    entries = [("authorization", f"Bearer {key}")]
    if tenant_id:
        entries.append((TENANT_METADATA, tenant_id))
    span = traceparent()
    if span:
        entries.append(("traceparent", span))
    return entries


async def call(
    method: Callable[..., Awaitable[Answer]],
    request: Any,
    *,
    key: str,
    tenant_id: str = "",
    timeout_seconds: float = 10.0,
    more: Sequence[tuple[str, str]] = (),
) -> Answer:
    """Calls a unary method, with `more` metadata; a failed call is raised as the ApiError it stands for.

    Raises:
        UnavailableError: the peer is away or too slow.
        ApiError: what the peer answered.
    """
    try:
        return await method(request, metadata=[*metadata(key, tenant_id), *more], timeout=timeout_seconds)
    except grpc.aio.AioRpcError as error:
        raise to_api_error(error) from error


def to_api_error(error: grpc.aio.AioRpcError) -> ApiError:
    """The ApiError a status stands for, with its field violations."""
    code = error.code().name
    message = error.details() or code
    if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"):
        return UnavailableError(f"{code.lower().replace('_', ' ')}: {message}")
    kind = _ERRORS.get(code)
    if kind is None:
        return ApiError(f"{code}: {message}")
    return kind(message, violations=_violations(error))


def _violations(error: grpc.aio.AioRpcError) -> Sequence[FieldViolation]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type,unused-ignore]
    found: list[FieldViolation] = []
    for detail in status.details if status is not None else ():
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            found += [FieldViolation(v.field, v.description) for v in bad.field_violations]
    return found
