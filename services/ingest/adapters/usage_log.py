"""Events as records of finops.usage.v1, CloudEvents in binary mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.component import Component
from services.common.kafka import cloudevents
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import USAGE
from services.ingest.adapters.journal.frames import Stored

_TYPE = UsageEvent.DESCRIPTOR.full_name


class RecordProducer(Component, Protocol):
    """services.common.kafka.producer.Producer is one."""

    async def produce(self, records: Sequence[Outgoing], *, timeout_seconds: float) -> list[tuple[int, int]]: ...


class UsageLog:
    """Writes events to finops.usage.v1."""

    def __init__(self, producer: RecordProducer) -> None:
        self._producer = producer

    async def send(self, stored: Sequence[Stored], *, timeout_seconds: float) -> Mapping[int, int]:
        """Returns once every replica in sync has all of them: the highest offset by partition.

        Raises:
            UnavailableError: not all were acknowledged in time; some may have been written.
        """
        positions = await self._producer.produce([record_of(one) for one in stored], timeout_seconds=timeout_seconds)
        return dict(sorted(positions))


def record_of(stored: Stored) -> Outgoing:
    """The record of one event."""
    event, traceparent = stored
    content = UsageEvent.FromString(event.value)
    headers = cloudevents.headers(
        _TYPE, content.source, event.key.hex(), content.time_unix_micros, traceparent=traceparent.encode()
    )
    return Outgoing(USAGE, event.key, event.value, headers)
