"""Deletes a segment once the ledger holds every event in it, for a broker that may lose what it acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from services.common.errors import ApiError
from services.common.log import get_logger
from services.ingest.adapters import metrics
from services.ingest.adapters.journal.forwarder import Forwarder
from services.ingest.adapters.journal.journal import Journal
from services.ingest.adapters.journal.segment import Segment

log = get_logger(__name__)

ASK_AT_ONCE = 5_000
"""Keys in one question to the ledger."""
_LONGEST_RESEND_SECONDS = 600.0


class Ledger(Protocol):
    """What the ledger answers; services.ingest.adapters.ledger.LedgerKeys is one."""

    async def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Content hashes by event key, of those it holds. Raises ApiError while it is away."""
        ...

    async def rated(self) -> Mapping[int, int]:
        """Highest offset of the usage log, by partition, that what it holds came from. Raises ApiError as above."""
        ...


class Retirement:
    """Looks at the oldest segments now and then.

    Segments go strictly in order, so that what is left always ends with the latest revision of every key: sent again
    from its start, it ends in the right state.
    """

    def __init__(
        self,
        journal: Journal,
        forwarder: Forwarder,
        ledger: Ledger,
        *,
        poll_seconds: float,
        seal_after_seconds: float,
        resend_after_seconds: float,
    ) -> None:
        self._journal = journal
        self._forwarder = forwarder
        self._ledger = ledger
        self._poll = poll_seconds
        self._seal_after = seal_after_seconds
        self._first_patience = self._patience = resend_after_seconds
        self._missing: dict[bytes, bytes] = {}
        """Content hash by key, of the oldest segment's events that the ledger does not hold yet."""
        self._missing_of: Segment | None = None
        self._progress_at = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self.trouble = ""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            try:
                await self.look()
                self.trouble = ""
            except ApiError as error:
                self.trouble = f"the ledger does not confirm what the journal holds: {error.message}"
            except OSError as error:
                self.trouble = f"the journal cannot be read: {error}"
                log.error("journal cannot be read", error=str(error))

    async def look(self) -> None:
        """Deletes the segments at the front that the ledger holds; where nothing moves for long, sends all again.

        Raises:
            ApiError: the ledger is away.
        """
        await self._journal.roll(older_than_seconds=self._seal_after)
        while self._journal.segments and self._forwarder.has_sent(self._journal.segments[0]):
            segment = self._journal.segments[0]
            if not await self._is_held(segment) and not await self._is_worked_off(segment):
                self._resend_if_stuck()
                return
            await self._journal.discard_first()
            self._moved()

    async def _is_held(self, segment: Segment) -> bool:
        if self._missing_of is not segment:
            self._missing, self._missing_of = await self._contents([segment]), segment
            # Waiting begins now: before, there may have been nothing to wait for.
            self._moved()
        superseded: dict[bytes, bytes] = {}
        # The latest first: while they are missing there is no use in asking about the rest.
        keys = list(reversed(self._missing))
        for start in range(0, len(keys), ASK_AT_ONCE):
            asked = keys[start : start + ASK_AT_ONCE]
            known = await self._ledger.known(asked)
            for key in asked:
                if known.get(key) == self._missing[key]:
                    del self._missing[key]
                    self._moved()
                elif key in known:
                    superseded[key] = known[key]
            if len(known) < len(asked):
                return False
        await self._forgive(superseded, segment)
        return not self._missing

    async def _is_worked_off(self, segment: Segment) -> bool:
        """True where the ledger has events that came after everything in the segment, in each partition.

        Events are rated and written in the order of their partition, so what it lacks now will not come any more: an
        estimate after the final record, a revision that a mended dead letter replaced, or an event that nobody could
        rate. The last kind is kept in a file aside; on the broker it is a dead letter.
        """
        reached, rated = self._forwarder.reached(segment), await self._ledger.rated()
        if not reached or any(rated.get(partition, -1) <= offset for partition, offset in reached.items()):
            return False
        known: set[bytes] = set()
        keys = list(self._missing)
        for start in range(0, len(keys), ASK_AT_ONCE):
            known.update(await self._ledger.known(keys[start : start + ASK_AT_ONCE]))
        refused = self._missing.keys() - known
        if refused:
            aside = await self._journal.set_aside(segment, refused)
            metrics.REFUSED.inc(len(refused))
            log.error("events were never rated; they are kept aside", events=len(refused), file=str(aside))
        self._missing = {}
        return True

    async def _forgive(self, superseded: Mapping[bytes, bytes], segment: Segment) -> None:
        """An event is also held where the ledger holds a later revision of it, which a later segment knows."""
        if not superseded:
            return
        later = [other for other in self._journal.segments if other.number > segment.number]
        revisions = await self._revisions(later, superseded.keys())
        for key, content_hash in superseded.items():
            if content_hash in revisions.get(key, ()):
                del self._missing[key]

    async def _contents(self, segments: Sequence[Segment]) -> dict[bytes, bytes]:
        return {key: hashes[-1] for key, hashes in (await self._revisions(segments, None)).items()}

    async def _revisions(self, segments: Sequence[Segment], only: Collection[bytes] | None) -> dict[bytes, list[bytes]]:
        """Content hashes by key, in the order they were accepted."""
        found: dict[bytes, list[bytes]] = {}
        for segment in segments:
            offset = 0
            while offset < segment.durable:
                stored, offset = await self._journal.read(segment, offset)
                for event, _ in stored:
                    if only is None or event.key in only:
                        found.setdefault(event.key, []).append(event.content_hash)
        return found

    def _moved(self) -> None:
        self._progress_at = time.monotonic()
        self._patience = self._first_patience

    def _resend_if_stuck(self) -> None:
        if time.monotonic() - self._progress_at < self._patience:
            return
        log.warning("journal is sent again: the ledger lacks events of it", missing=len(self._missing))
        self._forwarder.rewind()
        self._progress_at = time.monotonic()
        self._patience = min(2 * self._patience, _LONGEST_RESEND_SECONDS)
