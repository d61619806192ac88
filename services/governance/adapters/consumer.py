"""finops.costs.v1, read for the tools it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import UsageEvent
from google.protobuf.message import DecodeError

from services.common.clock import to_micros
from services.common.kafka.record import Batch, Log, Partition
from services.governance.handlers.watch import UsageWatch

_LATEST = to_micros(datetime(2299, 1, 1, tzinfo=UTC))
"""ClickHouse's DateTime64 ends in that year."""


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
            try:
                usage = CostRecord.FromString(record.value or b"").usage
            except DecodeError as error:
                batch.reject(record, "undecodable", f"not a finops.cost.v1.CostRecord: {error}")
                continue
            if not 0 <= usage.time_unix_micros < _LATEST:
                batch.reject(record, "time out of range", f"{usage.time_unix_micros} microseconds since the epoch")
            elif usage.tool and usage.tenant_id:
                events.append(usage)
        if events:
            await self._watch.apply(events)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        return None
