"""OTLP over HTTP. Answers are in the encoding of the request; an error is a google.rpc.Status (OTLP 1.x, OTLP/HTTP)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.common.auth import Access
from services.common.errors import ApiError
from services.common.grpc.server import status_of
from services.common.http.problems import authenticate
from services.common.keyring import KeyRing
from services.ingest.adapters.http.body import read_body
from services.ingest.adapters.otlp import encoding
from services.ingest.adapters.otlp.encoding import JSON_ENCODING, Encoding
from services.ingest.adapters.otlp.receiver import SIGNALS, Receiver, Signal
from services.ingest.handlers import Caller

_INLINE_JSON_BYTES = 32 * 1024
"""JSON beyond that is read in a thread: it takes a second for 10 MB."""


class Endpoints:
    """The three paths of OTLP/HTTP."""

    def __init__(self, receiver: Receiver, keyring: KeyRing, max_body_bytes: int) -> None:
        self._receiver = receiver
        self._keyring = keyring
        self._max_body_bytes = max_body_bytes

    def routes(self) -> Sequence[Route]:
        """A POST route for each signal."""
        return [
            Route(signal.path, self._endpoint(signal), methods=["POST"], name=f"otlp-{signal.name}")
            for signal in SIGNALS
        ]

    def _endpoint(self, signal: Signal) -> Callable[[Request], Awaitable[Response]]:
        async def export(request: Request) -> Response:
            chosen = JSON_ENCODING
            try:
                chosen = encoding.of(request.headers.get("content-type", ""))
                return await self._export(signal, chosen, request)
            except ApiError as error:
                return _error(error, chosen)

        return export

    async def _export(self, signal: Signal, chosen: Encoding, request: Request) -> Response:
        principal = await authenticate(request, self._keyring, Access.WRITE_EVENTS)
        with self._receiver.in_flight.request() as held:
            body = await read_body(request, self._max_body_bytes, held)
            if chosen is JSON_ENCODING and len(body) > _INLINE_JSON_BYTES:
                message = await asyncio.to_thread(chosen.read, body, signal.request)
            else:
                message = chosen.read(body, signal.request)
            caller = Caller(principal.tenant_id, principal.key_id)
            answer = await self._receiver.take(signal, message, caller, request.headers)
        return Response(chosen.write(answer), 200, media_type=chosen.media_type)


def _error(error: ApiError, chosen: Encoding) -> Response:
    headers: dict[str, str] = {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_seconds is not None or error.http_status in (429, 503):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds or 1))
    return Response(chosen.write(status_of(error)), error.http_status, headers, chosen.media_type)
