"""The journal: an append is done once fsync has returned, and many appends share one fsync."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

from services.common.directory import DirectoryLock
from services.common.errors import UnavailableError
from services.common.log import get_logger
from services.ingest.adapters import metrics
from services.ingest.adapters.journal import frames
from services.ingest.adapters.journal.frames import Stored
from services.ingest.adapters.journal.segment import SUFFIX, Segment
from services.ingest.domain.identity import Event

log = get_logger(__name__)

P = ParamSpec("P")

_COMMIT_BYTES = 8 * 1024 * 1024
_RETRY_AFTER_SECONDS = 5.0
_FAILURE_SECONDS = 10.0
"""A failed write counts against health this long; then the next event tries again."""


@dataclass(frozen=True)
class Limits:
    """How much of the disk a journal may take."""

    max_bytes: int
    segment_bytes: int
    min_free_bytes: int


class Journal:
    """Numbered segment files in one directory, the oldest first; only the last is written."""

    def __init__(self, directory: Path, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits
        self._lock = DirectoryLock(
            directory,
            what="the journal",
            advice="give each ingest process its own AIFINOPS_INGEST__JOURNAL_DIR",
        )
        self._segments: list[Segment] = []
        self._next_number = 0
        self._active_since = 0.0
        # One thread, so that writes, rolls and removals happen in the order they were asked for.
        self._thread = ThreadPoolExecutor(1, "journal")
        self._queue: list[tuple[bytes, asyncio.Future[None]]] = []
        self._queued_bytes = 0
        self._committing: asyncio.Task[None] | None = None
        self._failure = ""
        self._failed_at = 0.0
        self._closed = False
        self.grown = asyncio.Event()
        """Set after each commit; whoever waits for it clears it."""

    # -- life

    async def open(self) -> None:
        """Takes the directory and finds what an earlier process left.

        Raises:
            DirectoryLocked: another process has it.
            OSError: the directory cannot be used.
        """
        await self._in_thread(self._open)
        if self._segments:
            log.info("journal holds events of an earlier run", segments=len(self._segments), bytes=self.bytes)

    def _open(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock.acquire()
        self._segments = [Segment.recover(path) for path in sorted(self._directory.glob(f"*{SUFFIX}"))]
        self._next_number = self._segments[-1].number + 1 if self._segments else 1

    async def close(self) -> None:
        """Finishes what was appended and lets go of the directory. What is in the files stays."""
        self._closed = True
        while self._committing is not None and not self._committing.done():
            await asyncio.wait([self._committing])
        await self._in_thread(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        for segment in self._segments:
            segment.close()
        self._lock.release()

    # -- writing

    async def append(self, events: Iterable[Event], traceparent: str) -> None:
        """Returns once the events are on disk.

        Raises:
            UnavailableError: there is no room, or the disk does not take them; none of them counts as written.
        """
        data = frames.encode(events, traceparent)
        full = self.full(len(data)) or ("the journal is closed" if self._closed else "")
        if full:
            raise UnavailableError(full, retry_after_seconds=_RETRY_AFTER_SECONDS)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((data, done))
        self._queued_bytes += len(data)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_queued())
        await done

    async def _commit_queued(self) -> None:
        while self._queue:
            group, size = [], 0
            while self._queue and size < _COMMIT_BYTES:
                group.append(self._queue.pop(0))
                size += len(group[-1][0])
            error = await self._commit(b"".join(data for data, _ in group))
            self._queued_bytes -= size
            for _, done in group:
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(UnavailableError(error, retry_after_seconds=_RETRY_AFTER_SECONDS))
            self.grown.set()
            metrics.JOURNAL_BYTES.set(self.bytes)

    async def _commit(self, data: bytes) -> str | None:
        started = time.perf_counter()
        try:
            await self._in_thread(self._write, data)
        except OSError as error:
            self._failure = f"the journal cannot be written: {error.strerror or error}"
            self._failed_at = time.monotonic()
            log.error("journal write failed", directory=str(self._directory), error=str(error))
            return self._failure
        self._failure = ""
        metrics.JOURNAL_COMMIT_SECONDS.observe(time.perf_counter() - started)
        return None

    def _write(self, data: bytes) -> None:
        last = self._segments[-1] if self._segments else None
        if last is None or last.sealed or last.durable + len(data) > self._limits.segment_bytes:
            if last is not None:
                last.close()
            last = Segment.create(self._directory, self._next_number)
            self._next_number += 1
            self._active_since = time.monotonic()
            self._segments.append(last)
        last.append(data)

    async def roll(self, *, older_than_seconds: float = 0.0) -> None:
        """Seals the segment being written, if it is old enough; the next append starts another."""
        if self._segments and time.monotonic() - self._active_since >= older_than_seconds:
            await self._in_thread(self._roll)

    def _roll(self) -> None:
        if self._segments:
            self._segments[-1].close()

    # -- reading

    @property
    def segments(self) -> Sequence[Segment]:
        """Those there are, the oldest first."""
        return self._segments

    @property
    def is_empty(self) -> bool:
        """True while it holds nothing and nothing is being appended."""
        return not self._segments and not self.writing

    @property
    def writing(self) -> bool:
        """True while an append is under way."""
        return self._queued_bytes > 0

    async def read(self, segment: Segment, offset: int) -> tuple[list[Stored], int]:
        """As Segment.read, off the event loop."""
        return await asyncio.to_thread(segment.read, offset)

    async def set_aside(self, segment: Segment, keys: Collection[bytes]) -> Path:
        """Copies some events of a segment to a file of their own, durably. Raises OSError."""
        chosen: list[Stored] = []
        offset = 0
        while offset < segment.durable:
            stored, offset = await self.read(segment, offset)
            chosen += [one for one in stored if one.event.key in keys]
        return await asyncio.to_thread(segment.set_aside, chosen)

    async def discard_first(self) -> None:
        """Deletes the oldest segment."""
        segment = self._segments[0]
        await self._in_thread(segment.discard)
        self._segments.remove(segment)
        metrics.JOURNAL_BYTES.set(self.bytes)

    # -- room

    @property
    def bytes(self) -> int:
        """On disk and on their way there."""
        return sum(segment.durable for segment in self._segments) + self._queued_bytes

    def full(self, more: int = 0) -> str:
        """Why `more` bytes find no room; empty where they do."""
        if self.bytes + more > self._limits.max_bytes:
            return f"the journal is full: {self.bytes} of {self._limits.max_bytes} bytes wait to be sent on"
        try:
            disk = os.statvfs(self._directory)
        except OSError as error:
            return f"the journal's directory {self._directory} cannot be used: {error.strerror}"
        if disk.f_bavail * disk.f_frsize - self._queued_bytes - more < self._limits.min_free_bytes:
            return f"the disk of {self._directory} has less than {self._limits.min_free_bytes} bytes free"
        return ""

    @property
    def trouble(self) -> str:
        """Why the last write failed, for a while, or why no further one would succeed; empty in health."""
        recent = time.monotonic() - self._failed_at < _FAILURE_SECONDS
        return (self._failure if recent else "") or self.full()

    async def _in_thread(self, work: Callable[P, None], *arguments: P.args, **_: P.kwargs) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)
