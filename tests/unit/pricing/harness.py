"""A rater between logs in memory: what Kafka, the ledger and the pricing service are to it, with faults on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from finops.cost.v1.cost_pb2 import CostRecord, Rating
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import MINUTE, ManualClock
from services.common.errors import UnavailableError
from services.common.kafka.record import Batch, Partition
from services.pricing.domain.booked_columns import BookedColumns, Changes, gathered, judged
from services.pricing.domain.rating import Pricer, UnpriceableError
from services.pricing.domain.revisions import Known
from services.pricing.handlers.ports import Rated, RatedBatch, Refused, Written
from services.pricing.handlers.rater import Rater
from tests.unit.pricing.events import NOON

USAGE = "usage"
COSTS = "costs"


@dataclass(frozen=True)
class Stored:
    """A record of a log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Logs:
    """Usage and cost logs, and a group's offsets: the rater's cost log, and what it may ask of its consumer."""

    clock: ManualClock
    partitions: int = 1
    incarnation: str = "one"
    records: dict[Partition, list[Stored]] = field(default_factory=dict)
    committed: dict[Partition, int] = field(default_factory=dict)
    fail_appends: int = 0
    """How many appends write all their records and then fail."""
    tails_read: int = 0

    def append_raw(self, topic: str, number: int, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> int:
        log = self.records.setdefault(Partition(topic, number), [])
        log.append(Stored(topic, number, len(log), self.clock.now() // 1_000, None, value, headers))
        return len(log) - 1

    def send(self, *events: UsageEvent, number: int = 0) -> None:
        """Appends to the usage log."""
        for event in events:
            self.append_raw(USAGE, number, event.SerializeToString(), [("traceparent", b"00-trace")])

    def costs(self, number: int = 0) -> list[CostRecord]:
        """What a consumer downstream counts: the records whose usage offset rises."""
        counted: list[CostRecord] = []
        last: dict[str, int] = {}
        for stored in self.records.get(Partition(COSTS, number), []):
            record = CostRecord.FromString(stored.value or b"")
            position = record.usage_position
            if position.offset > last.get(position.incarnation, -1):
                last[position.incarnation] = position.offset
                counted.append(record)
        return counted

    # What a rater asks of the cost log.

    def partition(self, number: int) -> Partition:
        return Partition(COSTS, number)

    async def tail(self, number: int, last: int) -> AsyncIterator[Sequence[Stored]]:
        self.tails_read += 1
        log = self.records.get(Partition(COSTS, number), [])
        if log:
            yield log[-last:]

    async def append(self, rated: Sequence[Rated]) -> Sequence[int]:
        offsets = [
            self.append_raw(COSTS, number, record.SerializeToString(), [("traceparent", traceparent)])
            for number, record, traceparent in rated
        ]
        if self.fail_appends:
            self.fail_appends -= 1
            raise UnavailableError("not acknowledged in time")
        return offsets

    # What a processor asks of a consumer's log.

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: len(self.records.get(partition, ())) for partition in partitions}

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return {partition: self.committed.get(partition) for partition in partitions}


@dataclass
class MemoryLedger:
    """Writes the cost log as far as it is told to."""

    logs: Logs
    away: bool = False
    sole: bool = False
    offsets: dict[int, int] = field(default_factory=dict)
    events: dict[bytes, Known] = field(default_factory=dict)
    asked: int = 0

    def write(self, number: int = 0) -> None:
        """Catches up with a partition."""
        for record in self.logs.costs(number):
            self.events[record.usage.event_key] = Known.of(record)
        self.offsets[number] = len(self.logs.records.get(Partition(COSTS, number), ())) - 1

    async def known(self, keys: Sequence[bytes], *, attributed: bool) -> Mapping[bytes, Known]:
        if self.away:
            raise UnavailableError("the ledger is away")
        self.asked += len(keys)
        found = {key: self.events[key] for key in keys if key in self.events}
        return found if attributed else {key: known._replace(attribution=None) for key, known in found.items()}

    async def written(self, incarnation: str) -> Written:
        if self.away:
            raise UnavailableError("the ledger is away")
        return Written(self.offsets, self.sole)


class DirectPricing:
    """The pricer without a wire."""

    def __init__(self, pricer: Pricer) -> None:
        self._pricer = pricer
        self.calls = 0
        self.away = False

    async def rate(self, events: Sequence[UsageEvent]) -> Sequence[Rating | Refused]:
        if self.away:
            raise UnavailableError("pricing is away")
        self.calls += 1
        return [self._one(event) for event in events]

    async def compare(self, booked: BookedColumns, correction: int) -> Changes:
        return gathered(judged(self._pricer, booked, correction))

    def _one(self, event: UsageEvent) -> Rating | Refused:
        try:
            return self._pricer.rate(event, event.tenant_id)
        except UnpriceableError as error:
            return Refused(str(error))


@dataclass
class Tally:
    """Adds up what the rater reports."""

    records: int = 0
    duplicates: int = 0
    superseded: int = 0

    def rated(self, batch: RatedBatch) -> None:
        self.records += len(batch.records)
        self.duplicates += batch.duplicates
        self.superseded += batch.superseded


class Bench:
    """A rater with its surroundings, fed as the batch consumer feeds it."""

    def __init__(self, pricer: Pricer, *, window_records: int = 1_000, partitions: int = 1) -> None:
        self.clock = ManualClock(NOON)
        self.logs = Logs(self.clock, partitions)
        self.ledger = MemoryLedger(self.logs)
        self.pricing = DirectPricing(pricer)
        self.tally = Tally()
        self.rejected: list[tuple[int, str]] = []
        self._window_records = window_records
        self._next: dict[Partition, int] = {}
        self.rater = self._rater()

    def _rater(self) -> Rater:
        return Rater(
            pricing=self.pricing,
            ledger=self.ledger,
            costs=self.logs,
            meter=self.tally,
            clock=self.clock,
            window_records=self._window_records,
            skew=5 * MINUTE,
        )

    async def restart(self) -> None:
        """A new process in the place of the old one."""
        self.rater = self._rater()
        await self.assign()

    async def assign(self) -> None:
        """What the consumer does at start and after a fault."""
        partitions = [Partition(USAGE, number) for number in range(self.logs.partitions)]
        await self.rater.revoked(partitions)
        starts = await self.rater.assigned(partitions, self.logs)
        self._next = {p: starts.get(p, self.logs.committed.get(p, 0)) for p in partitions}

    async def run(self, size: int = 100, *, commit: bool = True) -> None:
        """Works off the usage log in batches of `size`; a fault is raised, as the consumer sees it."""
        while True:
            records = [r for p, start in self._next.items() for r in self.logs.records.get(p, [])[start:]][:size]
            if not records:
                return
            batch = Batch(records)
            await self.rater.process(batch)
            self.rejected += [(rejection.record.offset, rejection.reason) for rejection in batch.rejections]
            for record in records:
                partition = Partition(record.topic, record.partition)
                self._next[partition] = record.offset + 1
                if commit:
                    self.logs.committed[partition] = record.offset + 1
