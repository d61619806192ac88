"""A source's HTTP API: at its own pace, patient with its faults, and careful with its secret."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from services.common.clock import Clock, to_datetime
from services.common.errors import UnavailableError
from services.connectors.domain.connector import Answer, Params, SourceRefusedError
from services.connectors.domain.links import next_url, same_host
from services.connectors.domain.rate_limit import TokenBucket, told_to_wait

_TRIED_AGAIN = frozenset({408, 425, 500, 502, 503, 504, 520, 522, 524, 529})
_LONGEST_PAUSE_SECONDS = 30.0
_PARSED_ASIDE = 1024 * 1024
"""Bytes of JSON above which others get their turn while it is parsed."""


@dataclass(frozen=True)
class Limits:
    """What one request may cost."""

    patience_seconds: float = 300.0
    """Waited in all before it is given up for now."""
    first_pause_seconds: float = 1.0
    timeout_seconds: float = 60.0
    max_answer_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes


class HttpApi:
    """One source with one secret. An async context; see the port `Api` for what its calls raise."""

    def __init__(
        self,
        base_url: str,
        secret_headers: Mapping[str, str],
        bucket: TokenBucket,
        clock: Clock,
        *,
        limits: Limits | None = None,
        answered: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """
        Args:
            base_url: without query.
            secret_headers: of every request; they never show in errors.
            bucket: shared by all readings with this secret.
            clock: ours.
            limits: of a request.
            answered: told the status of each answer, or "none".
            sleep: how to wait.
        """
        self._base_url = base_url.rstrip("/")
        self._headers = secret_headers
        self._bucket = bucket
        self._clock = clock
        self._limits = limits or Limits()
        self._answered = answered
        self._sleep = sleep
        self._behind = timedelta(0)
        self._client = httpx.AsyncClient(
            headers={"Accept": "application/json", "User-Agent": "aifinops", **secret_headers},
            timeout=self._limits.timeout_seconds,
            follow_redirects=False,
        )

    async def __aenter__(self) -> HttpApi:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    @property
    def behind(self) -> timedelta:
        """How far the source's clock has been behind ours."""
        return self._behind

    async def get(self, path: str, params: Params | None = None) -> Answer:
        return await self._ask("GET", path, params, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        return await self._ask("POST", path, None, body)

    async def _ask(self, method: str, path: str, params: Params | None, body: Mapping[str, Any] | None) -> Answer:
        url = self._url(path, params)
        waited, pause, trouble = 0.0, self._limits.first_pause_seconds, ""
        while True:
            await self._sleep(self._bucket.wait(time.monotonic()))
            told = 0.0
            try:
                reply = await self._send(method, url, body)
            except httpx.TransportError as error:
                self._answered("none")
                trouble = f"{type(error).__name__} {error}".strip()
            else:
                self._answered(str(reply.status))
                asked_to_wait = told_to_wait(reply.status, reply.headers, to_datetime(self._clock.now()) - self._behind)
                if asked_to_wait is not None:
                    told, trouble = asked_to_wait, f"HTTP {reply.status}: {_message(reply)}"
                elif reply.status in _TRIED_AGAIN:
                    trouble = f"HTTP {reply.status}: {_message(reply)}"
                elif not 200 <= reply.status < 300:
                    raise self._refusal(url, reply)
                else:
                    try:
                        return Answer(await _parsed(reply.content), next_url(reply.headers.get("link", "")))
                    except (ValueError, RecursionError):
                        trouble = f"HTTP {reply.status} with a body that is no JSON"
            wait = max(told, pause * random.uniform(0.75, 1.25))
            if waited + wait > self._limits.patience_seconds:
                raise UnavailableError(
                    f"{_shown(url)} gave no answer in {waited:.0f} s: {self._without_secrets(trouble)}",
                    retry_after_seconds=told or None,
                )
            await self._sleep(wait)
            waited += wait
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _url(self, path: str, params: Params | None) -> httpx.URL:
        whole = path if "://" in path else f"{self._base_url}/{path.lstrip('/')}"
        if not same_host(whole, self._base_url):
            raise SourceRefusedError(
                f"the source names {_shown(httpx.URL(whole))} as its next page, which is not on {self._base_url}: its "
                "secret is sent nowhere else"
            )
        url = httpx.URL(whole)
        # Without parameters the query that a next page's address brings stays as it is.
        return url.copy_merge_params(params) if params else url

    async def _send(self, method: str, url: httpx.URL, body: Mapping[str, Any] | None) -> _Reply:
        content = bytearray()
        async with self._client.stream(method, url, json=body) as answer:
            self._note_clock(answer.headers.get("date", ""))
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > self._limits.max_answer_bytes:
                    raise SourceRefusedError(
                        f"{_shown(url)} answers with more than {self._limits.max_answer_bytes} bytes: that is no page "
                        "of a report"
                    )
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return _Reply(answer.status_code, headers, bytes(content))

    def _note_clock(self, date: str) -> None:
        try:
            shown = parsedate_to_datetime(date)
        except ValueError:
            return
        shown = shown if shown.tzinfo else shown.replace(tzinfo=UTC)
        self._behind = max(self._behind, to_datetime(self._clock.now()) - shown)

    def _refusal(self, url: httpx.URL, reply: _Reply) -> SourceRefusedError:
        said = self._without_secrets(_message(reply))
        mend = {
            401: "check that its secret is complete and not revoked",
            403: "check what its secret may read",
            404: "check the base URL and the options, and that its secret may read this",
        }.get(reply.status, "")
        if 300 <= reply.status < 400:
            mend = "it redirects, and secrets do not follow: set base_url to where it is"
        text = f"{_shown(url)} answered HTTP {reply.status}: {said}" + (f"; {mend}" if mend else "")
        return SourceRefusedError(text, reply.status)

    def _without_secrets(self, text: str) -> str:
        for secret in _secrets_in(self._headers):
            text = text.replace(secret, "***")
        return text


def _secrets_in(headers: Mapping[str, str]) -> list[str]:
    """Whatever of the headers must not be shown, the longest first."""
    found: set[str] = set()
    for value in headers.values():
        scheme, _, credentials = value.partition(" ")
        found |= {value, *value.split()}
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                plain = base64.b64decode(credentials).decode()
                found |= {plain, *plain.split(":", 1)}
    return sorted((part for part in found if len(part) > 5), key=len, reverse=True)


async def _parsed(content: bytes) -> Any:
    if not content.strip():
        return None
    if len(content) > _PARSED_ASIDE:
        return await asyncio.to_thread(_loads, content)
    return _loads(content)


def _loads(content: bytes) -> Any:
    return json.loads(content, parse_float=Decimal, parse_constant=_no_number)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _shown(url: httpx.URL) -> str:
    """Without its query, which may be long."""
    return f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}{url.path}"


def _message(reply: _Reply) -> str:
    """What an error answer says, in whichever of the usual places."""
    try:
        found = json.loads(reply.content)
        inner = found.get("error", found.get("message", "")) if isinstance(found, dict) else ""
        said = inner.get("message", "") if isinstance(inner, dict) else inner
    except (ValueError, RecursionError):
        said = ""
    text = str(said) or reply.content[:300].decode("utf-8", "replace")
    return " ".join(text.split())[:300] or "(nothing more)"
