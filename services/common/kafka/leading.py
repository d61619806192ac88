"""Which of several processes of a group does what only one of them should do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.common.kafka.record import Batch, BatchProcessor, Log, Partition


class Leadership:
    """Whether this process is the one: whoever reads partition 0 is, however many processes there are."""

    def __init__(self) -> None:
        self.held = False
        self.gained = asyncio.Event()
        """Set when it may have become so."""


class Leading:
    """A BatchProcessor that keeps a leadership up to date on behalf of another processor, which does the work."""

    def __init__(self, processor: BatchProcessor, leadership: Leadership) -> None:
        self._processor = processor
        self._leadership = leadership

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        starts = await self._processor.assigned(partitions, log)
        self._leadership.held = any(partition.partition == 0 for partition in partitions)
        self._leadership.gained.set()
        return starts

    async def process(self, batch: Batch) -> None:
        await self._processor.process(batch)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        self._leadership.held = False
        await self._processor.revoked(partitions)
