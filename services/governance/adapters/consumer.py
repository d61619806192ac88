"""finops.costs.v1, read for the tools it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clickhouse import LATEST
from services.common.kafka.record import Batch, Log, Partition
from services.governance.handlers.watch import UsageWatch


class CostLogProcessor:
    """Feeds usage to the watch, from the committed offsets on: applying a record twice changes nothing."""

    def __init__(self, watch: UsageWatch) -> None:
        self._watch = watch

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        self._watch.restart()
        return {}

    async def process(self, batch: Batch) -> None:
        events: list[UsageEvent] = []
        for record in batch.records:
            cost = batch.decode(record, CostRecord)
            if cost is None:
                continue
            usage = cost.usage
            if not 0 <= usage.time_unix_micros < LATEST:
                batch.reject(record, "time out of range", f"{usage.time_unix_micros} microseconds since the epoch")
            elif usage.tool and usage.tenant_id:
                events.append(usage)
        if events:
            await self._watch.apply(events)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        return None
