"""The embedded broker, and how consumers treat it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.protocol.fetch import FetchRequest

from services.allinone.engines.embedded import EmbeddedBroker
from services.common.kafka.short_poll import pace_fetches
from services.common.kafka.topics import USAGE, create_topics
from services.common.settings import KafkaSettings

LONGEST = 0.1


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path / "broker", tmp_path / "logs")
    await broker.start()
    await create_topics(KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=4))
    yield broker
    await broker.stop()


@pytest.fixture
async def producer(broker: EmbeddedBroker) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    await producer.start()
    yield producer
    await producer.stop()


async def test_the_log_is_not_saved(broker: EmbeddedBroker, producer: AIOKafkaProducer, tmp_path: Path) -> None:
    until = time.monotonic() + 6  # It would save every two seconds.
    while time.monotonic() < until:
        await producer.send_and_wait(USAGE, b"usage", key=b"key")
        await asyncio.sleep(0.1)
    saved = [file.name for file in (tmp_path / "broker").iterdir() if file.is_file() and "kafka" in file.name]
    assert saved == []


async def test_a_consumer_pauses_between_fetches_and_sees_a_record_soon(
    broker: EmbeddedBroker, producer: AIOKafkaProducer
) -> None:
    consumer = AIOKafkaConsumer(USAGE, bootstrap_servers=broker.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    fetches = _counted_fetches(consumer)
    pace_fetches(consumer, LONGEST)
    try:
        await consumer.getmany(timeout_ms=500)
        fetches.clear()
        assert await consumer.getmany(timeout_ms=3_000) == {}
        assert 10 <= len(fetches) <= 36

        sent = time.monotonic()
        await producer.send_and_wait(USAGE, b"usage", key=b"key")
        [[record]] = (await consumer.getmany(timeout_ms=30_000)).values()
        assert record.value == b"usage"
        assert time.monotonic() - sent < 30 * LONGEST
    finally:
        await consumer.stop()


def _counted_fetches(consumer: AIOKafkaConsumer) -> list[FetchRequest]:
    """The fetches that reach the broker from now on."""
    sent: list[FetchRequest] = []
    send = consumer._client.send

    async def counting(node: int, request: Any, **options: Any) -> Any:
        if isinstance(request, FetchRequest):
            sent.append(request)
        return await send(node, request, **options)

    consumer._client.send = counting
    return sent
