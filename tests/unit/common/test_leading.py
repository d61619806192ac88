"""Of a group's processes, whoever reads partition 0 leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from services.common.kafka.leading import Leadership, Leading
from services.common.kafka.record import Batch, Log, Partition

ZERO, ONE = Partition("finops.usage.v1", 0), Partition("finops.usage.v1", 1)


class Life:
    """A log that nobody here asks anything."""

    incarnation = "life"

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {}

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return {}

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return {}


class Worker:
    """Starts each partition at 7; cannot load partition 0 while `broken`."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.lost: list[Partition] = []
        self.broken = False

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        if self.broken:
            raise OSError("away")
        return dict.fromkeys(partitions, 7)

    async def process(self, batch: Batch) -> None:
        self.batches.append(batch)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        self.lost += partitions


async def test_leads_from_the_assignment_of_partition_0_until_it_is_revoked() -> None:
    worker, leadership = Worker(), Leadership()
    leading, led = Leading(worker, leadership), [leadership.held]

    assert await leading.assigned([ZERO, ONE], Life()) == {ZERO: 7, ONE: 7}
    led.append(leadership.held)
    await leading.revoked([ZERO, ONE])
    led.append(leadership.held)
    await leading.assigned([ONE], Life())
    led.append(leadership.held)

    assert led == [False, True, False, False]
    assert leadership.gained.is_set()
    assert worker.lost == [ZERO, ONE]


async def test_what_could_not_be_loaded_gives_no_lead() -> None:
    worker, leadership = Worker(), Leadership()
    worker.broken = True
    with pytest.raises(OSError, match="away"):
        await Leading(worker, leadership).assigned([ZERO], Life())
    assert not leadership.held


async def test_batches_go_to_the_worker() -> None:
    worker, batch = Worker(), Batch([])
    await Leading(worker, Leadership()).process(batch)
    assert worker.batches == [batch]
