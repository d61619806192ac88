"""A consumer group's membership, through FastStream: records come as raw bytes, partitions come and go."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from services.common.errors import UnavailableError
from services.common.kafka import light_records
from services.common.kafka.client import ssl_context
from services.common.kafka.record import Partition, Record
from services.common.settings import KafkaSettings

_SHORTEST_WAIT_MS = 20

Moved = Callable[[frozenset[Partition]], Awaitable[None]]
Fetched = Callable[[int, Sequence[Record]], Awaitable[None]]
"""Takes records, and the epoch under which they were fetched."""


class Subscription:
    """Membership of one group. Partitions and records are handed to its owner."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[str],
        *,
        max_records: int,
        gathering_seconds: float,
        fetched: Fetched,
        assigned: Moved,
        revoked: Moved,
    ) -> None:
        self.epoch = 0
        """Raised by the owner at each seek: what was fetched before is told from what comes after."""
        self._fetched = fetched
        light_records.for_consumers()
        self._broker = _broker(settings, group)
        self._subscriber: Any = self._broker.subscriber(
            *topics,
            batch=True,
            group_id=group,
            group_instance_id=settings.group_instance_id or None,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            max_records=max_records,
            # FastStream waits for records so long, and sleeps as long again where none came.
            batch_timeout_ms=max(_SHORTEST_WAIT_MS, round(gathering_seconds * 1_000)),
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 3,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            listener=_Listener(self._stay_a_member, assigned, revoked),
            parser=self._stamp,
            decoder=_undecoded,
        )
        self._subscriber(self._hand_over)

    async def start(self) -> None:
        """Joins the group. Raises what aiokafka does while Kafka is away."""
        await self._broker.start()

    async def stop(self) -> None:
        """Leaves the group."""
        await self._broker.stop()

    def consumer(self) -> AIOKafkaConsumer:
        """aiokafka's own.

        Raises:
            UnavailableError: not connected.
        """
        consumer = self._subscriber.consumer
        if consumer is None:
            raise UnavailableError("Kafka: not connected")
        return consumer

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Reads on from there; what was fetched before counts no more."""
        self.epoch += 1
        consumer = self.consumer()
        for partition, offset in positions.items():
            consumer.seek(TopicPartition(*partition), offset)

    def pause(self) -> None:
        """Fetches nothing more."""
        consumer = self.consumer()
        consumer.pause(*consumer.assignment())

    def behind(self, positions: Mapping[Partition, int]) -> int:
        """Records from these positions to the ends of their partitions, as far as fetches told."""
        consumer = self._subscriber.consumer
        if consumer is None:
            return 0
        found = 0
        for partition, position in positions.items():
            with contextlib.suppress(IllegalStateError):
                end = consumer.highwater(TopicPartition(*partition))
                found += max(0, (end or 0) - position)
        return found

    def _stay_a_member(self) -> None:
        """aiokafka sends heartbeats only once `assigned` has returned, which may load state for longer than a session
        lasts: the group would drop the member, assign anew, and load again without end."""
        self.consumer()._coordinator._start_heartbeat_task()

    async def _stamp(self, records: Any) -> KafkaMessage:
        """FastStream's parser, replaced: its own decodes every header as UTF-8 and loses the message where that fails.
        Notes under which epoch the records were fetched."""
        return KafkaMessage(body=self.epoch, headers={}, raw_message=records, consumer=_NO_CONSUMER)

    async def _hand_over(self, message: KafkaMessage) -> None:
        epoch: Any = message.body
        await self._fetched(epoch, message.raw_message)


def _broker(settings: KafkaSettings, client_id: str) -> KafkaBroker:
    return KafkaBroker(
        settings.bootstrap_servers.split(","),
        # A member joins only once the dead ones have timed out; the request must outlast that.
        request_timeout_ms=settings.request_timeout_ms
        + max(settings.session_timeout_ms, settings.rebalance_timeout_ms),
        client_id=client_id,
        allow_auto_create_topics=False,
        security=_security(settings),
        logger=None,
        apply_types=False,
        graceful_timeout=30,
    )


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, stay_a_member: Callable[[], None], assigned: Moved, revoked: Moved) -> None:
        self._stay_a_member = stay_a_member
        self._assigned = assigned
        self._revoked = revoked

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._stay_a_member()
        await self._assigned(frozenset(Partition(p.topic, p.partition) for p in assigned))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._revoked(frozenset(Partition(p.topic, p.partition) for p in revoked))


async def _undecoded(message: KafkaMessage) -> KafkaMessage:
    return message


class _NoConsumer:
    """Offsets are committed by BatchConsumer alone."""

    async def commit(self) -> None:
        raise AssertionError("FastStream must not commit")

    def seek(self, partition: int, offset: int) -> None:
        raise AssertionError("FastStream must not seek")


_NO_CONSUMER: Any = _NoConsumer()


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    context = ssl_context(settings)
    if settings.security_protocol.startswith("SASL"):
        kinds = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
        return kinds[settings.sasl_mechanism](
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            ssl_context=context,
            use_ssl=context is not None,
        )
    return BaseSecurity(ssl_context=context, use_ssl=True) if context is not None else None
