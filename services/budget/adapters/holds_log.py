"""finops.budget-holds.v1: followed by every replica, each share of it written by one."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from services.budget.adapters.holds_codec import decode, key_of, value_of
from services.budget.domain.holds import Change
from services.budget.handlers.holding import HoldsView
from services.common.component import Health
from services.common.kafka.follower import Follower
from services.common.kafka.record import Outgoing, Record
from services.common.kafka.topics import BUDGET_HOLDS
from services.common.kafka.transactions import FencedWriter
from services.common.log import get_logger
from services.common.settings import KafkaSettings

log = get_logger(__name__)


class KafkaHolds:
    """The log of holds in Kafka. A component."""

    def __init__(self, settings: KafkaSettings, view: HoldsView) -> None:
        self.name = "budget holds reader"
        self._settings = settings
        self._view = view
        self._follower = Follower(settings, BUDGET_HOLDS, take=self._take, restart=view.clear)

    async def start(self) -> None:
        await self._follower.start()

    async def stop(self) -> None:
        await self._follower.stop()

    def health(self) -> Health:
        return self._follower.health()

    async def claim(self, share: int) -> KafkaHoldWriter:
        """Fences whoever wrote for the share, then reads all that was written. Raises UnavailableError."""
        writer = FencedWriter(self._settings, f"budget-holds-{share}")
        await writer.open()
        await self._follower.caught_up()
        return KafkaHoldWriter(writer, share % self._follower.partitions)

    def _take(self, record: Record) -> None:
        try:
            self._view.apply(decode(record.key or b"", record.value))
        except (ValueError, DecodeError) as error:
            log.error("unreadable record skipped", topic=record.topic, offset=record.offset, error=str(error))


class KafkaHoldWriter:
    """Writes the holds of one share, in one partition."""

    def __init__(self, writer: FencedWriter, partition: int) -> None:
        self._writer = writer
        self._partition = partition

    async def write(self, changes: list[Change]) -> None:
        await self._writer.write(
            [Outgoing(BUDGET_HOLDS, key_of(c), value_of(c), partition=self._partition) for c in changes]
        )

    async def close(self) -> None:
        await self._writer.close()
