"""The batch consumer: FastStream's subscription, our batching, offsets and recovery.

Records arrive as raw bytes and are collected by size and time. A batch is processed, then its offsets are committed
explicitly, per partition. Whatever goes wrong in between, the consumer forgets what it had buffered, asks the processor
where to start again, and seeks there (crash-only: one way to recover, tried at every fault).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from opentelemetry.trace import SpanKind

from services.common.component import Health
from services.common.errors import ApiError, UnavailableError
from services.common.kafka.client import incarnation, ssl_context
from services.common.kafka.dead_letters import DeadLetters, TooManyDeadLettersError
from services.common.kafka.record import Batch, BatchProcessor, Partition
from services.common.kafka.short_poll import pause_when_caught_up
from services.common.log import get_logger
from services.common.metrics import BATCH_RECORDS, BATCH_SECONDS, CONSUMED, LAG, RESYNCS
from services.common.settings import KafkaSettings
from services.common.tracing import links, tracer

log = get_logger(__name__)

_WATCH_SECONDS = 5.0


@dataclass(frozen=True)
class BatchPolicy:
    """When a batch is full: at `records`, or `linger_seconds` after its first record."""

    records: int = 2_000
    linger_seconds: float = 0.05
    stuck_seconds: float = 120.0
    """Without progress for so long, with records waiting, the consumer reports itself dead."""


class BatchConsumer:
    """Feeds a processor from topics, in batches. A component."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        processor: BatchProcessor,
        dead_letters: DeadLetters,
        policy: BatchPolicy | None = None,
    ) -> None:
        self.name = f"consumer {group}"
        self._settings = settings
        self._group = settings.topic(group)
        self._topics = tuple(settings.topic(topic) for topic in topics)
        self._processor = processor
        self._dead_letters = dead_letters
        self._policy = policy or BatchPolicy()
        self._broker: KafkaBroker | None = None
        self._subscriber: Any = None
        self._log: _ConsumerLog | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._buffer: list[ConsumerRecord] = []
        self._buffered_since = 0.0
        self._epoch = 0
        self._wake = asyncio.Event()
        self._assigned: frozenset[Partition] = frozenset()
        self._next: dict[Partition, int] = {}
        self._stopping = False
        self._failed: str = ""
        self._trouble: str = "not connected yet"
        self._failures = 0
        self._away = False
        self._progress = time.monotonic()

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._spawn(self._connect())
        self._spawn(self._flush_when_lingered())
        self._spawn(self._watch_log())

    async def stop(self) -> None:
        """Drains: what is buffered is processed and committed before the group is left."""
        self._stopping = True
        async with self._lock:
            try:
                await self._flush()
            except Exception as error:
                self._note(error)  # Not committed, so it is read again at the next start.
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._broker is not None:
            await self._broker.stop()

    def health(self) -> Health:
        if self._failed:
            return Health(ready=False, alive=False, detail=self._failed)
        waiting = bool(self._buffer) or self._lag() > 0
        silent = time.monotonic() - self._progress
        if waiting and silent > self._policy.stuck_seconds:
            return Health(ready=False, alive=False, detail=f"no progress for {silent:.0f} s with records waiting")
        trouble = "Kafka does not answer" if self._away else self._trouble
        return Health(ready=not trouble, detail=trouble)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        while not self._stopping:
            try:
                self._log = _ConsumerLog(await incarnation(self._settings))
                self._broker = self._subscribed_broker()
                await self._broker.start()
            except Exception as error:
                self._trouble = f"Kafka: {error}"
                log.warning("not connected to Kafka", group=self._group, error=self._trouble)
                if self._broker is not None:
                    with contextlib.suppress(Exception):
                        await self._broker.stop()
                await asyncio.sleep(1)
            else:
                if not self._failures:
                    self._trouble = ""
                if self._settings.short_poll_ms:
                    self._spawn(pause_when_caught_up(self._consumer(), self._settings.short_poll_ms / 1_000))
                return

    def _subscribed_broker(self) -> KafkaBroker:
        settings = self._settings
        broker = KafkaBroker(
            settings.bootstrap_servers.split(","),
            # A member joins only once the dead ones have timed out; the request must outlast that.
            request_timeout_ms=settings.request_timeout_ms
            + max(settings.session_timeout_ms, settings.rebalance_timeout_ms),
            client_id=self._group,
            allow_auto_create_topics=False,
            security=_security(settings),
            logger=None,
            apply_types=False,
            graceful_timeout=30,
        )
        self._subscriber = broker.subscriber(
            *self._topics,
            batch=True,
            group_id=self._group,
            group_instance_id=settings.group_instance_id or None,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            max_records=self._policy.records,
            batch_timeout_ms=20,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 3,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            listener=_Listener(self),
            parser=self._stamp,
            decoder=_undecoded,
        )
        self._subscriber(self._collect)
        return broker

    async def _watch_log(self) -> None:
        """Asks for the ends of the assigned partitions now and then: the lag, and whether Kafka answers at all.

        A consumer whose broker is away sees no error, only silence.
        """
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            view, partitions = self._log, sorted(self._assigned)
            if view is None or not partitions:
                continue
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    ends = await view.end_offsets(partitions)
            except (KafkaError, OSError, TimeoutError, ApiError):
                self._away = True
                continue
            self._away = False
            for partition, end in ends.items():
                lag = max(0, end - self._next.get(partition, end))
                LAG.labels(self._group, partition.topic, str(partition.partition)).set(lag)

    # --- batches ----------------------------------------------------------------------------------------------------

    async def _stamp(self, records: tuple[ConsumerRecord, ...]) -> KafkaMessage:
        """FastStream's parser, replaced: its own decodes every header as UTF-8 and loses the message where that fails.
        Notes under which assignment the records were fetched."""
        return KafkaMessage(body=self._epoch, headers={}, raw_message=records, consumer=_NO_CONSUMER)

    async def _collect(self, message: KafkaMessage) -> None:
        """FastStream's handler: buffers, and processes once the batch is full."""
        async with self._lock:
            if message.body != self._epoch or self._failed:
                return  # Fetched before a seek, which reads them again if they are due.
            if not self._buffer:
                self._buffered_since = time.monotonic()
            self._buffer.extend(message.raw_message)
            if len(self._buffer) >= self._policy.records:
                await self._flush_or_resync()
            else:
                self._wake.set()

    async def _flush_when_lingered(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._buffer:
                remaining = self._buffered_since + self._policy.linger_seconds - time.monotonic()
                if remaining > 0:
                    await asyncio.sleep(remaining)
                    continue
                async with self._lock:
                    if time.monotonic() - self._buffered_since >= self._policy.linger_seconds:
                        await self._flush_or_resync()

    async def _flush_or_resync(self) -> None:
        try:
            await self._flush()
        except TooManyDeadLettersError as error:
            self._failed = str(error)
            log.error("consumer stopped", group=self._group, reason=self._failed)
            self._buffer.clear()
            self._pause()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._resync(error)

    async def _flush(self) -> None:
        """Processes what is buffered, commits, and only then forgets it."""
        if not self._buffer or self._failed:
            return
        batch = Batch(self._buffer, send=self._dead_letters.send)
        started = time.perf_counter()
        with tracer.start_as_current_span(
            f"process {self._group}", kind=SpanKind.CONSUMER, links=links(r.headers for r in self._buffer)
        ) as span:
            span.set_attribute("messaging.batch.message_count", len(self._buffer))
            await self._processor.process(batch)
            await batch.send_rejections()
        await self._commit(self._buffer)
        BATCH_SECONDS.labels(self._group).observe(time.perf_counter() - started)
        BATCH_RECORDS.labels(self._group).observe(len(self._buffer))
        for topic in self._topics:
            CONSUMED.labels(self._group, topic).inc(sum(record.topic == topic for record in self._buffer))
        self._buffer = []
        self._progress = time.monotonic()
        self._failures, self._trouble = 0, ""

    async def _commit(self, records: Sequence[ConsumerRecord]) -> None:
        offsets: dict[TopicPartition, int] = {}
        for record in records:
            offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
        try:
            await self._consumer().commit(offsets)
        except (CommitFailedError, IllegalStateError):
            # The partition went to another member meanwhile. It starts from durable state, not from this offset.
            log.info("offsets not committed: partitions moved", group=self._group)
        for partition, offset in offsets.items():
            self._next[Partition(partition.topic, partition.partition)] = offset

    # --- partitions -------------------------------------------------------------------------------------------------

    async def on_assigned(self, partitions: frozenset[Partition]) -> None:
        """Loads the processor's state and seeks; waits for what is away, since nothing can be read without it."""
        async with self._lock:
            self._assigned = partitions
            self._buffer = []
            self._epoch += 1
            while not self._stopping:
                try:
                    await self._seek()
                except Exception as error:
                    self._note(error)
                    await asyncio.sleep(self._backoff())
                else:
                    self._failures, self._trouble = 0, ""
                    return

    async def on_revoked(self, partitions: frozenset[Partition]) -> None:
        """Drains before the partitions go to another member; what cannot be drained is read again there."""
        async with self._lock:
            if self._assigned:
                try:
                    async with asyncio.timeout(self._settings.rebalance_timeout_ms / 1_000 * 0.7):
                        await self._flush()
                except Exception as error:
                    self._note(error)
                self._buffer = []
                self._assigned = frozenset()
                await self._processor.revoked(sorted(partitions))

    async def _resync(self, error: Exception) -> None:
        """After a fault: forget, wait a little, load durable state, read again from there."""
        self._note(error)
        RESYNCS.labels(self._group).inc()
        self._buffer = []
        while not self._stopping and self._assigned:
            await asyncio.sleep(self._backoff())
            try:
                await self._processor.revoked(sorted(self._assigned))
                await self._seek()
            except Exception as again:
                self._note(again)
            else:
                return

    async def _seek(self) -> None:
        partitions = sorted(self._assigned)
        if not partitions:
            return
        consumer = self._consumer()
        view = self._log
        if view is None:
            raise UnavailableError("Kafka: not connected yet")
        view.consumer = consumer
        starts = await self._processor.assigned(partitions, view)
        committed = await view.committed_offsets([p for p in partitions if p not in starts])
        begins = await view.beginning_offsets(partitions)
        ends = await view.end_offsets(partitions)
        for partition in partitions:
            wanted = starts.get(partition)
            if wanted is not None and wanted > ends[partition]:
                raise LogTruncatedError(partition, wanted, ends[partition])
            if wanted is None:
                wanted = committed.get(partition)
                wanted = begins[partition] if wanted is None or wanted > ends[partition] else wanted
            self._next[partition] = max(wanted, begins[partition])
        self._epoch += 1
        for partition in partitions:
            consumer.seek(TopicPartition(*partition), self._next[partition])

    def _pause(self) -> None:
        consumer = self._consumer()
        consumer.pause(*consumer.assignment())

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._subscriber.consumer
        if consumer is None:
            raise UnavailableError("Kafka: not connected")
        return consumer

    def _note(self, error: Exception) -> None:
        self._failures += 1
        self._trouble = f"{type(error).__name__}: {error}"
        expected = isinstance(error, ApiError | KafkaError | TimeoutError | OSError)
        log.warning(
            "batch not processed; reading again from durable state",
            group=self._group,
            failures=self._failures,
            error=self._trouble,
            exc_info=not expected,
        )

    def _backoff(self) -> float:
        return float(min(5.0, 0.1 * 2 ** min(self._failures, 6)))

    def _lag(self) -> int:
        """Records between what was processed and the ends of the assigned partitions, as far as fetches told."""
        consumer = self._subscriber.consumer if self._subscriber is not None else None
        if consumer is None:
            return 0
        behind = 0
        for partition in self._assigned:
            with contextlib.suppress(IllegalStateError):
                end = consumer.highwater(TopicPartition(*partition))
                behind += max(0, (end or 0) - self._next.get(partition, end or 0))
        return behind


class LogTruncatedError(Exception):
    """State covers more of the log than there is: topics were deleted and created again."""

    def __init__(self, partition: Partition, wanted: int, end: int) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition} ends at {end}, but records up to {wanted} were applied: the "
            "topic was deleted and created again. Set AIFINOPS_KAFKA__INCARNATION to a new value, for every service."
        )


class _ConsumerLog:
    """The Log a processor sees."""

    def __init__(self, incarnation: str) -> None:
        self.incarnation = incarnation
        self.consumer: AIOKafkaConsumer | None = None

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return await self._offsets("beginning_offsets", partitions)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return await self._offsets("end_offsets", partitions)

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        assert self.consumer is not None
        return {p: await self.consumer.committed(TopicPartition(*p)) for p in partitions}

    async def _offsets(self, which: str, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        found = await getattr(self.consumer, which)([TopicPartition(*p) for p in partitions])
        return {Partition(p.topic, p.partition): offset for p, offset in found.items()}


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: BatchConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._consumer.on_assigned(frozenset(Partition(p.topic, p.partition) for p in assigned))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._consumer.on_revoked(frozenset(Partition(p.topic, p.partition) for p in revoked))


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
