"""The producer against a real broker: whatever the mixture, each record has the position it was told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import USAGE, create_topics
from services.common.settings import KafkaSettings

PARTITIONS = 3


def _mixture() -> list[Outgoing]:
    """Many and few a partition, by key and by number, small and larger than a batch may be."""
    many = [Outgoing(USAGE, os.urandom(16), b"m%d" % n, [("h", b"\xff")]) for n in range(2_500)]
    chosen = [Outgoing(USAGE, b"same key", b"c%d" % n, partition=1) for n in range(40)]
    large = [Outgoing(USAGE, b"large", os.urandom(200_000), partition=0) for _ in range(20)]
    return [*large[:1], *many, *chosen, *large[1:], Outgoing(USAGE, b"alone", None, partition=2)]


async def _produced(settings: KafkaSettings, records: Sequence[Outgoing]) -> dict[tuple[int, int], bytes | None]:
    producer = Producer(settings, client_id="test")
    await producer.start()
    try:
        halves = await asyncio.gather(producer.produce(records[::2]), producer.produce(records[1::2]))
        assert await producer.produce([]) == []
    finally:
        await producer.stop()
    positions = [*halves[0], *halves[1]]
    return dict(zip(positions, (record.value for record in [*records[::2], *records[1::2]]), strict=True))


async def test_positions_are_those_of_the_log(kafka_settings: KafkaSettings) -> None:
    settings = kafka_settings.model_copy(update={"partitions": PARTITIONS})
    await create_topics(settings)
    records = _mixture()
    told = await _produced(settings, records)
    assert len(told) == len(records)
    partitions = [Partition(settings.topic(USAGE), number) for number in range(PARTITIONS)]
    found = {
        (record.partition, record.offset): record.value
        async for batch in read(settings, partitions)
        for record in batch
    }
    assert found == told


async def test_order_within_a_partition_is_the_callers(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    records = [Outgoing(USAGE, b"one key", b"%d" % n) for n in range(5_000)]
    told = await _produced(kafka_settings, records[:0] + records[:10])
    assert len({partition for partition, _ in told}) == 1
    producer = Producer(kafka_settings, client_id="test")
    await producer.start()
    try:
        positions = await producer.produce(records)
    finally:
        await producer.stop()
    assert positions == sorted(positions)
    assert len({partition for partition, _ in positions}) == 1
