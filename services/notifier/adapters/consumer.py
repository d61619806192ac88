"""Budget alerts, anomalies and governance events as messages. Each topic has its own decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from finops.anomaly.v1.anomaly_pb2 import AnomalyEvent
from finops.budget.v1.budget_pb2 import BudgetAlert
from finops.governance.v1.governance_pb2 import GovernanceEvent
from google.protobuf.message import DecodeError

from services.common.clickhouse import LATEST
from services.common.kafka.record import Batch, Log, Partition, Record
from services.common.kafka.topics import ANOMALIES, BUDGET_ALERTS, GOVERNANCE
from services.common.settings import KafkaSettings
from services.notifier.domain import anomalies, budgets, governance
from services.notifier.domain.delivery import Origin
from services.notifier.domain.message import Message
from services.notifier.handlers.dispatcher import Dispatcher
from services.notifier.handlers.intake import Intake

TOPICS = (BUDGET_ALERTS, ANOMALIES, GOVERNANCE)

_READERS: Mapping[str, Callable[[bytes], Message | None]] = {
    BUDGET_ALERTS: lambda value: budgets.message(BudgetAlert.FromString(value)),
    ANOMALIES: lambda value: anomalies.message(AnomalyEvent.FromString(value)),
    GOVERNANCE: lambda value: governance.message(GovernanceEvent.FromString(value)),
}


class EventProcessor:
    """Reads from the committed offsets on: an event that comes again is recognised in the record of messages. Of
    several processes the one that reads the first partition of budget alerts sends what they all record."""

    def __init__(self, settings: KafkaSettings, intake: Intake, dispatcher: Dispatcher) -> None:
        self._readers = {settings.topic(name): reader for name, reader in _READERS.items()}
        self._intake = intake
        self._dispatcher = dispatcher
        self._leadership = Partition(settings.topic(BUDGET_ALERTS), 0)

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        if self._leadership in partitions:
            await self._dispatcher.lead()
        return {}

    async def process(self, batch: Batch) -> None:
        messages: list[tuple[Message, Origin]] = []
        for record in batch.records:
            try:
                message = self._readers[record.topic](record.value or b"")
            except (DecodeError, ValueError, OverflowError) as error:
                batch.reject(record, "undecodable", f"not what {record.topic} carries: {error}")
                continue
            if message is None:
                continue
            if not message.tenant_id or not message.event_id:
                batch.reject(record, "no tenant or id", "an event needs tenant_id and event_id")
                continue
            if not 0 <= message.event_time < LATEST:
                batch.reject(record, "time out of range", f"{message.event_time} microseconds since the epoch")
                continue
            messages.append((message, _origin(record)))
        await self._intake.take(messages)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        if self._leadership in partitions:
            await self._dispatcher.resign()


def _origin(record: Record) -> Origin:
    return Origin(record.topic, record.partition, record.offset, record.key or b"", record.value or b"")
