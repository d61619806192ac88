"""finops.recommendations.v1 as written here."""

from __future__ import annotations

from collections.abc import Sequence

from finops.recommendation.v1.recommendation_pb2 import RecommendationEvent

from services.common.kafka import cloudevents
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import RECOMMENDATIONS
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
    headers = cloudevents.headers(
        f"{RecommendationEvent.DESCRIPTOR.full_name}.{_type(event)}",
        "/aifinops/optimizer",
        event.event_id,
        event.recommendation.update_unix_micros,
        subject=name,
    )
    return Outgoing(RECOMMENDATIONS, name.encode(), event.SerializeToString(), headers)
