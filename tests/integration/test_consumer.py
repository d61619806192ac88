"""The batch consumer and the producer against a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from services.common.kafka.batch_policy import BatchPolicy
from services.common.kafka.consumer import BatchConsumer
from services.common.kafka.dead_letters import DeadLetterLimit, DeadLetters
from services.common.kafka.producer import Producer
from services.common.kafka.record import Batch, Log, Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import DEAD_LETTER, USAGE, create_topics
from services.common.settings import KafkaSettings


class Collecting:
    """Keeps what it processes; can be told to fail, and where to start."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.fail_times = 0
        self.starts: dict[Partition, int] = {}
        self.assignments = 0
        self.loading_seconds = 0.0

    async def assigned(self, partitions: Sequence[Partition], log: Log) -> Mapping[Partition, int]:
        self.assignments += 1
        assert log.incarnation
        assert set(await log.end_offsets(partitions)) == set(partitions)
        await asyncio.sleep(self.loading_seconds)
        return {p: self.starts[p] for p in partitions if p in self.starts}

    async def process(self, batch: Batch) -> None:
        if self.fail_times:
            self.fail_times -= 1
            raise RuntimeError("told to fail")
        for record in batch.records:
            value = record.value or b""
            if value.startswith(b"poison"):
                batch.reject(record, "unreadable", "told to be poison")
            else:
                self.seen.append(value)

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        return None


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def _consume(
    settings: KafkaSettings, processor: Collecting, work: Callable[[Producer, BatchConsumer], Awaitable[None]],
    limit: DeadLetterLimit | None = None,
) -> None:  # fmt: skip
    producer = Producer(settings, client_id="test")
    consumer = BatchConsumer(
        settings, group="test", topics=[USAGE], processor=processor, policy=BatchPolicy(100, 0.02),
        dead_letters=DeadLetters(producer, "test", limit),
    )  # fmt: skip
    await producer.start()
    await consumer.start()
    try:
        await work(producer, consumer)
    finally:
        await consumer.stop()
        await producer.stop()


def _records(start: int, end: int) -> list[Outgoing]:
    return [Outgoing(USAGE, str(i).encode(), str(i).encode(), [("h", b"\xff\xfe")]) for i in range(start, end)]


async def test_processes_each_record_once_across_a_restart(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    processor = Collecting()

    async def first(producer: Producer, consumer: BatchConsumer) -> None:
        await producer.produce(_records(0, 500))
        await until(lambda: len(processor.seen) == 500)
        assert consumer.health().ready

    async def second(producer: Producer, _consumer: BatchConsumer) -> None:
        await producer.produce(_records(500, 600))
        await until(lambda: len(processor.seen) >= 600)

    await _consume(kafka_settings, processor, first)
    await _consume(kafka_settings, processor, second)
    assert sorted(map(int, processor.seen)) == list(range(600))


async def test_a_failed_batch_is_read_again(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    processor = Collecting()
    processor.fail_times = 2

    async def work(producer: Producer, _consumer: BatchConsumer) -> None:
        await producer.produce(_records(0, 50))
        await until(lambda: len(processor.seen) >= 50)

    await _consume(kafka_settings, processor, work)
    assert sorted(map(int, processor.seen)) == list(range(50))
    assert processor.assignments >= 3


async def test_a_load_that_outlasts_the_session_is_made_once(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    processor = Collecting()
    processor.loading_seconds = kafka_settings.session_timeout_ms / 1_000 + 3

    async def work(producer: Producer, _consumer: BatchConsumer) -> None:
        await producer.produce(_records(0, 50))
        await until(lambda: len(processor.seen) >= 50)
        # The next heartbeat would tell a member that was dropped.
        await asyncio.sleep(kafka_settings.session_timeout_ms / 3_000 + 1)

    await _consume(kafka_settings, processor, work)
    assert processor.assignments == 1
    assert len(processor.seen) == 50


async def test_the_processor_says_where_to_start(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    processor = Collecting()
    topic = kafka_settings.topic(USAGE)
    processor.starts = {Partition(topic, 0): 10, Partition(topic, 1): 0, Partition(topic, 2): 0}

    async def work(producer: Producer, _consumer: BatchConsumer) -> None:
        await until(lambda: bool(processor.seen))

    producer = Producer(kafka_settings, client_id="before")
    await producer.start()
    await producer.produce([Outgoing(USAGE, b"k", str(i).encode(), partition=0) for i in range(12)])
    await producer.stop()
    await _consume(kafka_settings, processor, work)
    assert processor.seen == [b"10", b"11"]


async def test_poison_goes_to_the_dead_letter_topic_once_and_the_partition_moves_on(
    kafka_settings: KafkaSettings,
) -> None:
    await create_topics(kafka_settings)
    processor = Collecting()

    async def work(producer: Producer, _consumer: BatchConsumer) -> None:
        await producer.produce([Outgoing(USAGE, b"k", b"poison", [("origin", b"x")]), *_records(0, 5)])
        await until(lambda: len(processor.seen) == 5)

    await _consume(kafka_settings, processor, work)
    dead = [r async for batch in read(kafka_settings, [Partition(kafka_settings.topic(DEAD_LETTER), 0)]) for r in batch]
    assert [r.value for r in dead] == [b"poison"]
    headers = dict(dead[0].headers)
    assert headers["dlq_reason"] == b"unreadable"
    assert headers["origin"] == b"x"
    assert headers["dlq_topic"] == kafka_settings.topic(USAGE).encode()


async def test_a_burst_of_poison_stops_the_consumer(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    processor = Collecting()

    async def work(producer: Producer, consumer: BatchConsumer) -> None:
        await producer.produce([Outgoing(USAGE, b"k", b"poison") for _ in range(20)])
        await until(lambda: not consumer.health().alive)
        assert "poison records" in consumer.health().detail

    await _consume(kafka_settings, processor, work, DeadLetterLimit(records=10))
    dead = [r async for batch in read(kafka_settings, [Partition(kafka_settings.topic(DEAD_LETTER), 0)]) for r in batch]
    assert not dead


@pytest.mark.slow
async def test_a_second_member_shares_the_partitions_without_loss(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    one, two = Collecting(), Collecting()

    async def work(producer: Producer, _consumer: BatchConsumer) -> None:
        await producer.produce(_records(0, 300))
        await until(lambda: len(one.seen) == 300)

        async def inner(_producer: Producer, _consumer: BatchConsumer) -> None:
            await until(lambda: two.assignments > 0)
            await producer.produce(_records(300, 900))
            await until(lambda: len(one.seen) + len(two.seen) >= 900)

        await _consume(kafka_settings, two, inner)

    await _consume(kafka_settings, one, work)
    assert sorted(map(int, one.seen + two.seen)) == list(range(900))
    assert two.seen
