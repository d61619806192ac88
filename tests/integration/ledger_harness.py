"""A ledger on a real engine, fed without a broker: for tests about what its tables hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.auth import Principal, Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import Clock
from services.common.kafka.record import Batch, Partition, Rejection
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.audit import ClickHouseAudit
from services.ledger.adapters.metrics import Measures
from services.ledger.adapters.reader import ClickHouseReader
from services.ledger.adapters.store import ClickHouseEntryStore
from services.ledger.domain.blocks import Block, Note, Span
from services.ledger.handlers.queries import LedgerQueries
from services.ledger.handlers.write import LedgerWriter
from tests.unit.ledger.records import INCARNATION, LogRecord

TOPIC = "finops.costs.v1"
MIGRATIONS = ["services.ledger.migrations"]
_MEASURES = Measures()


class FakeLog:
    """The partitions a writer was given; nothing was ever committed unless said so."""

    def __init__(self, incarnation: str = INCARNATION, committed: Mapping[int, int] | None = None) -> None:
        self.incarnation = incarnation
        self._committed = committed or {}

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 2**40)

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return {p: self._committed.get(p.partition) for p in partitions}


class CrashError(Exception):
    """The writer died here."""


@dataclass
class CrashingStore:
    """The real store, that dies once at a chosen step: `note`, `rivals`, `write`, `wrote` or `note_written`."""

    inner: ClickHouseEntryStore
    step: str = ""
    after: int = 0

    def _maybe(self, step: str) -> None:
        if step == self.step:
            if self.after == 0:
                self.step = ""
                raise CrashError(step)
            self.after -= 1

    async def notes(self, incarnation: str, partitions: Sequence[int]) -> tuple[Sequence[Note], int]:
        return await self.inner.notes(incarnation, partitions)

    async def note(self, incarnation: str, writer: str, spans: Mapping[int, Span], *, written: bool) -> None:
        self._maybe("note_written" if written else "note")
        await self.inner.note(incarnation, writer, spans, written=written)

    async def rivals(self, incarnation: str, writer: str, partitions: Sequence[int], since: int) -> Sequence[int]:
        self._maybe("rivals")
        return await self.inner.rivals(incarnation, writer, partitions, since)

    async def write(self, incarnation: str, block: Block) -> None:
        self._maybe("write")
        await self.inner.write(incarnation, block)
        self._maybe("wrote")


@dataclass
class TestLedger:
    """Tables of one database, and what reads and writes them."""

    __test__ = False

    clickhouse: ClickHouse
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def queries(self) -> LedgerQueries:
        return LedgerQueries(ClickHouseReader(self.clickhouse), _MEASURES)

    @property
    def audit(self) -> ClickHouseAudit:
        return ClickHouseAudit(self.clickhouse)

    def store(self, clock: Clock | None = None) -> ClickHouseEntryStore:
        return ClickHouseEntryStore(self.clickhouse, clock)

    async def consume(
        self,
        log: Mapping[int, Sequence[bytes]],
        sizes: Sequence[int],
        *,
        store: CrashingStore | None = None,
        incarnation: str = INCARNATION,
    ) -> None:
        """One writer's life: takes the partitions over and reads each from where it says to the end."""
        writer = LedgerWriter(store or self.store(), _MEASURES)
        partitions = [Partition(TOPIC, number) for number in log]
        starts = await writer.assigned(partitions, FakeLog(incarnation))
        pending = [
            LogRecord(offset, log[p.partition][offset], p.partition)
            for p in partitions
            for offset in range(starts[p], len(log[p.partition]))
        ]
        turn = 0
        while pending:
            size = sizes[turn % len(sizes)]
            batch = Batch(pending[:size])
            await writer.process(batch)
            self.rejections += batch.rejections
            pending, turn = pending[size:], turn + 1

    async def write(self, *records: CostRecord, partition: int = 0, incarnation: str = INCARNATION) -> None:
        """Writes these as the whole log of a partition."""
        await self.consume({partition: [r.SerializeToString() for r in records]}, [1_000], incarnation=incarnation)

    async def figures(self) -> dict[str, tuple[int, ...]]:
        """Cost, events, input tokens and unpriced events of each table; keys and cost of the index."""
        rollup = "sum(cost_picos), sum(events), sum(input_tokens), sum(unpriced_events)"
        entries = (
            "sum(toInt128(cost_picos_delta)), sum(events_delta), sum(input_tokens_delta), sum(unpriced_events_delta)"
        )
        asked = {
            "entries": f"SELECT {entries} FROM cost_entries FINAL",
            "entries as stored": f"SELECT {entries} FROM cost_entries",
            "hourly": f"SELECT {rollup} FROM costs_hourly",
            "daily": f"SELECT {rollup} FROM costs_daily",
            "index": "SELECT count(), sum(cost_picos) FROM event_index FINAL",
        }
        return {name: tuple(map(int, (await self.clickhouse.query(sql))[0])) for name, sql in asked.items()}


@asynccontextmanager
async def ledger(settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    await migrate(settings, MIGRATIONS)
    clickhouse = ClickHouse(settings)
    try:
        yield TestLedger(clickhouse)
    finally:
        await clickhouse.stop()


def viewer(tenant: str = "acme") -> Principal:
    return Principal(tenant, Role.VIEWER, "k", "viewer")


def platform(acting_for: str = "aifinops") -> Principal:
    return Principal(acting_for, Role.SERVICE, "s", "service")
