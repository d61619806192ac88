"""The writer's tables in ClickHouse."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.ledger.domain.blocks import Block, Note, Span, UsageMark
from services.ledger.domain.columns import COLUMN_TYPES, columns

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
}

_NOTES = """
SELECT log_partition, first_offset, last_offset, usage_incarnation_before, usage_offset_before,
    usage_incarnation_after, usage_offset_after, written, toUnixTimestamp64Micro(noted_at)
FROM ledger_blocks FINAL
WHERE log_incarnation = {incarnation:String} AND log_partition IN {partitions:Array(Int32)}
"""

_RIVALS = """
SELECT DISTINCT log_partition
FROM ledger_blocks
WHERE log_incarnation = {incarnation:String} AND log_partition IN {partitions:Array(Int32)}
    AND writer != {writer:String} AND NOT written AND noted_at >= fromUnixTimestamp64Micro({since:Int64})
"""


class ClickHouseEntryStore:
    """Implements `handlers.write.EntryStore`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def notes(self, incarnation: str, partitions: Sequence[int]) -> tuple[Sequence[Note], Micros]:
        # The time is read first: a note that falls between the two reads is in both, never in neither.
        [[at]] = await self._clickhouse.query("SELECT toUnixTimestamp64Micro(now64(6, 'UTC'))")
        rows = await self._clickhouse.query(_NOTES, {"incarnation": incarnation, "partitions": list(partitions)})
        notes = [
            Note(partition, Span(first, last, UsageMark(*before), UsageMark(*after)), bool(written), noted_at)
            for partition, first, last, *marks, written, noted_at in rows
            for before, after in [(marks[:2], marks[2:])]
        ]
        return notes, at

    async def note(self, incarnation: str, writer: str, spans: Mapping[int, Span], *, written: bool) -> None:
        rows = [
            (incarnation, writer, written, partition, span.first, span.last, *span.before, *span.after)
            for partition, span in spans.items()
        ]
        await self._clickhouse.insert(
            "ledger_blocks", list(_NOTE_TYPES), list(zip(*rows, strict=True)), column_types=list(_NOTE_TYPES.values())
        )

    async def rivals(self, incarnation: str, writer: str, partitions: Sequence[int], since: Micros) -> Sequence[int]:
        parameters = {"incarnation": incarnation, "partitions": list(partitions), "writer": writer, "since": since}
        return [row[0] for row in await self._clickhouse.query(_RIVALS, parameters)]

    async def write(self, incarnation: str, block: Block) -> None:
        values = await asyncio.to_thread(columns, incarnation, block)
        await self._clickhouse.insert(
            "cost_entries",
            list(COLUMN_TYPES),
            values,
            column_types=list(COLUMN_TYPES.values()),
            deduplication_token=block.token(incarnation),
        )
