"""finops.costs.v1, read for seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.clickhouse import LATEST
from services.common.kafka.record import Batch, Log, Partition
from services.optimizer.handlers.seats import SeatNotes


class CostLogProcessor:
    """Notes seats, from the committed offsets on: noting a record twice changes nothing."""

    def __init__(self, notes: SeatNotes) -> None:
        self._notes = notes

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        return {}

    async def process(self, batch: Batch) -> None:
        seats: list[CostRecord] = []
        for record in batch.records:
            cost = batch.decode(record, CostRecord)
            if cost is None or not cost.usage.HasField("seat"):
                continue
            times = (
                cost.usage.time_unix_micros,
                cost.usage.seat.assigned_unix_micros,
                cost.usage.seat.last_active_unix_micros,
            )
            if max(times) >= LATEST or times[0] < 0:
                batch.reject(record, "time out of range", f"{max(times)} microseconds since the epoch")
                continue
            seats.append(cost)
        await self._notes.note(seats)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """It keeps no state of them."""
