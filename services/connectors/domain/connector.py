"""What a polled connector is: one value in one file (docs/connectors.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.connectors.domain.event import Event

Params = Mapping[str, str | int | Sequence[str]]
"""Query parameters; a sequence is repeated."""


@dataclass(frozen=True)
class Answer:
    """A successful answer of a source's API."""

    body: Any
    """Parsed JSON; a number with a fraction is a Decimal, so that money stays exact."""
    next_url: str = ""
    """Of its `Link: <...>; rel="next"` header."""


class Api(Protocol):
    """A source's HTTP API. It waits for rate limits and tries again what may be tried again."""

    async def get(self, path: str, params: Params | None = None) -> Answer:
        """`path` is below the connector's base URL, or a whole URL of the same host.

        Raises:
            SourceRefusedError: the source will not answer this, now or later: credentials, permissions, parameters.
            UnavailableError: it did not answer although asked again.
        """
        ...

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """As `get`, for sources that are asked by POST."""
        ...


class SourceRefusedError(Exception):
    """What the source said, and how to mend it. `status`: the HTTP status, where there was one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Window:
    """From `start` up to but not including `end`, both UTC and multiples of the connector's grain.

    The last window of a poll holds the present: its `end` may lie ahead, and its last bucket still grows.
    """

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Unreadable:
    """A row that makes no event. `pages` yields it in the row's place; the poller logs and counts it, and goes on."""

    row_id: str
    """What tells the row apart, as far as it could be read."""
    reason: str
    """Which field, and what was wrong with it."""


Pages = Callable[[Api, Window, Mapping[str, str]], AsyncIterator[Sequence[Event | Unreadable]]]
"""Reads a window, page by page, with the poller's options.

An empty page asks for what came before to be sent, and accepted, before the next page is asked for.

Raises SourceRefusedError for an answer that is not what the source documents at all, beside what `Api` raises.
"""


@dataclass(frozen=True)
class Connector:
    """A source that is asked now and then."""

    name: str
    """As settings call it; also the `source` of its events."""
    title: str
    base_url: str
    headers: Callable[[str], Mapping[str, str]]
    """Of every request, from the secret."""
    pages: Pages
    grain: timedelta
    """Width of the source's buckets."""
    settles_after: timedelta
    """How long after its end a bucket may still change; so far back each poll reads again."""
    interval: timedelta
    """Between polls."""
    history: timedelta
    """How far back a first poll reads, unless told."""
    requests_per_minute: int
    options: Mapping[str, str]
    """Names of the options it must be given, such as an organisation, and what each is."""
    optional: Mapping[str, str] = field(default_factory=dict)
    """Names of the options it may be given, and what each is."""
    stride: timedelta = timedelta(days=7)
    """The widest window it is asked for at once, at least the grain; progress is saved after each."""
    needs_secret: bool = True
    """Whether it is asked with a secret of its poller."""
