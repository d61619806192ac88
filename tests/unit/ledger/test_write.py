"""The writer's order of steps: noted, written, noted as written; and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from finops.cost.v1.cost_pb2 import CostRecord

from services.common.kafka.record import Batch, Partition
from services.ledger.domain.blocks import Block, Note, Span
from services.ledger.handlers.write import LedgerWriter, RivalWriterError
from tests.unit.ledger.records import INCARNATION, LogRecord, cost_record

TOPIC = "finops.costs.v1"


@dataclass
class Memory:
    """A store that keeps everything in order."""

    steps: list[str] = field(default_factory=list)
    kept: list[Note] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    rival_partitions: Sequence[int] = ()
    noted: int = 0

    async def notes(self, incarnation: str, partitions: Sequence[int]) -> tuple[Sequence[Note], int]:
        return self.kept, self.noted

    async def note(self, incarnation: str, writer: str, spans: Mapping[int, Span], *, written: bool) -> None:
        self.steps.append("note_written" if written else "note")
        self.noted += 1
        self.kept += [Note(partition, span, written, self.noted) for partition, span in spans.items()]

    async def rivals(self, incarnation: str, writer: str, partitions: Sequence[int], since: int) -> Sequence[int]:
        return self.rival_partitions

    async def write(self, incarnation: str, block: Block) -> None:
        self.steps.append("write")
        token = block.token(incarnation)
        if token not in self.tokens:
            self.tokens.append(token)
            self.rows += [CostRecord.FromString(entry.raw).usage.source_event_id for entry in block.entries]


@dataclass
class Counting:
    written: int = 0
    left_out: int = 0

    def wrote(self, block: Block) -> None:
        self.written += len(block.entries)

    def dropped(self, entries: int) -> None:
        self.left_out += entries


class Given:
    def __init__(self, committed: int | None = None) -> None:
        self.incarnation = INCARNATION
        self._committed = committed

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 1_000)

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return dict.fromkeys(partitions, self._committed)


def _record(offset: int, usage_offset: int | None = None, partition: int = 0) -> LogRecord:
    usage = offset if usage_offset is None else usage_offset
    record = cost_record(f"{partition}/{offset}", usage_offset=usage, usage_partition=partition)
    return LogRecord(offset, record.SerializeToString(), partition)


async def _writer(store: Memory, partitions: int = 1, committed: int | None = None) -> tuple[LedgerWriter, list[int]]:
    writer = LedgerWriter(store, Counting())
    given = [Partition(TOPIC, p) for p in range(partitions)]
    starts = await writer.assigned(given, Given(committed))
    return writer, [starts[p] for p in given]


async def test_starts_at_the_beginning_whatever_the_group_committed() -> None:
    _, starts = await _writer(Memory(), 2, committed=50)
    assert starts == [0, 0]


async def test_each_block_is_noted_before_and_after_it_is_written() -> None:
    store = Memory()
    writer, _ = await _writer(store, 2)
    await writer.process(Batch([_record(1, partition=1), _record(0), _record(1), _record(0, partition=1)]))
    assert store.steps == ["note", "write", "write", "note_written"]
    assert sorted(store.tokens) == [f"{INCARNATION}:0:0-1", f"{INCARNATION}:1:0-1"]
    assert sorted(store.rows) == ["0/0", "0/1", "1/0", "1/1"]


async def test_nothing_is_written_while_another_writer_holds_the_partition() -> None:
    store = Memory(rival_partitions=[0])
    writer, _ = await _writer(store)
    with pytest.raises(RivalWriterError, match=r"\[0\]"):
        await writer.process(Batch([_record(0)]))
    assert store.rows == []


async def test_goes_on_behind_what_was_written_or_left_out() -> None:
    store = Memory()
    writer, _ = await _writer(store)
    await writer.process(Batch([_record(0, 7), _record(1, 8), _record(2, 8)]))
    successor, starts = await _writer(store)
    assert starts == [3]
    await successor.process(Batch([_record(3, 8), _record(4, 9)]))
    assert store.rows == ["0/0", "0/1", "0/4"]


async def test_a_block_under_way_is_written_again_under_its_token() -> None:
    store = Memory()
    writer, _ = await _writer(store)
    log = [_record(n) for n in range(6)]
    await writer.process(Batch(log[:3]))
    store.kept = [note for note in store.kept if not note.written]
    successor, starts = await _writer(store)
    assert starts == [0]
    await successor.process(Batch(log[:2]))
    assert store.steps[3:] == [], "waits for the whole block"
    await successor.process(Batch(log[2:]))
    assert store.tokens == [f"{INCARNATION}:0:0-2", f"{INCARNATION}:0:3-5"]
    assert store.rows == [f"0/{n}" for n in range(6)]
    assert max(note.span.last for note in store.kept if note.written) == 5


async def test_a_block_written_again_is_noted_as_written_before_the_next_is_taken_on() -> None:
    """Else a crash after both would leave two open, and only the first of them would be cut the same way again."""
    store = Memory()
    log = [_record(n) for n in range(6)]
    first, _ = await _writer(store)
    await first.process(Batch(log[:3]))
    store.kept = [note for note in store.kept if not note.written]
    second, _ = await _writer(store)
    store.steps.clear()
    await second.process(Batch(log[:5]))
    assert store.steps == ["write", "note_written", "note", "write", "note_written"]
    store.kept.pop()
    third, [start] = await _writer(store)
    assert start == 3
    await third.process(Batch(log[3:]))
    assert store.tokens == [f"{INCARNATION}:0:0-2", f"{INCARNATION}:0:3-4", f"{INCARNATION}:0:5-5"]
    assert store.rows == [f"0/{n}" for n in range(6)]


async def test_poison_is_sent_aside_once_and_not_again_on_the_way_to_a_blocks_end() -> None:
    store = Memory()
    log = [_record(0), LogRecord(1, b"\xff"), _record(2)]
    writer, _ = await _writer(store)
    first = Batch(log)
    await writer.process(first)
    assert [r.record.offset for r in first.rejections] == [1]
    store.kept = [note for note in store.kept if not note.written]
    successor, _ = await _writer(store, committed=3)
    second = Batch([*log, LogRecord(3, b"\xff")])
    await successor.process(second)
    assert [r.record.offset for r in second.rejections] == [3]
    assert store.rows == ["0/0", "0/2"]


async def test_what_does_not_rise_is_left_out_and_counted() -> None:
    store, counting = Memory(), Counting()
    writer = LedgerWriter(store, counting)
    await writer.assigned([Partition(TOPIC, 0)], Given())
    await writer.process(Batch([_record(0, 5), _record(1, 5), _record(2, 3)]))
    assert (counting.written, counting.left_out) == (1, 2)
