"""A cost log and a ledger in memory, for the processor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, UsageEvent

from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import TENANT, Cell, Reader, Totals, hour_of, is_watched, totals_of
from services.anomaly.domain.watermark import Patience
from services.anomaly.handlers.checkpoint import Checkpoints, Fingerprint
from services.anomaly.handlers.outbox import Outbox
from services.anomaly.handlers.ports import Cursor, HourlySum, Positions, Scope
from services.anomaly.handlers.watch import CostWatch, WatchOptions
from services.common.clock import DAY, HOUR, SECOND, ManualClock, Micros
from services.common.dimensions import reader
from services.common.distinct_values import hashed, smallest
from services.common.errors import UnavailableError
from services.common.filters import parse, predicate
from services.common.kafka.record import Batch, Partition
from tests.unit.anomaly.labels import MemoryLabels, MemoryWindows
from tests.unit.anomaly.organisation import DIMENSIONS

TOPIC = "finops.costs.v1"
LIFE = "life-1"


@dataclass(frozen=True)
class StoredRecord:
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class CostLog:
    """finops.costs.v1 of one life."""

    partitions: int = 3
    incarnation: str = LIFE
    records: dict[int, list[StoredRecord]] = field(init=False)

    def __post_init__(self) -> None:
        self.records = {partition: [] for partition in range(self.partitions)}

    def append(self, cost: CostRecord, at: Micros, partition: int | None = None) -> StoredRecord:
        if partition is None:
            partition = hashlib.blake2b(cost.usage.source_event_id.encode()).digest()[0] % self.partitions
        kept = self.records[partition]
        cost.usage_position.incarnation = self.incarnation
        cost.usage_position.partition = partition
        cost.usage_position.offset = len(kept)
        kept.append(StoredRecord(TOPIC, partition, len(kept), at // 1_000, b"k", cost.SerializeToString()))
        return kept[-1]

    @property
    def topic_partitions(self) -> list[Partition]:
        return [Partition(TOPIC, partition) for partition in self.records]

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: len(self.records[partition.partition]) for partition in partitions}

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return dict.fromkeys(partitions)


@lru_cache
def _passes(text: str) -> Callable[[UsageEvent], bool]:
    return predicate(parse(text), reader)


_read = lru_cache(maxsize=50_000)(CostRecord.FromString)


@dataclass
class MemoryLedger:
    """Implements `History` over the part of a log it has taken in."""

    log: CostLog
    through: dict[int, int] = field(default_factory=dict)
    away: bool = False
    asked: int = 0
    """How often hours were asked for."""

    def take_in_everything(self) -> None:
        self.through = {p: len(records) - 1 for p, records in self.log.records.items() if records}

    async def positions(self, incarnation: str) -> Positions:
        if self.away:
            raise UnavailableError("the ledger is away")
        return Positions(dict(self.through), dict(self.through))

    async def busy_days(self, scope: Scope, start: Micros, end: Micros) -> Mapping[str, Sequence[Micros]]:
        if self.away:
            raise UnavailableError("the ledger is away")
        days: dict[str, set[Micros]] = {}
        for cost in self._costs(scope):
            time = cost.usage.time_unix_micros
            if start <= time < end:
                days.setdefault(cost.usage.tenant_id, set()).add(time // DAY * DAY)
        return {tenant: sorted(times) for tenant, times in sorted(days.items())}

    async def hourly(self, scope: Scope, dimension: str, start: Micros, end: Micros) -> Sequence[HourlySum]:
        if self.away:
            raise UnavailableError("the ledger is away")
        self.asked += 1
        sums: dict[tuple[str, tuple[str, ...], int], Totals] = {}
        users: dict[tuple[str, tuple[str, ...], int], set[int]] = {}
        parts = [] if dimension == TENANT else dimension.split("+")
        for cost in self._costs(scope):
            usage = cost.usage
            if is_watched(usage) and start <= usage.time_unix_micros < end:
                values = tuple(str(getattr(usage, part)) for part in parts)
                at = (usage.tenant_id, values, hour_of(usage.time_unix_micros))
                spent = cost.cost_delta_picos + cost.shadow_cost_delta_picos
                requests = cost.quantity_delta.requests
                failed = requests if usage.outcome == OUTCOME_FAILED else 0
                one = totals_of(spent, requests, 1, cost.quantity_delta, failed)
                sums[at] = sums[at].plus(one) if at in sums else one
                if usage.user and requests:
                    users.setdefault(at, set()).add(hashed(usage.user))
        return [
            HourlySum(at[0], dict(zip(parts, at[1], strict=True)), at[2], totals, smallest(users.get(at, ())))
            for at, totals in sums.items()
        ]

    def _costs(self, scope: Scope) -> Iterable[CostRecord]:
        for partition, last in (scope.positions if scope.incarnation else self.through).items():
            for record in self.log.records[partition][: last + 1]:
                cost = _read(record.value or b"")
                if scope.tenant in ("", cost.usage.tenant_id) and _passes(scope.filter)(cost.usage):
                    yield cost


@dataclass
class MemoryArchive:
    """Implements `Archive` and `Outlet`."""

    anomalies: dict[str, Anomaly] = field(default_factory=dict)
    events: list[AnomalyEvent] = field(default_factory=list)
    away: bool = False

    async def told(self, since: Micros) -> Sequence[Anomaly]:
        return [a for a in self.anomalies.values() if a.end_unix_micros > since or a.state == Anomaly.STATE_OPEN]

    async def save(self, anomalies: Sequence[Anomaly]) -> None:
        self.anomalies |= {anomaly.name: anomaly for anomaly in anomalies}

    async def page(self, tenant: str, state: Anomaly.State, before: Cursor | None, limit: int) -> Sequence[Anomaly]:
        found = [a for a in self.anomalies.values() if a.tenant_id == tenant and state in (0, a.state)]
        found.sort(key=lambda a: (a.start_unix_micros, a.name), reverse=True)
        shown = [a for a in found if before is None or (a.start_unix_micros, a.name) < before][:limit]
        return [_copy(anomaly) for anomaly in shown]

    async def get(self, tenant: str, name: str) -> Anomaly | None:
        found = self.anomalies.get(name)
        return _copy(found) if found is not None and found.tenant_id == tenant else None

    async def publish(self, events: Sequence[AnomalyEvent]) -> None:
        if self.away:
            raise UnavailableError("Kafka is away")
        self.events += events


def _copy(anomaly: Anomaly) -> Anomaly:
    copied = Anomaly()
    copied.CopyFrom(anomaly)
    return copied


@dataclass
class MemoryStore:
    """Implements `Store`."""

    kept: dict[int, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    head: tuple[int, str] | None = None
    away: bool = False

    async def put(self, checkpoint: int, section: str, number: int, piece: bytes) -> None:
        if self.away:
            raise UnavailableError("ClickHouse is away")
        self.kept.setdefault(checkpoint, {})[section, number] = piece

    async def finish(self, checkpoint: int, head: str) -> None:
        self.head, self.kept = (checkpoint, head), {checkpoint: self.kept[checkpoint]}

    async def latest(self) -> tuple[int, str] | None:
        return self.head

    async def pieces(self, checkpoint: int, section: str) -> Sequence[bytes]:
        return [piece for (name, _), piece in sorted(self.kept[checkpoint].items()) if name == section]


@dataclass
class Counts:
    """Implements `Meter`."""

    watched: int = 0
    late: int = 0
    too_old: int = 0
    repeated: int = 0
    open_anomalies: int = 0
    checkpoint_bytes: int = 0

    def records(self, watched: int, late: int, too_old: int, repeated: int) -> None:
        self.watched += watched
        self.late += late
        self.too_old += too_old
        self.repeated += repeated

    def checkpoint(self, size: int, at: Micros) -> None:
        self.checkpoint_bytes = size

    def state(self, series: int, unwatched: int, withheld: int, open_anomalies: int) -> None:
        self.open_anomalies = open_anomalies


@dataclass
class Bench:
    """A processor with everything around it, and where it has read to."""

    log: CostLog
    clock: ManualClock
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    labels: MemoryLabels = field(default_factory=MemoryLabels)
    windows: MemoryWindows = field(default_factory=MemoryWindows)
    counts: Counts = field(default_factory=Counts)
    policy: Policy = field(default_factory=Policy)
    patience: Patience = field(default_factory=Patience)
    options: WatchOptions = field(default_factory=WatchOptions)
    store: MemoryStore = field(default_factory=MemoryStore)
    position: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.log)
        self.checkpoints = Checkpoints(self.store, self.clock, Fingerprint("1", str(self.policy)))
        self.watch = self._new()

    def _new(self) -> CostWatch:
        return CostWatch(
            history=self.ledger, archive=self.archive, labels=self.labels, windows=self.windows,
            outbox=Outbox(self.archive, self.archive, self.clock), clock=self.clock, meter=self.counts,
            reader=Reader(DIMENSIONS), policy=self.policy, patience=self.patience, options=self.options,
            checkpoints=self.checkpoints,
        )  # fmt: skip

    async def start(self) -> None:
        starts = await self.watch.assigned(self.log.topic_partitions, self.log)
        self.position = {partition.partition: offset for partition, offset in starts.items()}

    async def restart(self) -> None:
        """As after kill -9."""
        self.watch = self._new()
        await self.start()

    async def read(self, partition: int, records: int) -> int:
        """Reads the next records of a partition; returns how many there were."""
        begin = self.position[partition]
        batch = Batch(self.log.records[partition][begin : begin + records])
        if batch.records:
            await self.watch.process(batch)
            self.position[partition] = begin + len(batch.records)
        return len(batch.records)

    async def read_all(self, at_once: int = 500) -> None:
        """Reads what there is, partition by partition in turn."""
        while sum([await self.read(partition, at_once) for partition in self.log.records]):
            pass

    async def idle(self, micros: Micros = 120 * SECOND) -> None:
        """Lets time pass in which nothing comes."""
        await self.watch.tick()
        self.clock.advance(micros)
        await self.watch.tick()

    def story(self) -> list[tuple[str, int, str]]:
        """What was told, in order: each anomaly's name, transition and summary."""
        return [(event.anomaly.name, event.type, event.anomaly.summary) for event in self.archive.events]

    def anomalies(self) -> list[tuple[str, int, int, int, int]]:
        """What stands in the table, apart from when it was written."""
        return sorted(
            (a.name, a.state, a.start_unix_micros, a.end_unix_micros, a.impact.units)
            for a in self.archive.anomalies.values()
        )


def cost_of(cell: Cell, totals: Totals, number: int, minute: int = 5) -> CostRecord:
    """One record with a cell's totals."""
    usage = UsageEvent(
        source_event_id=f"{cell.hour}-{number}", time_unix_micros=cell.hour * HOUR + minute * 60 * SECOND,
        tenant_id=cell.tenant, **dict(zip(DIMENSIONS, cell.values[1:], strict=True)),
    )  # fmt: skip
    usage.quantities.requests = totals.requests
    cost = CostRecord(usage=usage, revision=1, events_delta=1, cost_delta_picos=totals.cost)
    cost.quantity_delta.requests = totals.requests
    return cost
