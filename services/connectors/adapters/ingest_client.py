"""Sends native events to ingest's `POST /v1/events`, as any client would."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import httpx
import orjson

from services.common.errors import UnavailableError
from services.connectors.domain.event import Event

BATCH = 500
"""Events in a request."""

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE_SECONDS = 30.0


class IngestRefusedError(Exception):
    """Ingest will not take anything of ours, now or later: a wrong key, a wrong address."""


@dataclass(frozen=True)
class Rejection:
    """One event that ingest does not accept; the others of its batch are not harmed."""

    index: int
    """In the sequence that was given to `send`."""
    code: str
    message: str


@dataclass(frozen=True)
class Receipt:
    """What became of the events. The accepted ones are durable; a resend among them is accepted and counts once."""

    accepted: int
    rejected: Sequence[Rejection] = ()


class IngestClient:
    """A client of one ingest with one API key, whose tenant owns the events.

    It waits as `Retry-After` says and tries again while ingest is busy or away; sending twice is harmless, since events
    carry their own ids.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        patience_seconds: float = 300,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """
        Args:
            url: where ingest is, such as http://127.0.0.1:8080.
            key: an API key that may send events; it is never shown.
            patience_seconds: how long one batch is tried.
            transport: instead of the network.
            sleep: how to wait.
        """
        self._endpoint = url.rstrip("/") + "/v1/events"
        self._patience = patience_seconds
        self._sleep = sleep
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "User-Agent": "aifinops"}
        self._http = httpx.AsyncClient(
            headers={**headers, "Authorization": f"Bearer {key.strip()}"}, timeout=60, transport=transport
        )

    async def __aenter__(self) -> IngestClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def send(self, events: Sequence[Event]) -> Receipt:
        """Sends events in order, a batch after the other.

        Raises:
            IngestRefusedError: ingest takes nothing with this key at this address.
            UnavailableError: it was busy or away for longer than our patience; batches before may have been accepted.
        """
        accepted = 0
        rejected: list[Rejection] = []
        for start in range(0, len(events), BATCH):
            receipt = await self._send_batch(events[start : start + BATCH], start)
            accepted += receipt.accepted
            rejected += receipt.rejected
        return Receipt(accepted, rejected)

    async def _send_batch(self, events: Sequence[Event], start: int) -> Receipt:
        answer = await self._posted(gzip.compress(orjson.dumps(events), 1))
        if answer.status_code == 413:
            if len(events) == 1:
                return Receipt(0, [Rejection(start, "too_long", "the event is larger than ingest takes in a request")])
            middle = len(events) // 2
            first, second = (
                await self._send_batch(events[:middle], start),
                await self._send_batch(events[middle:], start + middle),
            )
            return Receipt(first.accepted + second.accepted, [*first.rejected, *second.rejected])
        return _receipt(answer, start, len(events), self._endpoint)

    async def _posted(self, body: bytes) -> httpx.Response:
        """The first answer that is not "try again"."""
        waited = 0.0
        for usual_pause in _pauses():
            pause = usual_pause
            try:
                answer = await self._http.post(self._endpoint, content=body)
            except httpx.InvalidURL as error:
                raise IngestRefusedError(f"{self._endpoint!r} is no address: {error}") from None
            except httpx.UnsupportedProtocol:
                raise IngestRefusedError(f"{self._endpoint!r} must start with http:// or https://") from None
            except httpx.TransportError as error:
                trouble = str(error) or type(error).__name__
            else:
                if answer.status_code not in _BUSY:
                    return answer
                trouble = f"HTTP {answer.status_code}: {_message(answer)}"
                pause = max(pause, _retry_after(answer))
            if waited + pause > self._patience:
                raise UnavailableError(f"{self._endpoint} took no events for {waited:.0f} s: {trouble}")
            await self._sleep(pause)
            waited += pause
        raise AssertionError("pauses do not end")


def _pauses() -> Iterator[float]:
    """Seconds: doubling, each a little off, so that clients which failed together do not return together."""
    pause = 0.5
    while True:
        yield pause * random.uniform(0.8, 1.2)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _retry_after(answer: httpx.Response) -> float:
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def _receipt(answer: httpx.Response, start: int, count: int, endpoint: str) -> Receipt:
    if answer.status_code in (401, 403):
        raise IngestRefusedError(f"{endpoint} refuses the API key: {_message(answer)}")
    try:
        body = answer.json()
        accepted = int(body["accepted"])
        rejected = [Rejection(start + item["index"], item["code"], item["message"]) for item in body["rejected"]]
    except (ValueError, TypeError, KeyError):
        raise IngestRefusedError(
            f"{endpoint} does not answer as ingest does (HTTP {answer.status_code}: {_message(answer)}): check the URL"
        ) from None
    if accepted + len(rejected) != count:
        raise IngestRefusedError(f"{endpoint} accounted for {accepted + len(rejected)} of {count} events")
    return Receipt(accepted, rejected)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return answer.text[:200].strip() or answer.reason_phrase
