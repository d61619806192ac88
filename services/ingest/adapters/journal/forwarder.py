"""Sends the journal on to Kafka, in order, as long as there is something in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import SECOND, Clock
from services.common.errors import UnavailableError
from services.common.log import get_logger
from services.ingest.adapters import metrics
from services.ingest.adapters.journal.frames import Stored
from services.ingest.adapters.journal.journal import Journal
from services.ingest.adapters.journal.segment import Segment

log = get_logger(__name__)

_SEND_TIMEOUT_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0


class Sink(Protocol):
    """Where events go; services.ingest.adapters.usage_log.UsageLog is one."""

    async def send(self, stored: Sequence[Stored], *, timeout_seconds: float) -> Mapping[int, int]:
        """Returns once all are durable there: the highest offset by partition. Raises UnavailableError."""
        ...


class Forwarder:
    """Remembers in memory how far it has sent: a new process sends what is left again; duplicates are dropped later."""

    def __init__(self, journal: Journal, sink: Sink, clock: Clock, *, discard_when_sent: bool) -> None:
        self._journal = journal
        self._sink = sink
        self._clock = clock
        self._discard = discard_when_sent
        self._number = 0
        self._offset = 0
        self._rewinds = 0
        self._reached: dict[int, dict[int, int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._settled.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def has_sent(self, segment: Segment) -> bool:
        """True once everything in a sealed segment was acknowledged."""
        return segment.sealed and (
            segment.number < self._number or (segment.number == self._number and self._offset >= segment.durable)
        )

    def reached(self, segment: Segment) -> Mapping[int, int]:
        """Highest offset in the usage log, by partition, that this process sent events of a segment to."""
        return self._reached.get(segment.number, {})

    def rewind(self) -> None:
        """Sends all of it again, from the oldest segment on. Only a whole replay keeps a key's revisions in order."""
        self._number, self._offset = 0, 0
        self._rewinds += 1
        self._journal.grown.set()
        metrics.RESENT.inc()

    async def nearly_done(self, timeout_seconds: float) -> None:
        """Where the last events of the journal are on their way, waits for them, but not longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._settled.wait()

    @property
    def finishing(self) -> bool:
        """True while the last events of the journal are on their way."""
        return not self._settled.is_set()

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            self._journal.grown.clear()
            try:
                sent = await self._send_next()
            except UnavailableError as error:
                if pause == _FIRST_PAUSE_SECONDS:
                    log.warning("journal waits to be sent on", error=error.message, bytes=self._journal.bytes)
                self._settled.set()
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                continue
            except OSError as error:
                log.error("journal cannot be read", error=str(error))
                self._settled.set()
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            if not sent:
                self._settled.set()
                metrics.JOURNAL_OLDEST_SECONDS.set(0)
                await self._journal.grown.wait()

    async def _send_next(self) -> bool:
        """Sends one piece of the journal; False: there is none."""
        while (segment := self._current()) is not None:
            if self._offset < segment.durable:
                rewinds = self._rewinds
                stored, end = await self._journal.read(segment, self._offset)
                if stored:
                    if self._discard and self._is_end(segment, end):
                        self._settled.clear()
                    self._tell_age(stored[0])
                    self._note(segment, await self._sink.send(stored, timeout_seconds=_SEND_TIMEOUT_SECONDS))
                    metrics.FORWARDED.inc(len(stored))
                if rewinds == self._rewinds:
                    self._offset = end
                if stored:
                    return True
            elif self._discard and not segment.sealed:
                await self._journal.roll()
            elif self._discard:
                await self._journal.discard_first()
            elif segment.sealed:
                self._number, self._offset = segment.number + 1, 0
            else:
                return False
        return False

    def _note(self, segment: Segment, offsets: Mapping[int, int]) -> None:
        if segment.number not in self._reached:
            held = {other.number for other in self._journal.segments}
            self._reached = {number: reached for number, reached in self._reached.items() if number in held}
        reached = self._reached.setdefault(segment.number, {})
        for partition, offset in offsets.items():
            reached[partition] = max(offset, reached.get(partition, -1))

    def _current(self) -> Segment | None:
        """The first segment not sent whole."""
        for segment in self._journal.segments:
            if segment.number >= self._number:
                if segment.number != self._number:
                    self._number, self._offset = segment.number, 0
                return segment
        return None

    def _is_end(self, segment: Segment, offset: int) -> bool:
        last = self._journal.segments[-1]
        return segment is last and offset >= segment.durable and not self._journal.writing

    def _tell_age(self, stored: Stored) -> None:
        received = UsageEvent.FromString(stored.event.value).received_unix_micros
        metrics.JOURNAL_OLDEST_SECONDS.set(max(0, self._clock.now() - received) / SECOND)
