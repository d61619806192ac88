"""Sends what files hold. Sending the same again changes nothing, so an import that broke off is simply run again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from services.connectors.domain.event import Event
from services.connectors.files.reading import Found, Unusable

BATCH = 500
"""Events sent at once, while the next are read."""

UNUSABLE = "unusable_row"


class Refusal(Protocol):
    """One event that was not accepted."""

    @property
    def index(self) -> int:
        """Among those that were sent."""
        ...

    @property
    def code(self) -> str: ...

    @property
    def message(self) -> str: ...


class Taken(Protocol):
    """What became of a batch."""

    @property
    def accepted(self) -> int: ...

    @property
    def rejected(self) -> Sequence[Refusal]: ...


class Outlet(Protocol):
    """Ingest."""

    async def send(self, events: Sequence[Event]) -> Taken:
        """Returns once the accepted ones are durable."""
        ...


@dataclass(frozen=True)
class Rejected:
    """A row that did not become an accepted event."""

    path: Path
    line: int
    code: str
    message: str
    event: Event | None = None
    """Where it became an event at all."""


@dataclass
class Summary:
    """What became of the rows."""

    accepted: int = 0
    """Events; those sent before are among them and count once."""
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """How often each code was the reason."""


async def send_all(
    items: Iterable[Found | Unusable],
    outlet: Outlet,
    on_rejected: Callable[[Rejected], None],
    on_sent: Callable[[Summary], None] = lambda _: None,
) -> Summary:
    """Sends every event in order.

    Args:
        items: read in another thread, a batch ahead of what is being sent.
        outlet: takes the events.
        on_rejected: is told of each row that failed.
        on_sent: is told how far it is, after each batch.

    Raises:
        whatever reading and the outlet raise; what was sent before stays.
    """
    summary = Summary()
    source = iter(items)

    def reject(rejected: Rejected) -> None:
        summary.rejected += 1
        summary.reasons[rejected.code] += 1
        on_rejected(rejected)

    def take() -> list[Found | Unusable]:
        return list(islice(source, BATCH))

    batch = await asyncio.to_thread(take)
    while batch:
        following = asyncio.create_task(asyncio.to_thread(take))
        try:
            found = [item for item in batch if isinstance(item, Found)]
            for item in batch:
                if isinstance(item, Unusable):
                    reject(Rejected(item.path, item.line, UNUSABLE, item.message))
            if found:
                taken = await outlet.send([item.event for item in found])
                summary.accepted += taken.accepted
                for refusal in taken.rejected:
                    item = found[refusal.index]
                    reject(Rejected(item.path, item.line, refusal.code, refusal.message, item.event))
            on_sent(summary)
        finally:
            batch = await following
    return summary
