"""finops.anomalies.v1."""

from __future__ import annotations

from collections.abc import Sequence

from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent

from services.common.kafka import cloudevents
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import ANOMALIES


class AnomalyTopic:
    """Implements `handlers.ports.Outlet`. Keyed by anomaly, so that its events stay in order."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def publish(self, events: Sequence[AnomalyEvent]) -> None:
        await self._producer.produce([_record(event) for event in events])


def _record(event: AnomalyEvent) -> Outgoing:
    anomaly = event.anomaly
    headers = cloudevents.headers(
        AnomalyEvent.DESCRIPTOR.full_name,
        "/aifinops/anomaly",
        event.event_id,
        anomaly.update_unix_micros,
        subject=anomaly.name,
    )
    return Outgoing(ANOMALIES, anomaly.name.encode(), event.SerializeToString(), headers)
