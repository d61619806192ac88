"""The producer: acks=all, idempotent, batches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerIdMapping,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    UnknownProducerId,
)

from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.kafka import lz4
from services.common.kafka.client import connection
from services.common.kafka.record import Outgoing
from services.common.kafka.submit import submit
from services.common.log import get_logger
from services.common.metrics import PRODUCE_FAILURES, PRODUCED
from services.common.settings import KafkaSettings

log = get_logger(__name__)

lz4.at_its_fast_level()

_FLUSH_EVERY = 2_000

_FORGOTTEN = (OutOfOrderSequenceNumber, UnknownProducerId, InvalidProducerIdMapping, ProducerFenced)
"""The broker does not know this producer's sequence numbers any more, so that it would refuse every further record."""


class Producer:
    """Writes records durably. A component."""

    def __init__(self, settings: KafkaSettings, *, client_id: str, linger_ms: int = 2) -> None:
        self.name = f"kafka producer {client_id}"
        self.settings = settings
        self._client_id = client_id
        self._linger_ms = linger_ms
        self._producer: AIOKafkaProducer | None = None
        self._starting: asyncio.Task[None] | None = None
        self._last_error = "not connected yet"

    async def start(self) -> None:
        self._starting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        while True:
            producer = AIOKafkaProducer(
                **connection(self.settings),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                linger_ms=self._linger_ms,
                max_batch_size=512 * 1024,
                compression_type=None if self.settings.compression == "none" else self.settings.compression,
            )
            try:
                await producer.start()
            except (KafkaError, OSError) as error:
                self._last_error = str(error)
                await producer.stop()
                await asyncio.sleep(0.5)
            except asyncio.CancelledError:
                await producer.stop()
                raise
            else:
                self._producer, self._last_error = producer, ""
                return

    async def stop(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    def health(self) -> Health:
        return Health(ready=not self._last_error, detail=self._last_error and f"Kafka: {self._last_error}")

    async def produce(self, records: Sequence[Outgoing], *, timeout_seconds: float = 30.0) -> list[tuple[int, int]]:
        """Writes the records, in order per partition, and waits until every replica in sync has them.

        Returns:
            (partition, offset) of each record.

        Raises:
            UnavailableError: Kafka did not acknowledge all of them in time; some may have been written.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._produce(records)
        except (KafkaError, TimeoutError, OSError) as error:
            self._last_error = f"{type(error).__name__} {error}".strip()
            for topic in {record.topic for record in records}:
                PRODUCE_FAILURES.labels(topic).inc(len(records))
            raise UnavailableError(f"Kafka did not acknowledge in time ({self._last_error})") from error

    def _replace(self, forgotten: AIOKafkaProducer) -> None:
        """Goes on with a new producer, under a new producer id."""
        if self._producer is forgotten:
            self._producer = None
            self._starting = asyncio.create_task(self._reconnect(forgotten))

    async def _reconnect(self, forgotten: AIOKafkaProducer) -> None:
        log.warning("Kafka lost this producer's state; starting a new one", client_id=self._client_id)
        try:
            async with asyncio.timeout(5):
                await forgotten.stop()
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("the old producer did not stop cleanly", error=str(error))
        await self._connect()

    async def _produce(self, records: Sequence[Outgoing]) -> list[tuple[int, int]]:
        while self._producer is None:
            await asyncio.sleep(0.05)
        producer = self._producer
        positions: list[tuple[int, int]] = []
        for start in range(0, len(records), _FLUSH_EVERY):
            try:
                positions += await submit(producer, self.settings, records[start : start + _FLUSH_EVERY])
            except _FORGOTTEN:
                self._replace(producer)
                raise
        self._last_error = ""
        for topic, count in Counter(record.topic for record in records).items():
            PRODUCED.labels(topic).inc(count)
        return positions
