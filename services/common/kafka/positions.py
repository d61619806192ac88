"""Offsets of a log, as a processor may ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.common.kafka.record import Partition


class ConsumerLog:
    """The Log of the partitions a consumer was given."""

    def __init__(self, incarnation: str, consumer: AIOKafkaConsumer) -> None:
        self.incarnation = incarnation
        self._consumer = consumer

    async def beginning_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return await self._offsets("beginning_offsets", partitions)

    async def end_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        return await self._offsets("end_offsets", partitions)

    async def committed_offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int | None]:
        return {p: await self._consumer.committed(TopicPartition(*p)) for p in partitions}

    async def _offsets(self, which: str, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        found = await getattr(self._consumer, which)([TopicPartition(*p) for p in partitions])
        return {Partition(p.topic, p.partition): offset for p, offset in found.items()}


class LogTruncatedError(Exception):
    """State covers more of the log than there is: topics were deleted and created again."""

    def __init__(self, partition: Partition, wanted: int, end: int) -> None:
        super().__init__(
            f"{partition.topic}/{partition.partition} ends at {end}, but records up to {wanted} were applied: the "
            "topic was deleted and created again. Set AIFINOPS_KAFKA__INCARNATION to a new value, for every service."
        )


async def starting_positions(
    log: ConsumerLog, partitions: Sequence[Partition], wanted: Mapping[Partition, int]
) -> dict[Partition, int]:
    """Where to read each partition from: where its state says, else the group's committed offset, else its beginning.

    Raises:
        LogTruncatedError: the state covers more than there is.
    """
    committed = await log.committed_offsets([p for p in partitions if p not in wanted])
    begins = await log.beginning_offsets(partitions)
    ends = await log.end_offsets(partitions)
    positions: dict[Partition, int] = {}
    for partition in partitions:
        position = wanted.get(partition)
        if position is not None and position > ends[partition]:
            raise LogTruncatedError(partition, position, ends[partition])
        if position is None:
            position = committed.get(partition)
            position = begins[partition] if position is None or position > ends[partition] else position
        positions[partition] = max(position, begins[partition])
    return positions
