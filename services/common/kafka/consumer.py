"""The batch consumer: FastStream's subscription, our batching, offsets and recovery.

Records arrive as raw bytes and are collected by size and time. A batch is processed, then its offsets are committed
explicitly, per partition. Whatever goes wrong in between, the consumer forgets what it had buffered, asks the processor
where to start again, and seeks there (crash-only: one way to recover, tried at every fault).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from opentelemetry.trace import SpanKind

from services.common.component import Health
from services.common.errors import ApiError
from services.common.kafka.batch_policy import BatchPolicy
from services.common.kafka.client import incarnation
from services.common.kafka.dead_letters import DeadLetters, TooManyDeadLettersError
from services.common.kafka.positions import ConsumerLog, starting_positions
from services.common.kafka.record import Batch, BatchProcessor, Partition, Record
from services.common.kafka.short_poll import pace_fetches
from services.common.kafka.subscription import Subscription
from services.common.log import get_logger
from services.common.metrics import BATCH_RECORDS, BATCH_SECONDS, CONSUMED, LAG, RESYNCS
from services.common.settings import KafkaSettings
from services.common.tracing import links, tracer

log = get_logger(__name__)

_WATCH_SECONDS = 5.0


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
        self._subscription = self._new_subscription()
        self._incarnation = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._buffer: list[Record] = []
        self._buffered_since = 0.0
        self._grown_at = 0.0
        self._wake = asyncio.Event()
        self._next: dict[Partition, int] = {}
        """Assigned partitions, and the offset each is processed up to."""
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
        await self._subscription.stop()

    def health(self) -> Health:
        if self._failed:
            return Health(ready=False, alive=False, detail=self._failed)
        waiting = bool(self._buffer) or self._subscription.behind(self._next) > 0
        silent = time.monotonic() - self._progress
        if waiting and silent > self._policy.stuck_seconds:
            return Health(ready=False, alive=False, detail=f"no progress for {silent:.0f} s with records waiting")
        trouble = "Kafka does not answer" if self._away else self._trouble
        return Health(ready=not trouble, detail=trouble)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _new_subscription(self) -> Subscription:
        return Subscription(
            self._settings,
            self._group,
            self._topics,
            max_records=self._policy.records,
            gathering_seconds=self._policy.gathering_seconds,
            fetched=self._collect,
            assigned=self._on_assigned,
            revoked=self._on_revoked,
        )

    async def _connect(self) -> None:
        while not self._stopping:
            try:
                self._incarnation = await incarnation(self._settings)
                await self._subscription.start()
            except Exception as error:
                self._trouble = f"Kafka: {error}"
                log.warning("not connected to Kafka", group=self._group, error=self._trouble)
                with contextlib.suppress(Exception):
                    await self._subscription.stop()
                self._subscription = self._new_subscription()
                await asyncio.sleep(1)
            else:
                if not self._failures:
                    self._trouble = ""
                if self._settings.short_poll_ms:
                    longest = self._settings.short_poll_ms / 1_000
                    pace_fetches(self._subscription.consumer(), longest, self._policy.gathering_seconds)
                return

    async def _watch_log(self) -> None:
        """Asks for the ends of the assigned partitions now and then: the lag, and whether Kafka answers at all.

        A consumer whose broker is away sees no error, only silence.
        """
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if not self._next:
                continue
            try:
                async with asyncio.timeout(_WATCH_SECONDS):
                    ends = await self._log().end_offsets(sorted(self._next))
            except (KafkaError, OSError, TimeoutError, ApiError):
                self._away = True
                continue
            self._away = False
            for partition, end in ends.items():
                lag = max(0, end - self._next.get(partition, end))
                LAG.labels(self._group, partition.topic, str(partition.partition)).set(lag)

    # --- batches ----------------------------------------------------------------------------------------------------

    async def _collect(self, epoch: int, records: Sequence[Record]) -> None:
        """Buffers, and processes once the batch is full."""
        async with self._lock:
            if epoch != self._subscription.epoch or self._failed:
                return  # Fetched before a seek, which reads them again if they are due.
            self._grown_at = time.monotonic()
            if not self._buffer:
                self._buffered_since = self._grown_at
            self._buffer.extend(records)
            if len(self._buffer) >= self._policy.records:
                await self._flush_or_resync()
            else:
                self._wake.set()

    async def _flush_when_lingered(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._buffer:
                remaining = self._due() - time.monotonic()
                if remaining > 0:
                    await asyncio.sleep(remaining)
                    continue
                async with self._lock:
                    if time.monotonic() >= self._due():
                        await self._flush_or_resync()

    def _due(self) -> float:
        return self._policy.due(self._buffered_since, self._grown_at, self._progress)

    async def _flush_or_resync(self) -> None:
        try:
            await self._flush()
        except TooManyDeadLettersError as error:
            self._failed = str(error)
            log.error("consumer stopped", group=self._group, reason=self._failed)
            self._buffer.clear()
            self._subscription.pause()
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
        for topic, count in Counter(record.topic for record in self._buffer).items():
            CONSUMED.labels(self._group, topic).inc(count)
        self._buffer = []
        self._progress = time.monotonic()
        self._failures, self._trouble = 0, ""

    async def _commit(self, records: Sequence[Record]) -> None:
        last = {(record.topic, record.partition): record.offset for record in records}
        offsets = {TopicPartition(*partition): offset + 1 for partition, offset in last.items()}
        try:
            await self._subscription.consumer().commit(offsets)
        except (CommitFailedError, IllegalStateError):
            # The partition went to another member meanwhile. It starts from durable state, not from this offset.
            log.info("offsets not committed: partitions moved", group=self._group)
        for partition, offset in offsets.items():
            self._next[Partition(partition.topic, partition.partition)] = offset

    # --- partitions -------------------------------------------------------------------------------------------------

    async def _on_assigned(self, partitions: frozenset[Partition]) -> None:
        """Loads the processor's state and seeks; waits for what is away, since nothing can be read without it."""
        async with self._lock:
            self._buffer = []
            self._subscription.epoch += 1
            while not self._stopping:
                try:
                    await self._seek(sorted(partitions))
                except Exception as error:
                    self._note(error)
                    await asyncio.sleep(self._backoff())
                else:
                    self._failures, self._trouble = 0, ""
                    return

    async def _on_revoked(self, partitions: frozenset[Partition]) -> None:
        """Drains before the partitions go to another member; what cannot be drained is read again there."""
        async with self._lock:
            if self._next:
                try:
                    async with asyncio.timeout(self._settings.rebalance_timeout_ms / 1_000 * 0.7):
                        await self._flush()
                except Exception as error:
                    self._note(error)
                self._buffer = []
                self._next = {}
                await self._processor.revoked(sorted(partitions))

    async def _resync(self, error: Exception) -> None:
        """After a fault: forget, wait a little, load durable state, read again from there."""
        self._note(error)
        RESYNCS.labels(self._group).inc()
        self._buffer = []
        partitions = sorted(self._next)
        while not self._stopping and partitions:
            await asyncio.sleep(self._backoff())
            try:
                await self._processor.revoked(partitions)
                await self._seek(partitions)
            except Exception as again:
                self._note(again)
            else:
                return

    async def _seek(self, partitions: Sequence[Partition]) -> None:
        if not partitions:
            return
        view = self._log()
        wanted = await self._processor.assigned(partitions, view)
        self._next = await starting_positions(view, partitions, wanted)
        self._subscription.seek(self._next)

    def _log(self) -> ConsumerLog:
        return ConsumerLog(self._incarnation, self._subscription.consumer())

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
