"""The public HTTP API as the demo uses it: one connection pool, patient with a server that asks for time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx
import orjson

PATIENCE_SECONDS = 120.0
"""How long one request is tried again before the demo gives up."""

_BUSY = (429, 502, 503, 504)


class DemoError(Exception):
    """The demo cannot go on. The message says why, and what to do."""


class Answer:
    """Status and body of an answer that is no failure of ours."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body


class Client:
    """Calls one server with one key. An async context manager."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._url = url.rstrip("/")
        self._patience = patience
        self._http = httpx.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(60, connect=5),
            limits=httpx.Limits(max_connections=8),
            trust_env=False,
        )

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> Answer:
        """Reads."""
        return await self._call("GET", path, None, {})

    async def post(
        self, path: str, body: Any, *, headers: Mapping[str, str] | None = None, allowed: frozenset[int] = frozenset()
    ) -> Answer:
        """Sends JSON. Statuses in `allowed` are answers, not errors.

        Raises:
            DemoError: the server is away for longer than the demo's patience, or refuses the key or the request.
        """
        return await self._call("POST", path, orjson.dumps(body), headers or {}, allowed)

    async def _call(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        allowed: frozenset[int] = frozenset(),
    ) -> Answer:
        deadline = time.monotonic() + self._patience
        pause = 0.25
        while True:
            try:
                response = await self._http.request(
                    method, path, content=content, headers={"Content-Type": "application/json", **headers}
                )
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}".rstrip(": ")
                asked = 0.0
            else:
                if response.status_code not in _BUSY:
                    return self._answer(method, path, response, allowed)
                trouble = f"HTTP {response.status_code} {_message(response)}"
                asked = _retry_after(response)
            wait = max(pause, asked)
            if time.monotonic() + wait > deadline:
                raise DemoError(
                    f"{self._url}{path} does not answer ({trouble}). Is the platform running? `aifinops up` starts it, "
                    "and prints its address."
                )
            await asyncio.sleep(wait)
            pause = min(pause * 2, 5.0)

    def _answer(self, method: str, path: str, response: httpx.Response, allowed: frozenset[int]) -> Answer:
        if response.status_code in (401, 403):
            raise DemoError(
                f"{self._url} refuses the API key ({response.status_code}: {_message(response)}). The demo needs an "
                "admin key: `aifinops up` prints one at its first start."
            )
        if response.is_success or response.status_code in allowed:
            return Answer(response.status_code, _json(response))
        raise DemoError(f"{method} {self._url}{path} was answered {response.status_code}: {_message(response)}")


def _json(response: httpx.Response) -> Any:
    try:
        return orjson.loads(response.content) if response.content else None
    except orjson.JSONDecodeError:
        return None


def _message(response: httpx.Response) -> str:
    body = _json(response)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        return str(body["error"].get("message", ""))
    return response.text[:300]


def _retry_after(response: httpx.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0
