"""Writes that only the latest of several writers can make: each group of records is one transaction under one id, and
the broker refuses a writer as soon as another one has taken the id."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.common.errors import UnavailableError
from services.common.group_commit import GroupCommit
from services.common.kafka.client import connection
from services.common.kafka.record import Outgoing
from services.common.kafka.submit import submit
from services.common.log import get_logger
from services.common.settings import KafkaSettings

log = get_logger(__name__)

_MOST_RECORDS = 5_000
_OPEN_SECONDS = 15.0
_WRITE_SECONDS = 10.0
"""Also how long the broker keeps the transaction of a writer that fell silent."""


class FencedWriter:
    """A writer under a transactional id. Crash-only: after the first failure it writes nothing more."""

    def __init__(self, settings: KafkaSettings, transactional_id: str) -> None:
        self._settings = settings
        self._id = settings.topic(transactional_id)
        self._producer: AIOKafkaProducer | None = None
        self._group: GroupCommit[Outgoing] = GroupCommit(self._commit, most=_MOST_RECORDS)
        self.broken = ""
        """Why it writes nothing more; empty: it does."""

    async def open(self) -> None:
        """Takes the id: what an earlier writer has not committed by now never will be.

        Raises:
            UnavailableError: Kafka is away.
        """
        producer = AIOKafkaProducer(
            **connection(self._settings),
            transactional_id=self._id,
            transaction_timeout_ms=int(_WRITE_SECONDS * 1_000),
            acks="all",
            linger_ms=0,
            retry_backoff_ms=20,
        )
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await producer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await _abandon(producer)
            raise UnavailableError(f"Kafka: {type(error).__name__} {error}".strip()) from error
        self._producer = producer

    async def write(self, records: Sequence[Outgoing]) -> None:
        """Returns once they are durable, in order; those of concurrent callers are one transaction.

        Raises:
            UnavailableError: this write or an earlier one failed, or another writer has the id; whether the records
                are there, a reader finds out.
        """
        await self._group.submit(records)

    async def close(self) -> None:
        """Finishes what was submitted."""
        await self._group.drain()
        self.broken = self.broken or "closed"
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _abandon(producer)

    async def _commit(self, records: Sequence[Outgoing]) -> None:
        if self.broken or self._producer is None:
            raise UnavailableError(f"writer {self._id}: {self.broken or 'not open'}")
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._producer.begin_transaction()
                await submit(self._producer, self._settings, records)
                await self._producer.commit_transaction()
        except Exception as error:
            self.broken = f"{type(error).__name__} {error}".strip()
            raise UnavailableError(f"writer {self._id}: {self.broken}") from error


async def _abandon(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(5):
            await producer.stop()
