"""The state topic and the alerts topic: written by the producer, followed by a reader outside any group."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Container, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from finops.budget.v1.budget_pb2 import BudgetAlert
from google.protobuf.message import DecodeError

from services.budget.adapters.own_records import OwnRecords
from services.budget.adapters.state_codec import decode, encode
from services.budget.domain.mirror import Counted, Entry, Mirror, SavedSum
from services.budget.handlers.changes import Listener
from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.kafka import cloudevents
from services.common.kafka.client import connection, incarnation, partitions
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Record
from services.common.kafka.short_poll import pace_fetches
from services.common.kafka.topics import BUDGET_ALERTS, BUDGET_STATE, COSTS
from services.common.log import get_logger
from services.common.settings import KafkaSettings

log = get_logger(__name__)

CATCH_UP_SECONDS = 30.0
SLICE = 500
"""Records taken in before other work of the process gets its turn."""


class StateLog:
    """A live copy of finops.budget-state.v1, and who writes to it. A component."""

    def __init__(self, settings: KafkaSettings, producer: Producer, *, client_id: str) -> None:
        self.name = "budget state reader"
        self.mirror = Mirror()
        self.partitions = 0
        self._settings = settings
        self._producer = producer
        self._client_id = client_id
        self._state = TopicPartition(settings.topic(BUDGET_STATE), 0)
        self._alerts = TopicPartition(settings.topic(BUDGET_ALERTS), 0)
        self._next: dict[TopicPartition, int] = {}
        self._own = OwnRecords()
        self._consumer: AIOKafkaConsumer | None = None
        self._following: asyncio.Task[None] | None = None
        self._advanced = asyncio.Condition()
        self._trouble = "not connected yet"
        self._on_change: Listener = lambda _tenant, _budget, _member: None
        self._owned: Container[int] = ()
        self._on_alert: Callable[[BudgetAlert], None] = lambda _alert: None
        self._on_counted: Callable[[Counted], None] = lambda _counted: None

    def tell(self, on_change: Listener, on_alert: Callable[[BudgetAlert], None], owned: Container[int]) -> None:
        """Who hears of a sum that changed (tenant, budget, member), and of each alert in the topic. Of what this
        process wrote of a partition in `owned` nobody hears again."""
        self._on_change, self._on_alert, self._owned = on_change, on_alert, owned

    def tell_counted(self, on_counted: Callable[[Counted], None]) -> None:
        """Who hears of awaited events that are in the sums; the sums themselves have been taken in by then."""
        self._on_counted = on_counted

    async def start(self) -> None:
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble and f"budget state: {self._trouble}")

    async def append(self, entries: Sequence[Entry]) -> None:
        records = [encode(entry) for entry in entries]
        offsets = [offset for _, offset in await self._producer.produce(records)]
        self._own.wrote(entries, records, offsets)

    async def publish(self, alerts: Sequence[BudgetAlert]) -> None:
        await self._producer.produce([_outgoing(alert) for alert in alerts])

    async def caught_up(self) -> None:
        consumer = self._consumer
        if consumer is None:
            raise UnavailableError(f"budget state: {self._trouble}")
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                self.partitions = len(await partitions(self._settings, COSTS))
                ends: dict[TopicPartition, int] = await consumer.end_offsets([self._state, self._alerts])
                async with self._advanced:
                    await self._advanced.wait_for(lambda: all(self._next.get(p, 0) >= end for p, end in ends.items()))
        except (KafkaError, OSError, TimeoutError) as error:
            raise UnavailableError(f"budget state: {type(error).__name__} {error}") from error

    # --- following --------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                **connection(self._settings),
                client_id=self._client_id,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            try:
                await self._connect(consumer)
                await self._read(consumer)
            except (KafkaError, UnavailableError, OSError) as error:
                self._trouble = f"{type(error).__name__} {error}".strip()
                log.warning("budget state cannot be read", error=self._trouble)
            finally:
                self._consumer = None
                with contextlib.suppress(KafkaError, OSError):
                    await consumer.stop()
            await asyncio.sleep(1)

    async def _connect(self, consumer: AIOKafkaConsumer) -> None:
        life = await incarnation(self._settings)
        if life != self.mirror.incarnation:
            self.mirror = Mirror(life)
            self._next = {}
        self.partitions = len(await partitions(self._settings, COSTS))
        await consumer.start()
        if self._settings.short_poll_ms:
            pace_fetches(consumer, self._settings.short_poll_ms / 1_000)
        followed = [self._state, self._alerts]
        consumer.assign(followed)
        begins: dict[TopicPartition, int] = await consumer.beginning_offsets(followed)
        for partition in followed:
            self._next[partition] = max(self._next.get(partition, 0), begins[partition])
            consumer.seek(partition, self._next[partition])
        self._consumer, self._trouble = consumer, ""

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=100, max_records=SLICE)
            for partition, records in fetched.items():
                for record in records:
                    self._take(partition, record)
            async with self._advanced:
                for partition in (self._state, self._alerts):
                    # The position, not the last record: compaction leaves gaps, even at the end.
                    self._next[partition] = await consumer.position(partition)
                self._advanced.notify_all()
            # A fetch that was already there returns without waiting for anything.
            await asyncio.sleep(0)

    def _take(self, partition: TopicPartition, record: Record) -> None:
        try:
            if partition == self._alerts:
                self._on_alert(BudgetAlert.FromString(record.value or b""))
                return
            own = self._own.take(record)
            entry = own or decode(record.key or b"", record.value)
            scope = self.mirror.apply(entry)
        except (ValueError, DecodeError) as error:
            log.error("unreadable record skipped", topic=record.topic, offset=record.offset, error=str(error))
            return
        if isinstance(entry, Counted):
            self._on_counted(entry)
        known = own is not None and isinstance(entry, SavedSum) and entry.partition in self._owned
        if scope is not None and not known:
            self._on_change(*scope.family.budget, scope.member)


def _outgoing(alert: BudgetAlert) -> Outgoing:
    budget = f"{alert.tenant_id}/{alert.budget.name}"
    headers = cloudevents.headers(
        BudgetAlert.DESCRIPTOR.full_name, "/aifinops/budget", alert.alert_id, alert.time_unix_micros, subject=budget
    )
    return Outgoing(BUDGET_ALERTS, budget.encode(), alert.SerializeToString(), headers, partition=0)
