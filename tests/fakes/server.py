"""A provider's API as a real HTTP server, which misbehaves on command.

A fake provider gives it routes; tests give it faults, each for one request:

    async with FakeServer(routes) as server:
        server.fail_next(rate_limited(retry_after=1), server_error(), disconnect())
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: Any

    def one(self, name: str, default: str = "") -> str:
        """A query parameter that comes once."""
        values = self.query.get(name, ())
        return values[-1] if values else default

    def all(self, name: str) -> list[str]:
        """A query parameter that may be repeated."""
        return list(self.query.get(name, ()))


@dataclass(frozen=True)
class Reply:
    """An answer other than 200 with JSON."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Seen], Any]
"""Gives the JSON to answer with, or a Reply."""

Fault = Callable[["FakeServer", Response], Awaitable[Response]]
"""Turns the answer that would have been given into another."""


def rate_limited(retry_after: float | str = 0, status: int = 429) -> Fault:
    """Too hasty; `retry_after` may be seconds or an HTTP date."""
    return _instead(Reply({"error": {"message": "slow down"}}, status, {"Retry-After": str(retry_after)}))


def server_error(status: int = 500) -> Fault:
    return _instead(Reply({"error": {"message": "something went wrong"}}, status))


def refused(status: int, message: str) -> Fault:
    return _instead(Reply({"error": {"message": message}}, status))


def garbage() -> Fault:
    """200 with something that is no JSON."""

    async def fault(server: FakeServer, _: Response) -> Response:
        return Response(b"<html>please log in</html>", media_type="text/html")

    return fault


def slow(seconds: float) -> Fault:
    async def fault(server: FakeServer, response: Response) -> Response:
        await asyncio.sleep(seconds)
        return response

    return fault


def disconnect() -> Fault:
    """The connection breaks in the middle of the body."""

    async def fault(server: FakeServer, response: Response) -> Response:
        content = bytes(response.body)

        async def half() -> AsyncIterator[bytes]:
            yield content[: len(content) // 2]
            raise ConnectionAbortedError("as the test asked")

        headers = {"Content-Length": str(len(content)), "Content-Type": "application/json"}
        return StreamingResponse(half(), headers=headers)

    return fault


def _instead(reply: Reply) -> Fault:
    async def fault(server: FakeServer, _: Response) -> Response:
        return server.response(reply)

    return fault


class FakeServer:
    """Serves routes on a free port of 127.0.0.1. An async context."""

    def __init__(self, routes: Mapping[str, Handler], secret: str = "", header: str = "authorization") -> None:
        """
        Args:
            routes: what answers `METHOD /path`; a path may hold {parts}.
            secret: what the header must hold; anything else is answered with 401, which echoes what came.
            header: by lower-case name.
        """
        self.requests: list[Seen] = []
        self.secret = secret
        self.clock_offset = timedelta(0)
        """Of its `Date`, and of `now`."""
        self.before: Callable[[Seen], Awaitable[None]] | None = None
        """Awaited before each request is answered, to hold some back or count them."""
        self._header = header
        self._faults: list[Fault | None] = []
        self._app = Starlette(
            routes=[
                Route(path, self._endpoint(handler), methods=[method])
                for (method, path), handler in ((tuple(where.split(" ", 1)), how) for where, how in routes.items())
            ]
        )
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now(self) -> datetime:
        """By its own clock."""
        return datetime.now(UTC) + self.clock_offset

    def fail_next(self, *faults: Fault | None) -> None:
        """The next requests meet these, one each; None lets one pass."""
        self._faults += faults

    def paths(self) -> list[str]:
        """Of every request so far."""
        return [seen.path for seen in self.requests]

    async def __aenter__(self) -> FakeServer:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app, log_config=None, access_log=False, date_header=False, timeout_graceful_shutdown=1
        )
        self._server = _QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None and self._serving is not None
        self._server.should_exit = True
        await self._serving

    def response(self, reply: Reply) -> Response:
        headers = {"Date": format_datetime(self.now(), usegmt=True), **reply.headers}
        return Response(_dumps(reply.body), reply.status, headers, media_type="application/json")

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            seen = await _seen(request)
            self.requests.append(seen)
            if self.before is not None:
                await self.before(seen)
            came = seen.headers.get(self._header, "")
            if self.secret and came != self.secret:
                return self.response(Reply({"error": {"message": f"wrong key: {came}"}}, 401))
            made = handler(seen)
            response = self.response(made if isinstance(made, Reply) else Reply(made))
            fault = self._faults.pop(0) if self._faults else None
            return await fault(self, response) if fault is not None else response

        return answer


class _QuietServer(uvicorn.Server):
    """Signals are the test's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


async def _seen(request: Request) -> Seen:
    body = await request.body()
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name.removesuffix("[]"), []).append(value)
    return Seen(
        request.method,
        request.url.path,
        query,
        {name.lower(): value for name, value in request.headers.items()},
        json.loads(body) if body else None,
    )


def _dumps(body: Any) -> bytes:
    """JSON in which a Decimal is a number with all its digits."""
    digits: dict[str, str] = {}

    def stand_in(value: object) -> str:
        if not isinstance(value, Decimal):
            raise TypeError(f"{type(value).__name__} is not JSON")
        name = f"\x00{len(digits)}\x00"
        digits[json.dumps(name)] = str(value)
        return name

    text = json.dumps(body, default=stand_in)
    for name, value in digits.items():
        text = text.replace(name, value)
    return text.encode()
