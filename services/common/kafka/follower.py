"""Following a topic outside any consumer group: all that it holds, then what comes, as long as the process lives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.kafka.client import connection, incarnation, partitions
from services.common.kafka.record import Record
from services.common.kafka.short_poll import pace_fetches
from services.common.log import get_logger
from services.common.settings import KafkaSettings

log = get_logger(__name__)

_CATCH_UP_SECONDS = 30.0
_SLICE = 2_000
"""Records taken in before other work of the process gets its turn."""


class Follower:
    """Hands on every committed record of a topic, in the order of each partition. A component."""

    def __init__(
        self, settings: KafkaSettings, topic: str, *, take: Callable[[Record], None], restart: Callable[[], None]
    ) -> None:
        """`restart` is called before the first record of another life of the log."""
        self.name = f"follower {topic}"
        self.partitions = 0
        """Of the topic; 0 until known."""
        self._settings = settings
        self._topic = topic
        self._take = take
        self._restart = restart
        self._life = ""
        self._next: dict[TopicPartition, int] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._following: asyncio.Task[None] | None = None
        self._advanced = asyncio.Condition()
        self._trouble = "not connected yet"

    async def start(self) -> None:
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble and f"{self._topic}: {self._trouble}")

    async def caught_up(self) -> None:
        """Returns once everything that was committed when this was called has been handed on.

        Raises:
            UnavailableError: Kafka is away.
        """
        consumer = self._consumer
        if consumer is None:
            raise UnavailableError(f"{self._topic}: {self._trouble}")
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                ends: dict[TopicPartition, int] = await consumer.end_offsets(list(self._next))
                async with self._advanced:
                    await self._advanced.wait_for(lambda: all(self._next.get(p, 0) >= end for p, end in ends.items()))
        except (KafkaError, OSError, TimeoutError) as error:
            raise UnavailableError(f"{self._topic}: {type(error).__name__} {error}") from error

    async def _follow(self) -> None:
        while True:
            consumer = AIOKafkaConsumer(
                **connection(self._settings),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
            )
            try:
                await self._connect(consumer)
                await self._read(consumer)
            except (KafkaError, UnavailableError, OSError) as error:
                self._trouble = f"{type(error).__name__} {error}".strip()
                log.warning("topic cannot be followed", topic=self._topic, error=self._trouble)
            finally:
                self._consumer = None
                with contextlib.suppress(KafkaError, OSError):
                    await consumer.stop()
            await asyncio.sleep(1)

    async def _connect(self, consumer: AIOKafkaConsumer) -> None:
        life = await incarnation(self._settings)
        if life != self._life:
            self._life, self._next = life, {}
            self._restart()
        followed = [TopicPartition(*partition) for partition in await partitions(self._settings, self._topic)]
        await consumer.start()
        if self._settings.short_poll_ms:
            pace_fetches(consumer, self._settings.short_poll_ms / 1_000)
        consumer.assign(followed)
        begins: dict[TopicPartition, int] = await consumer.beginning_offsets(followed)
        for partition in followed:
            self._next[partition] = max(self._next.get(partition, 0), begins[partition])
            consumer.seek(partition, self._next[partition])
        self.partitions = len(followed)
        self._consumer, self._trouble = consumer, ""

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=100, max_records=_SLICE)
            for records in fetched.values():
                for record in records:
                    self._take(record)
            async with self._advanced:
                for partition in self._next:
                    # The position, not the last record: compaction and transactions leave gaps, even at the end.
                    self._next[partition] = await consumer.position(partition)
                self._advanced.notify_all()
            # A fetch that was already there returns without waiting for anything.
            await asyncio.sleep(0)
