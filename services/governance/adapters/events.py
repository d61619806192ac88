"""finops.governance.v1 as written here: each event once, told apart by its id."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from finops.governance.v1.governance_pb2 import GovernanceEvent
from google.protobuf.message import DecodeError

from services.common.kafka import cloudevents, tail
from services.common.kafka.client import partitions
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import GOVERNANCE
from services.common.settings import KafkaSettings
from services.governance.adapters.metrics import EVENTS
from services.governance.domain.findings import subject

_REMEMBERED = 10_000


class EventLog:
    """Knows the ids at the log's end, so that an event told before a crash is not told again after it."""

    def __init__(self, settings: KafkaSettings, producer: Producer) -> None:
        self._settings = settings
        self._producer = producer
        self._ids: OrderedDict[str, None] | None = None

    def forget(self) -> None:
        self._ids = None

    async def publish(self, events: Sequence[GovernanceEvent]) -> None:
        known = await self._known()
        fresh = [event for event in events if event.event_id not in known]
        if not fresh:
            return
        await self._producer.produce([_outgoing(event) for event in fresh])
        for event in fresh:
            known[event.event_id] = None
            EVENTS.labels(event.WhichOneof("subject")).inc()
        while len(known) > _REMEMBERED:
            known.popitem(last=False)

    async def _known(self) -> OrderedDict[str, None]:
        if self._ids is None:
            ids: OrderedDict[str, None] = OrderedDict()
            of_topic = await partitions(self._settings, GOVERNANCE)
            async for records in tail.read(self._settings, of_topic, last=_REMEMBERED):
                for record in records:
                    try:
                        ids[GovernanceEvent.FromString(record.value or b"").event_id] = None
                    except DecodeError:
                        continue
            self._ids = ids
        return self._ids


def _outgoing(event: GovernanceEvent) -> Outgoing:
    name = subject(event)
    headers = cloudevents.headers(
        f"{GovernanceEvent.DESCRIPTOR.full_name}.{event.WhichOneof('subject')}",
        "/aifinops/governance",
        event.event_id,
        event.time_unix_micros,
        subject=name,
    )
    return Outgoing(GOVERNANCE, name.encode(), event.SerializeToString(), headers)
