"""finops.costs.v1 in Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from services.common.kafka import tail
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition, Record
from services.common.kafka.topics import COSTS
from services.common.settings import KafkaSettings
from services.pricing.handlers.ports import Rated

_SOURCE = b"/aifinops/pricing"
_FIXED_HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_source", _SOURCE),
    ("ce_type", b"finops.cost.v1.CostRecord"),
    ("content-type", b"application/protobuf"),
)


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
    key = entry.record.usage.event_key
    headers = [("ce_id", f"{key.hex()}:{entry.record.revision}".encode()), *_FIXED_HEADERS]
    if entry.traceparent:
        headers.append(("traceparent", entry.traceparent))
    return Outgoing(COSTS, key, entry.record.SerializeToString(), headers, entry.partition)
