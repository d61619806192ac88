"""Writing the cost log into the ledger: each record once, whatever crashes in between."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from services.common.errors import UnavailableError
from services.common.kafka.record import Batch, Log, Partition, Record
from services.ledger.domain.blocks import Block, Note, PartitionCutter, Span, resume
from services.ledger.domain.entry import Entry, UnreadableRecordError, decode


class RivalWriterError(UnavailableError):
    """Another writer has taken a partition over: what this one holds is read again by whoever owns it now."""


class EntryStore(Protocol):
    """The tables a writer needs. Every method raises UnavailableError while the database is away."""

    async def notes(self, incarnation: str, partitions: Sequence[int]) -> tuple[Sequence[Note], int]:
        """The last notes of each writer these partitions ever had, and the number of the latest note of all."""
        ...

    async def note(self, incarnation: str, writer: str, spans: Mapping[int, Span], *, written: bool) -> None:
        """Notes blocks that are about to be written, or that have been."""
        ...

    async def rivals(self, incarnation: str, writer: str, partitions: Sequence[int], since: int) -> Sequence[int]:
        """Those of the partitions that another writer has noted a block of after the note of this number."""
        ...

    async def write(self, incarnation: str, block: Block) -> None:
        """Writes entries, rollups and index; what one of them already has of this block it leaves out."""
        ...


class WriteMeasures(Protocol):
    """What is counted about writing."""

    def wrote(self, block: Block) -> None: ...

    def dropped(self, entries: int) -> None: ...


class LedgerWriter:
    """The batch processor of finops.costs.v1.

    Args:
        store: where entries go.
        measures: what is counted.
        parallel_inserts: blocks of different partitions written at the same time.
    """

    def __init__(self, store: EntryStore, measures: WriteMeasures, parallel_inserts: int = 2) -> None:
        self._store = store
        self._measures = measures
        self._slots = asyncio.Semaphore(parallel_inserts)
        self._incarnation = ""
        self._writer = ""
        self._since = 0
        self._cutters: dict[int, PartitionCutter] = {}
        self._refused_below: dict[int, int] = {}

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        """Takes each partition up where the ledger's own notes say, whatever the group's committed offset."""
        numbers = [partition.partition for partition in partitions]
        notes, self._since = await self._store.notes(log.incarnation, numbers)
        committed = await log.committed_offsets(partitions)
        self._incarnation, self._writer = log.incarnation, uuid.uuid4().hex
        self._refused_below = {p.partition: committed.get(p) or 0 for p in partitions}
        starts = {number: resume(note for note in notes if note.partition == number) for number in numbers}
        self._cutters = {number: PartitionCutter(number, start) for number, start in starts.items()}
        return {partition: starts[partition.partition].offset for partition in partitions}

    async def process(self, batch: Batch) -> None:
        """Returns once the batch is in the entries and in every rollup.

        Raises:
            UnavailableError: the database is away, or another writer has taken over.
        """
        blocks = await asyncio.to_thread(self._cut, batch)
        await batch.send_rejections()
        # A block is taken on only once the one before it is noted as written: so at most one of a partition is open.
        replayed = [block for block in blocks if block.noted]
        if replayed:
            await self._write(replayed)
            await self._done({block.partition: block.span for block in replayed})
        fresh = [block for block in blocks if not block.noted]
        if fresh:
            await self._claim({block.partition: block.span for block in fresh})
            await self._write(fresh)
            await self._done({block.partition: self._covered(block) for block in fresh})

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            self._cutters.pop(partition.partition, None)

    async def _claim(self, spans: Mapping[int, Span]) -> None:
        await self._store.note(self._incarnation, self._writer, spans, written=False)
        rivals = await self._store.rivals(self._incarnation, self._writer, list(spans), self._since)
        if rivals:
            raise RivalWriterError(f"another ledger writes partitions {sorted(rivals)} of the cost log too")

    async def _done(self, spans: Mapping[int, Span]) -> None:
        await self._store.note(self._incarnation, self._writer, spans, written=True)

    def _cut(self, batch: Batch) -> list[Block]:
        """Runs in a thread: decoding ten thousand records takes a tenth of a second."""
        blocks: list[Block] = []
        for number, group in groupby(sorted(batch.records, key=_position), key=lambda record: record.partition):
            records = list(group)
            cutter = self._cutters[number]
            dropped_before = cutter.dropped
            blocks += cutter.take(self._readable(batch, records), records[-1].offset)
            self._measures.dropped(cutter.dropped - dropped_before)
        return blocks

    def _readable(self, batch: Batch, records: Sequence[Record]) -> list[Entry]:
        entries: list[Entry] = []
        for record in records:
            try:
                entries.append(decode(record.offset, record.value))
            except UnreadableRecordError as error:
                # Below the committed offset it was sent aside before; it is met again on the way to a block's end.
                if record.offset >= self._refused_below.get(record.partition, 0):
                    batch.reject(record, error.reason, str(error))
        return entries

    def _covered(self, block: Block) -> Span:
        return block.span._replace(last=max(block.span.last, self._cutters[block.partition].through))

    async def _write(self, blocks: Sequence[Block]) -> None:
        """Waits for all of them even when one fails, so that nothing is under way while state is loaded again."""

        async def write(block: Block) -> None:
            async with self._slots:
                await self._store.write(self._incarnation, block)
            self._measures.wrote(block)

        outcomes = await asyncio.gather(*(write(block) for block in blocks), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


def _position(record: Record) -> tuple[int, int]:
    return record.partition, record.offset
