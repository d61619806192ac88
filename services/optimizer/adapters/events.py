"""finops.recommendations.v1 as written here."""

from __future__ import annotations

from collections.abc import Sequence

from finops.recommendation.v1.recommendation_pb2 import RecommendationEvent

from services.common.clock import format_rfc3339
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import RECOMMENDATIONS
from services.common.tracing import kafka_headers
from services.optimizer.adapters.metrics import CHANGES


class EventLog:
    """Writes what is told; keyed by the recommendation, so that its events stay in order."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def publish(self, events: Sequence[RecommendationEvent]) -> None:
        await self._producer.produce([_outgoing(event) for event in events])
        for event in events:
            CHANGES.labels(event.recommendation.rule, _type(event)).inc()


def _type(event: RecommendationEvent) -> str:
    return RecommendationEvent.Type.Name(event.type).removeprefix("TYPE_").lower()


def _outgoing(event: RecommendationEvent) -> Outgoing:
    name = event.recommendation.name
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event.event_id,
        "ce_source": "/aifinops/optimizer",
        "ce_type": f"{RecommendationEvent.DESCRIPTOR.full_name}.{_type(event)}",
        "ce_time": format_rfc3339(event.recommendation.update_unix_micros),
        "ce_subject": name,
        "content-type": "application/protobuf",
    }
    headers = [*((key, value.encode()) for key, value in attributes.items()), *kafka_headers()]
    return Outgoing(RECOMMENDATIONS, name.encode(), event.SerializeToString(), headers)
