"""Which pollers fall to this replica: a Kafka consumer group on a topic into which nothing is ever written.

Its partitions are the shares, and Kafka gives each to one member. Committing an offset tells whether we still are that
member; a lease lasts as long after a commit as the broker waits for a silent member, so of two replicas that cannot see
each other, one has stopped before the other begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from services.common.component import Health
from services.common.kafka.client import connection
from services.common.kafka.topics import CONNECTOR_SHARES
from services.common.log import get_logger
from services.common.settings import KafkaSettings
from services.connectors.handlers.poll_ports import Lease, LeaseLostError

log = get_logger(__name__)

GROUP = "connectors"
_NEVER_IDLE_MS = 2**31 - 1
"""Nothing is ever fetched, which must not pass for a member that hangs."""


class _NoTopicError(Exception):
    pass


class Shareholder(Protocol):
    """Runs what falls to this replica."""

    async def take(self, mine: frozenset[int], shares: int, lease: Lease) -> None: ...

    async def release(self) -> None:
        """Returns once nothing of it runs."""
        ...


class TimedLease:
    """Until a moment of the monotonic clock."""

    def __init__(self) -> None:
        self.until = 0.0

    @property
    def held(self) -> bool:
        return time.monotonic() < self.until

    def check(self) -> None:
        if not self.held:
            raise LeaseLostError("Kafka has not confirmed for a while that this poller is ours")


class PollerGroup:
    """A member of the group. A component."""

    def __init__(self, settings: KafkaSettings, shareholder: Shareholder) -> None:
        self.name = "poller group"
        self._settings = settings
        self._shareholder = shareholder
        self._topic = settings.topic(CONNECTOR_SHARES)
        # A fifth is left for clocks that run at different speeds.
        self._lease_seconds = settings.session_timeout_ms / 1_000 * 0.8
        self._lease = TimedLease()
        self._consumer: Any = None
        self._shares: frozenset[int] = frozenset()
        self._taken = False
        # Between what Kafka says and what runs: whoever holds it sees both agree.
        self._changing = asyncio.Lock()
        self._assigned = asyncio.Event()
        self._living: asyncio.Task[None] | None = None
        self._trouble = "not joined yet"

    async def start(self) -> None:
        self._living = asyncio.create_task(self._live())

    async def stop(self) -> None:
        if self._living is not None:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)
        await self.on_revoked()
        await self._leave()

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble and f"Kafka: {self._trouble}")

    async def _live(self) -> None:
        while True:
            try:
                await self._join()
                await self._confirm_forever()
            except Exception as error:
                self._trouble = str(error) or type(error).__name__
                expected = isinstance(error, KafkaError | OSError | TimeoutError | _NoTopicError)
                log.warning("not in the group of pollers", error=self._trouble, exc_info=not expected)
            await self.on_revoked()
            await self._leave()
            await asyncio.sleep(1)

    async def _join(self) -> None:
        settings = self._settings
        self._consumer = AIOKafkaConsumer(
            **connection(settings)
            | {
                # A member joins only once the dead ones have timed out; the request must outlast that.
                "request_timeout_ms": settings.request_timeout_ms
                + max(settings.session_timeout_ms, settings.rebalance_timeout_ms)
            },
            client_id=settings.topic(GROUP),
            group_id=settings.topic(GROUP),
            group_instance_id=settings.group_instance_id or None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 3,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            max_poll_interval_ms=_NEVER_IDLE_MS,
        )
        await self._consumer.start()
        # Whoever subscribes to a topic that is not there waits without a word.
        if self._topic not in await self._consumer.topics():
            raise _NoTopicError(f"there is no topic {self._topic}: create it with `aifinops topics`")
        self._consumer.subscribe([self._topic], listener=_Listener(self))

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await consumer.stop()

    async def _confirm_forever(self) -> None:
        """Commits three times in the life of a lease; takes up what was just given, or what an expired lease let go."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._assigned.wait(), self._lease_seconds / 3)
            self._assigned.clear()
            async with self._changing:
                if await self._confirm():
                    await self._take()
                elif not self._lease.held:
                    await self._release()

    async def _confirm(self) -> bool:
        """Whether Kafka says that the shares are ours. An empty set of shares is."""
        asked = time.monotonic()
        partitions = [TopicPartition(self._topic, share) for share in self._shares]
        if partitions:
            try:
                async with asyncio.timeout(self._lease_seconds / 3):
                    await self._consumer.commit(dict.fromkeys(partitions, 0))
            except (KafkaError, IllegalStateError, OSError, TimeoutError) as error:
                if not self._lease.held:
                    self._trouble = f"{type(error).__name__} {error}".strip()
                return False
        self._trouble = ""
        self._lease.until = asked + self._lease_seconds
        return True

    async def _take(self) -> None:
        if self._shares and not self._taken:
            self._taken = True
            partitions = self._consumer.partitions_for_topic(self._topic) or set()
            await self._shareholder.take(self._shares, len(partitions), self._lease)

    async def _release(self) -> None:
        self._lease.until = 0.0
        if self._taken:
            self._taken = False
            await self._shareholder.release()

    async def on_revoked(self) -> None:
        """Kafka waits with giving the shares to others until this returns."""
        async with self._changing:
            self._shares = frozenset()
            await self._release()

    async def on_assigned(self, partitions: set[TopicPartition]) -> None:
        """Nothing is fetched; whether they are ours is confirmed before they are taken."""
        self._consumer.pause(*partitions)
        async with self._changing:
            await self._release()
            self._shares = frozenset(partition.partition for partition in partitions)
            self._trouble = ""
        self._assigned.set()
        log.info("shares of the pollers", shares=sorted(self._shares))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, group: PollerGroup) -> None:
        self._group = group

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._group.on_assigned(assigned)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._group.on_revoked()
