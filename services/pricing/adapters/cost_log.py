"""finops.costs.v1 in Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.kafka import cloudevents, tail
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition, Record
from services.common.kafka.topics import COSTS
from services.common.settings import KafkaSettings
from services.pricing.handlers.ports import Rated

_TYPE = CostRecord.DESCRIPTOR.full_name
_SOURCE = "/aifinops/pricing"


class KafkaCostLog:
    """Reads its tail and appends to it; each record goes to the partition its usage came from."""

    def __init__(self, settings: KafkaSettings, producer: Producer) -> None:
        self._settings = settings
        self._producer = producer

    def partition(self, number: int) -> Partition:
        return Partition(self._settings.topic(COSTS), number)

    def tail(self, number: int, last: int) -> AsyncIterator[Sequence[Record]]:
        return tail.read(self._settings, [self.partition(number)], last=last)

    async def append(self, rated: Sequence[Rated]) -> Sequence[int]:
        positions = await self._producer.produce([_outgoing(entry) for entry in rated])
        return [offset for _, offset in positions]


def _outgoing(entry: Rated) -> Outgoing:
    partition, record, traceparent = entry
    usage = record.usage
    key = usage.event_key
    # The usage's time: a record written again after a crash has the same headers.
    headers = cloudevents.headers(
        _TYPE, _SOURCE, f"{key.hex()}:{record.revision}", usage.time_unix_micros, traceparent=traceparent
    )
    return Outgoing(COSTS, key, record.SerializeToString(), headers, partition)
