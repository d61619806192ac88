"""The writer's tables in ClickHouse."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.common.clickhouse import ClickHouse
from services.common.clock import Clock, Micros, SystemClock, to_datetime
from services.ledger.domain.blocks import Block, Note, Span
from services.ledger.domain.columns import columns
from services.ledger.domain.entry import UsageMark

_NOTE_TYPES = {
    "log_incarnation": "LowCardinality(String)",
    "writer": "String",
    "written": "Bool",
    "log_partition": "Int32",
    "first_offset": "Int64",
    "last_offset": "Int64",
    "usage_incarnation_before": "String",
    "usage_offset_before": "Int64",
    "usage_incarnation_after": "String",
    "usage_offset_after": "Int64",
    "noted_at": "DateTime64(6, 'UTC')",
}

_NOTES = """
SELECT log_partition, first_offset, last_offset, usage_incarnation_before, usage_offset_before,
    usage_incarnation_after, usage_offset_after, written, _block_number
FROM ledger_blocks FINAL
WHERE log_incarnation = {incarnation:String} AND log_partition IN {partitions:Array(Int32)}
"""

_RIVALS = """
SELECT DISTINCT log_partition
FROM ledger_blocks
WHERE log_incarnation = {incarnation:String} AND log_partition IN {partitions:Array(Int32)}
    AND writer != {writer:String} AND NOT written AND _block_number > {since:Int64}
"""


class ClickHouseEntryStore:
    """Implements `handlers.write.EntryStore`."""

    def __init__(self, clickhouse: ClickHouse, clock: Clock | None = None) -> None:
        self._clickhouse = clickhouse
        self._clock = clock or SystemClock()
        self._noted_at: Micros = 0
        self._preparing = asyncio.Lock()

    async def notes(self, incarnation: str, partitions: Sequence[int]) -> tuple[Sequence[Note], int]:
        # The number is read first: a note that is committed between the two reads is in both, never in neither.
        [[number]] = await self._clickhouse.query("SELECT toInt64(max(_block_number)) FROM ledger_blocks")
        rows = await self._clickhouse.query(_NOTES, {"incarnation": incarnation, "partitions": list(partitions)})
        notes = [
            Note(partition, Span(first, last, UsageMark(*before), UsageMark(*after)), bool(written), committed)
            for partition, first, last, *marks, written, committed in rows
            for before, after in [(marks[:2], marks[2:])]
        ]
        return notes, number

    async def note(self, incarnation: str, writer: str, spans: Mapping[int, Span], *, written: bool) -> None:
        # Of a writer's notes the one of the latest moment is kept: a clock that steps back must not bring an older one.
        self._noted_at = max(self._clock.now(), self._noted_at + 1)
        noted_at = to_datetime(self._noted_at)
        rows = [
            (incarnation, writer, written, partition, span.first, span.last, *span.before, *span.after, noted_at)
            for partition, span in spans.items()
        ]
        await self._clickhouse.insert(
            "ledger_blocks", list(_NOTE_TYPES), list(zip(*rows, strict=True)), column_types=list(_NOTE_TYPES.values())
        )

    async def rivals(self, incarnation: str, writer: str, partitions: Sequence[int], since: int) -> Sequence[int]:
        parameters = {"incarnation": incarnation, "partitions": list(partitions), "writer": writer, "since": since}
        return [row[0] for row in await self._clickhouse.query(_RIVALS, parameters)]

    async def write(self, incarnation: str, block: Block) -> None:
        # One at a time: threads that take turns would all be done at once, and the database idle until then.
        async with self._preparing:
            values = await asyncio.to_thread(columns, incarnation, block)
        await self._clickhouse.insert_columns("cost_entries", values, deduplication_token=block.token(incarnation))
