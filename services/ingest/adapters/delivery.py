"""Where an accepted event becomes durable: in Kafka, or in the journal that Kafka is filled from."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from services.common.component import Component, Health
from services.common.errors import UnavailableError
from services.common.tracing import traceparent
from services.ingest.adapters import metrics
from services.ingest.adapters.journal.forwarder import Forwarder
from services.ingest.adapters.journal.frames import Stored
from services.ingest.adapters.journal.journal import Journal
from services.ingest.adapters.journal.retirement import Retirement
from services.ingest.adapters.usage_log import UsageLog
from services.ingest.domain.identity import Event

_FLUSH_SECONDS = 5.0


class KafkaFirst:
    """Kafka acknowledges an event; while it is away or slow the journal does, and is drained in order afterwards. A
    component."""

    def __init__(
        self, journal: Journal, forwarder: Forwarder, producer: Component, log: UsageLog, *, timeout_seconds: float
    ) -> None:
        self.name = "ingest log"
        self._journal = journal
        self._forwarder = forwarder
        self._producer = producer
        self._log = log
        self._timeout = timeout_seconds
        self._stopping = False

    async def start(self) -> None:
        await self._journal.open()
        await self._producer.start()
        self._forwarder.start()

    async def stop(self) -> None:
        self._stopping = True
        await self._forwarder.stop()
        await self._journal.close()
        await _stop(self._producer)

    def health(self) -> Health:
        kafka, trouble = self._producer.health(), self._journal.trouble
        ready = not self._stopping and (kafka.ready or not trouble)
        parts = [kafka.detail, trouble, "" if self._journal.is_empty else _waiting(self._journal)]
        return Health(ready=ready, detail="; ".join(filter(None, parts)))

    async def append(self, events: Sequence[Event]) -> None:
        """Returns once the events are durable.

        Raises:
            UnavailableError: neither Kafka nor the journal takes them.
        """
        _refuse_while_stopping(self._stopping)
        trace = traceparent()
        if self._forwarder.finishing:
            await self._forwarder.nearly_done(self._timeout)
        # While the journal holds events, later ones queue behind them: revisions of a key must not overtake each other.
        if self._journal.is_empty:
            try:
                await self._log.send([Stored(event, trace) for event in events], timeout_seconds=self._timeout)
            except UnavailableError:
                pass
            else:
                return
        await self._journal.append(events, trace)
        metrics.JOURNALED.inc(len(events))


class JournalFirst:
    """The journal acknowledges an event, for a broker that is empty again after a restart. A component."""

    def __init__(self, journal: Journal, forwarder: Forwarder, producer: Component, retirement: Retirement) -> None:
        self.name = "ingest log"
        self._journal = journal
        self._forwarder = forwarder
        self._producer = producer
        self._retirement = retirement
        self._stopping = False

    async def start(self) -> None:
        await self._journal.open()
        await self._producer.start()
        self._forwarder.start()
        self._retirement.start()

    async def stop(self) -> None:
        self._stopping = True
        await self._retirement.stop()
        await self._forwarder.stop()
        await self._journal.close()
        await _stop(self._producer)

    def health(self) -> Health:
        trouble = self._journal.trouble
        parts = [trouble, self._producer.health().detail, self._retirement.trouble]
        return Health(ready=not trouble and not self._stopping, detail="; ".join(filter(None, parts)))

    async def append(self, events: Sequence[Event]) -> None:
        """Returns once the events are durable.

        Raises:
            UnavailableError: the journal does not take them.
        """
        _refuse_while_stopping(self._stopping)
        await self._journal.append(events, traceparent())
        metrics.JOURNALED.inc(len(events))


def _waiting(journal: Journal) -> str:
    return f"{journal.bytes} bytes wait in the journal"


async def _stop(producer: Component) -> None:
    """A producer whose broker is away never finishes what it holds; whoever sent that was not told it is safe."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FLUSH_SECONDS):
            await producer.stop()


def _refuse_while_stopping(stopping: bool) -> None:
    if stopping:
        raise UnavailableError("ingest is stopping: send again", retry_after_seconds=1)
