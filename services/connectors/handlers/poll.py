"""One poll: a source's windows, oldest first, each sent to ingest before it counts as read.

At least once: a crash anywhere reads again from the last checkpoint. Events carry the source's own ids, so ingest makes
that exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.common.clock import Clock, to_datetime
from services.connectors.domain import windows
from services.connectors.domain.connector import Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.domain.poller import Checkpoint, Poller, first_checkpoint, start_of_poll
from services.connectors.domain.sent import SentRows
from services.connectors.handlers.poll_ports import (
    Checkpoints,
    Connections,
    DatedApi,
    Lease,
    Observer,
    Refused,
    Rejections,
    Sink,
)

BATCH = 500
"""Events in a request to ingest."""

UNREADABLE = "unreadable"
"""The code of a row of which the connector could make no event."""

Keep = Callable[[int, Sequence[Refused]], Awaitable[None]]


@dataclass
class Tally:
    """What became of a window's rows."""

    accepted: int = 0
    refused: list[Refused] = field(default_factory=list)


class Poll:
    """One poller's reading."""

    def __init__(
        self,
        poller: Poller,
        connections: Connections,
        checkpoints: Checkpoints,
        rejections: Rejections,
        observer: Observer,
        clock: Clock,
    ) -> None:
        self.poller = poller
        self._connections = connections
        self._checkpoints = checkpoints
        self._rejections = rejections
        self._observer = observer
        self._clock = clock
        self._sent = SentRows()

    def now(self) -> datetime:
        """By our clock."""
        return to_datetime(self._clock.now())

    async def checkpoint(self) -> Checkpoint | None:
        """How far earlier polls got with what is read now.

        Raises:
            UnavailableError
        """
        found = await self._checkpoints.load(self.poller.name)
        return found if found is not None and found.reads == self.poller.reads else None

    def taken_over(self) -> None:
        """Another replica may have polled meanwhile."""
        self._sent.forget()

    async def run(self, lease: Lease) -> Tally:
        """Reads from the checkpoint up to now.

        Raises:
            SourceRefusedError, ConfigurationError: somebody has to mend something.
            UnavailableError: the source, ingest or the checkpoints are away.
            LeaseLostError: it is another replica's turn.
        """
        poller, connector = self.poller, self.poller.connector
        total = Tally()
        stored = await self._checkpoints.load(poller.name)
        async with self._connections.source(poller) as api, self._connections.sink(poller) as sink:
            self._sent.begin(self.now())
            changes = _OnlyChanges(sink, self._sent)
            start = start_of_poll(poller, stored, self.now())
            checkpoint = first_checkpoint(poller, stored, start)
            for window in windows.windows(start, self.now(), connector.grain, connector.stride):
                asked_at = self.now()
                tally = await transfer(poller, api, changes, window, self._keep, lease)
                total.accepted += tally.accepted
                total.refused += tally.refused
                through = windows.read_through(window, asked_at, api.behind)
                lease.check()
                checkpoint = checkpoint.advanced(window, through, asked_at, total.accepted)
                await self._checkpoints.save(checkpoint)
                self._observer.polled(poller, checkpoint)
            self._sent.end()
        return total

    async def _keep(self, accepted: int, refused: Sequence[Refused]) -> None:
        self._observer.sent(self.poller, accepted, refused)
        if refused:
            await self._rejections.keep(self.poller.name, refused, self.now())


class _OnlyChanges:
    """A sink that passes on what the one behind it does not have already."""

    def __init__(self, sink: Sink, sent: SentRows) -> None:
        self._sink = sink
        self._sent = sent

    async def send(self, events: Sequence[Event]) -> Sequence[Refused]:
        unsent = self._sent.unsent(events)
        refused = await self._sink.send(unsent) if unsent else []
        names = {row.event_id for row in refused}
        self._sent.accepted(event for event in unsent if event["id"] not in names)
        return refused


async def transfer(poller: Poller, api: DatedApi, sink: Sink, window: Window, keep: Keep, lease: Lease) -> Tally:
    """Sends everything a source has in a window, a batch at a time.

    Args:
        poller: whose.
        api: of its source.
        sink: takes its events.
        window: to read.
        keep: told after each batch how many were accepted, and which were not.
        lease: checked after each page.
    """
    tally = Tally()
    async for rows in _batches(poller.connector.pages(api, window, poller.options), lease):
        events = [poller.identified(row) for row in rows if not isinstance(row, Unreadable)]
        refused = [Refused(row.row_id, UNREADABLE, row.reason) for row in rows if isinstance(row, Unreadable)]
        refused += await sink.send(events) if events else ()
        accepted = len(rows) - len(refused)
        tally.accepted += accepted
        tally.refused += refused
        await keep(accepted, refused)
    return tally


async def _batches(
    pages: AsyncIterator[Sequence[Event | Unreadable]], lease: Lease
) -> AsyncIterator[Sequence[Event | Unreadable]]:
    waiting: list[Event | Unreadable] = []
    async for page in pages:
        # A process that was frozen wakes up here, before it asks for a further page or sends what it has.
        lease.check()
        await asyncio.sleep(0)  # Others get their turn between the pieces of a large answer.
        waiting += page
        while len(waiting) >= BATCH or (waiting and not page):
            yield waiting[:BATCH]
            del waiting[:BATCH]
    if waiting:
        yield waiting
