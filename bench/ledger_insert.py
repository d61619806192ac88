"""How fast cost records become ledger rows, against inserts of the same columns: by the client library from values,
and of bytes that were serialized before anything was measured."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ledger_rows import INCARNATION, LogRecord, batches
from services.common.clickhouse import ClickHouse, migrate
from services.common.kafka.record import Batch, Partition
from services.common.native_block import Column
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.metrics import Measures
from services.ledger.adapters.store import ClickHouseEntryStore
from services.ledger.domain.blocks import Block, PartitionCutter, Resume
from services.ledger.domain.columns import columns
from services.ledger.domain.entry import decode
from services.ledger.handlers.write import LedgerWriter
from tests.unit.ledger.rows_of_blocks import parsed

BATCH = 20_000
"""Records a writer takes on at once, by default."""

PARALLEL = 2
"""Blocks it writes at a time, by default."""

_WARM_UP = "the engine's first inserts"

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Inserted:
    """What inserting took, for each record: seconds that passed, and seconds of processors."""

    elapsed: float
    ours: float
    engines: float

    @property
    def a_core(self) -> float:
        """Records a second of one core that does our work and the engine's."""
        return 1 / (self.ours + self.engines)


class NewLog:
    """A log of which nothing was written yet."""

    incarnation = INCARNATION

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 2**40)

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return dict.fromkeys(partitions)


async def measure(settings: ClickHouseSettings, engine_pid: int, records: Sequence[LogRecord]) -> dict[str, Inserted]:
    """By way of inserting, each into tables of its own."""
    found: dict[str, Inserted] = {}
    cut = _blocks(records)
    ready = [columns(INCARNATION, block) for block in cut]
    values = [_values(one) for one in ready]

    async def writer(clickhouse: ClickHouse) -> None:
        ledger = LedgerWriter(ClickHouseEntryStore(clickhouse), Measures(), PARALLEL)
        partitions = {record.partition for record in records}
        await ledger.assigned([Partition("finops.costs.v1", number) for number in partitions], NewLog())
        for batch in batches(records, BATCH):
            await ledger.process(Batch(batch))

    async def bare(clickhouse: ClickHouse) -> None:
        slots = asyncio.Semaphore(PARALLEL)

        async def insert(block: Block, values: Sequence[Column]) -> None:
            async with slots:
                token = block.token(INCARNATION)
                await clickhouse.insert_columns("cost_entries", values, deduplication_token=token)

        await asyncio.gather(*map(insert, cut, ready))

    async def client(clickhouse: ClickHouse) -> None:
        slots = asyncio.Semaphore(PARALLEL)
        names, types = [column.name for column in ready[0]], [column.type for column in ready[0]]

        async def insert(block: Block, data: Sequence[Sequence[Any]]) -> None:
            async with slots:
                token = block.token(INCARNATION)
                await clickhouse.insert("cost_entries", names, data, column_types=types, deduplication_token=token)

        await asyncio.gather(*map(insert, cut, values))

    ways: dict[str, tuple[Callable[[ClickHouse], Awaitable[None]], bool]] = {
        # What an engine does once, after it was started, is no part of any of them.
        _WARM_UP: (bare, True),
        "LedgerWriter: decode, cut, note, insert": (writer, True),
        "columns of values, the client library's insert": (client, True),
        "columns serialized before, same tables and rollups": (bare, True),
        "columns serialized before, no rollups behind them": (bare, False),
    }
    for number, (name, (run, rollups)) in enumerate(ways.items()):
        own = settings.model_copy(update={"database": f"insert_{number}"})
        await migrate(own, ["services.ledger.migrations"])
        clickhouse = ClickHouse(own)
        if not rollups:
            for view in ("costs_hourly_view", "event_index_view", "costs_daily_view"):
                await clickhouse.command(f"DROP TABLE {view}")
        before, cpu, engine = time.perf_counter(), time.process_time(), _cpu(engine_pid)
        await run(clickhouse)
        found[name] = Inserted(
            (time.perf_counter() - before) / len(records),
            (time.process_time() - cpu) / len(records),
            (_cpu(engine_pid) - engine) / len(records),
        )
        [[rows]] = await clickhouse.query("SELECT count() FROM cost_entries")
        if rows != len(records):
            raise RuntimeError(f"{name}: {rows} rows of {len(records)} records")
        await clickhouse.command(f"DROP DATABASE {own.database}")
        await clickhouse.stop()
    del found[_WARM_UP]
    return found


def _blocks(records: Sequence[LogRecord]) -> list[Block]:
    """The very blocks the writer cuts."""
    cutters = {number: PartitionCutter(number, Resume()) for number in {record.partition for record in records}}
    cut: list[Block] = []
    for batch in batches(records, BATCH):
        for number, cutter in cutters.items():
            entries = [decode(record.offset, record.value) for record in batch if record.partition == number]
            cut += cutter.take(entries, entries[-1].offset)
    return cut


def _values(block: Sequence[Column]) -> Sequence[Sequence[Any]]:
    """The columns as Python values, as anybody hands them to the client library."""
    return [list(column) for column in parsed(block, {"FixedString": "bytes"}).result_columns]


def _cpu(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
