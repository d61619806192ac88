"""What the handlers need from the outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from services.notifier.domain.delivery import Attempt, Key, Notification

Source = tuple[str, int]
"""A topic and a partition: whoever reads it delivers what came from it."""


class Notifications(Protocol):
    """The record of every message."""

    async def known(self, event_ids: Collection[str]) -> set[Key]:
        """Which notifications of these events exist."""
        ...

    async def put(self, notifications: Sequence[Notification]) -> None:
        """Stores them as they are now.

        Raises:
            UnavailableError: the record is away; they may have been stored.
        """
        ...

    async def open(self, sources: Collection[Source]) -> Sequence[Notification]:
        """Those pending or sending that came from these partitions."""
        ...


class Sender(Protocol):
    """The way to one destination."""

    async def send(self, notification: Notification) -> Attempt:
        """One attempt. It raises nothing: whatever happens is an outcome."""
        ...


class Graveyard(Protocol):
    """Where the events of messages go that were given up."""

    async def bury(self, notification: Notification) -> None: ...


class Watcher(Protocol):
    """Counts what became of messages."""

    def settled(self, notification: Notification) -> None: ...
