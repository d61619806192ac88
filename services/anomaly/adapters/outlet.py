"""finops.anomalies.v1."""

from __future__ import annotations

from collections.abc import Sequence

from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent

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
    return Outgoing(ANOMALIES, event.anomaly.name.encode(), event.SerializeToString(), _headers(event))


def _headers(event: AnomalyEvent) -> Sequence[tuple[str, bytes]]:
    """CloudEvents 1.0, binary mode."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", event.event_id.encode()),
        ("ce_type", b"finops.anomaly.v1.AnomalyEvent"),
        ("ce_source", b"/aifinops/anomaly"),
        ("content-type", b"application/protobuf"),
    )
