"""The anomaly service itself over a stream of events, with a clock that keeps pace with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from rich.progress import Progress

from bench.anomaly.stream import LIFE, PARTITIONS, START, TOPIC, StoredRecord
from services.anomaly.app import patience
from services.anomaly.domain.novelty.sightings import SIGHTED
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Reader
from services.anomaly.handlers.checkpoint import Checkpoints, Fingerprint
from services.anomaly.handlers.outbox import Outbox
from services.anomaly.handlers.ports import Cursor, HourlySum, Positions, Scope
from services.anomaly.handlers.watch import CostWatch, WatchOptions
from services.anomaly.settings import AnomalyOptions
from services.common.clock import HOUR, MINUTE, SECOND, ManualClock, Micros
from services.common.kafka.record import Batch, Partition
from tests.unit.anomaly.labels import MemoryLabels, MemoryWindows
from tests.unit.anomaly.stream import MemoryStore

STEP: Micros = 5 * MINUTE


class NewLedger:
    """The history of a tenant that begins today."""

    async def positions(self, incarnation: str) -> Positions:
        return Positions({}, {})

    async def busy_days(self, scope: Scope, start: Micros, end: Micros) -> Mapping[str, Sequence[Micros]]:
        return {}

    async def hourly(self, scope: Scope, dimension: str, start: Micros, end: Micros) -> Sequence[HourlySum]:
        return []


@dataclass
class Told:
    """The table of anomalies and the topic: what was told, in order."""

    anomalies: dict[str, Anomaly] = field(default_factory=dict)
    opened: dict[str, Anomaly] = field(default_factory=dict)
    """As first told."""

    async def told(self, since: Micros) -> Sequence[Anomaly]:
        return list(self.anomalies.values())

    async def save(self, anomalies: Sequence[Anomaly]) -> None:
        self.anomalies |= {anomaly.name: anomaly for anomaly in anomalies}

    async def page(self, tenant: str, state: Anomaly.State, before: Cursor | None, limit: int) -> Sequence[Anomaly]:
        return []

    async def get(self, tenant: str, name: str) -> Anomaly | None:
        return self.anomalies.get(name)

    async def publish(self, events: Sequence[AnomalyEvent]) -> None:
        for event in events:
            self.opened.setdefault(event.anomaly.name, event.anomaly)


@dataclass
class Log:
    """The cost log, read to its end at every step."""

    incarnation: str = LIFE
    read: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), 0))

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {partition: self.read[partition.partition] for partition in partitions}

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return dict.fromkeys(partitions)


@dataclass
class Meter:
    """How many series were watched."""

    series_hours: float = 0.0
    steps: int = 0
    late: int = 0

    def records(self, watched: int, late: int, too_old: int, repeated: int) -> None:
        self.late += late

    def checkpoint(self, size: int, at: Micros) -> None: ...

    def state(self, series: int, unwatched: int, withheld: int, open_anomalies: int) -> None:
        self.series_hours += series
        self.steps += 1

    @property
    def series(self) -> float:
        """On average."""
        return self.series_hours / max(1, self.steps)


async def watch(
    stream: Iterator[StoredRecord], hours: int, policy: Policy, minutely: set[int], progress: Progress
) -> tuple[Told, Meter]:
    """Feeds the events through the processor, in steps of the clock.

    Args:
        stream: records in the order of time.
        hours: of the bench.
        policy: thresholds.
        minutely: hours in which the clock goes minute by minute, where delays of minutes are measured.
        progress: shown meanwhile.
    """
    options, told, meter, log, clock = AnomalyOptions(), Told(), Meter(), Log(), ManualClock(START)
    processor = CostWatch(
        history=NewLedger(), archive=told, labels=MemoryLabels(), windows=MemoryWindows(),
        outbox=Outbox(told, told, clock), clock=clock, meter=meter,
        reader=Reader(options.dimensions, SIGHTED), policy=policy, patience=patience(options), options=WatchOptions(),
        checkpoints=Checkpoints(MemoryStore(), clock, Fingerprint("bench", "")),
    )  # fmt: skip
    await processor.assigned([Partition(TOPIC, number) for number in range(PARTITIONS)], log)
    task = progress.add_task("service", total=hours)
    record = next(stream, None)
    now, end = START, START + hours * HOUR + 30 * MINUTE
    while now < end:
        now += MINUTE if (now - START) // HOUR in minutely else STEP
        clock.set(now)
        batch = []
        while record is not None and record.timestamp * 1_000 <= now - SECOND:
            batch.append(record)
            log.read[record.partition] = record.offset + 1
            record = next(stream, None)
        if batch:
            await processor.process(Batch(batch))
        await processor.tick()
        progress.update(task, completed=(now - START) / HOUR)
    progress.remove_task(task)
    return told, meter
