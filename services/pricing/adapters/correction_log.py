"""finops.usage.v1 as pricing writes it: events to be booked anew, and settlements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.component import Health
from services.common.kafka import cloudevents
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import USAGE
from services.common.settings import KafkaSettings
from services.pricing.domain.settlement import SOURCE

_TYPE = UsageEvent.DESCRIPTOR.full_name


class KafkaCorrectionLog:
    """Appends events, each on the partition where it lies already. A component.

    It connects when first used: a process that only answers for prices needs no Kafka.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self.name = "corrected usage"
        self._producer = Producer(settings, client_id="corrections")
        self._started = False

    async def start(self) -> None:
        """Nothing yet."""

    async def stop(self) -> None:
        await self._producer.stop()
        self._started = False

    def health(self) -> Health:
        return Health(ready=True)

    async def rebook(self, events: Sequence[UsageEvent]) -> None:
        # The run is part of the id: the same event re-rated another day is another record.
        await self._append(_outgoing(event, event.source, event.correction.run_id) for event in events)

    async def post(self, events: Sequence[UsageEvent]) -> None:
        # The content is part of the id: another amount is another record.
        await self._append(_outgoing(event, f"/{SOURCE}", event.content_hash.hex()) for event in events)

    async def _append(self, records: Iterable[Outgoing]) -> None:
        if not self._started:
            self._started = True
            await self._producer.start()
        await self._producer.produce(list(records))


def _outgoing(event: UsageEvent, source: str, version: str) -> Outgoing:
    event_id = f"{event.event_key.hex()}:{version}"
    headers = cloudevents.headers(_TYPE, source, event_id, event.correction.recorded_unix_micros)
    return Outgoing(USAGE, event.event_key, event.SerializeToString(), headers)
