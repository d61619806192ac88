"""Hands records to aiokafka, as whole batches where there are enough of them: a third of the cost of one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from services.common.kafka.murmur2 import partition_of
from services.common.kafka.record import Outgoing
from services.common.settings import KafkaSettings

_WORTH_A_BATCH = 16
"""Records of one partition. Fewer are sent one by one, so that they share a batch with what others send meanwhile."""


class _Submitted(NamedTuple):
    """Records of one partition that are under way: their indices, and a future of the first one's offset."""

    indices: Sequence[int]
    done: asyncio.Future[Any]


async def submit(
    producer: AIOKafkaProducer, settings: KafkaSettings, records: Sequence[Outgoing]
) -> list[tuple[int, int]]:
    """Writes the records, in order per partition; returns the (partition, offset) of each once all are acknowledged.

    Raises:
        KafkaError: one of them was not written; others may have been.
    """
    under_way: list[_Submitted] = []
    for (topic, partition), chosen in (await _by_partition(producer, settings, records)).items():
        if len(chosen) < _WORTH_A_BATCH:
            under_way += [await _send_one(producer, topic, partition, index, records[index]) for index in chosen]
            continue
        for part, batch in _batches(producer, records, chosen):
            under_way.append(_Submitted(part, await producer.send_batch(batch, topic, partition=partition)))
    for submitted in under_way:
        submitted.done.add_done_callback(_consume_exception)
    if under_way:
        # Not gather: it would cancel aiokafka's own futures, which breaks its retries.
        await asyncio.wait([submitted.done for submitted in under_way])
    positions: list[tuple[int, int]] = [(-1, -1)] * len(records)
    for indices, done in under_way:
        first = done.result()
        for place, index in enumerate(indices):
            positions[index] = (first.partition, first.offset + place)
    return positions


async def _by_partition(
    producer: AIOKafkaProducer, settings: KafkaSettings, records: Sequence[Outgoing]
) -> dict[tuple[str, int], list[int]]:
    """Indices of the records by topic and partition."""
    topics = {topic: settings.topic(topic) for topic in {record.topic for record in records}}
    partitions = {topic: sorted(await producer.partitions_for(name)) for topic, name in topics.items()}
    found: dict[tuple[str, int], list[int]] = {}
    for index, record in enumerate(records):
        partition = record.partition
        if partition is None:
            partition = partition_of(record.key, partitions[record.topic])
        found.setdefault((topics[record.topic], partition), []).append(index)
    return found


def _batches(
    producer: AIOKafkaProducer, records: Sequence[Outgoing], indices: Sequence[int]
) -> Iterator[tuple[list[int], Any]]:
    """Batches of one partition's records, each as large as the producer allows."""
    part: list[int] = []
    batch = producer.create_batch()
    for index in indices:
        record = records[index]
        content = {"timestamp": None, "key": record.key, "value": record.value, "headers": list(record.headers)}
        if batch.append(**content) is None:
            yield part, batch
            part, batch = [], producer.create_batch()
            batch.append(**content)  # A batch takes its first record whatever its size; the broker may refuse it.
        part.append(index)
    batch.close()
    yield part, batch


async def _send_one(producer: AIOKafkaProducer, topic: str, partition: int, index: int, record: Outgoing) -> _Submitted:
    done = await producer.send(topic, record.value, key=record.key, headers=list(record.headers), partition=partition)
    return _Submitted([index], done)


def _consume_exception(future: asyncio.Future[Any]) -> None:
    """Whoever waited may have given up; nobody else reads what went wrong."""
    if not future.cancelled():
        future.exception()
