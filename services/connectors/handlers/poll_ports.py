"""What polling needs of the world."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.connectors.domain.connector import Api
from services.connectors.domain.event import Event
from services.connectors.domain.poller import Checkpoint, Poller


class ConfigurationError(Exception):
    """A secret that cannot be read, or a key or an address ingest refuses: somebody has to mend it."""


class LeaseLostError(Exception):
    """Another replica may poll this now."""


class Lease(Protocol):
    """The right to poll."""

    def check(self) -> None:
        """
        Raises:
            LeaseLostError: it ran out.
        """
        ...


class DatedApi(Api, Protocol):
    """A source's API that knows what time it is there."""

    @property
    def behind(self) -> timedelta:
        """How far its clock, by the `Date` of its answers, has been behind ours; zero where it is not or does not
        tell."""
        ...


@dataclass(frozen=True)
class Refused:
    """A row that did not become an accepted event, and why."""

    event_id: str
    code: str
    message: str
    event: Event | None = None
    """Where it became an event at all."""


class Sink(Protocol):
    """Ingest, as one tenant."""

    async def send(self, events: Sequence[Event]) -> Sequence[Refused]:
        """Returns once the events are durable, but for those refused.

        Raises:
            ConfigurationError: it takes nothing from us.
            UnavailableError: it is away.
        """
        ...


class Connections(Protocol):
    """Opens both ends of a poller, with secrets read at that moment."""

    def source(self, poller: Poller) -> AbstractAsyncContextManager[DatedApi]:
        """Entering raises ConfigurationError."""
        ...

    def sink(self, poller: Poller) -> AbstractAsyncContextManager[Sink]:
        """Entering raises ConfigurationError."""
        ...


class Checkpoints(Protocol):
    """Where pollers stand. Both raise UnavailableError."""

    async def load(self, poller: str) -> Checkpoint | None: ...

    async def save(self, checkpoint: Checkpoint) -> None: ...


class Rejections(Protocol):
    """Keeps the events ingest refused."""

    async def keep(self, poller: str, refused: Sequence[Refused], at: datetime) -> None:
        """
        Raises:
            UnavailableError
        """
        ...


class Observer(Protocol):
    """Counts and logs."""

    def sent(self, poller: Poller, accepted: int, refused: Sequence[Refused]) -> None: ...

    def polled(self, poller: Poller, checkpoint: Checkpoint) -> None: ...

    def failed(self, poller: Poller, reason: str, detail: str) -> None:
        """`reason` is a metric label: a few words."""
        ...

    def released(self, poller: Poller) -> None:
        """Another replica may report on it now."""
        ...
