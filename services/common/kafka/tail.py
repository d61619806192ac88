"""Reading a log outside any consumer group: its tail, or all of a compacted topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.common.errors import UnavailableError
from services.common.kafka.client import connection
from services.common.kafka.record import Partition, Record
from services.common.settings import KafkaSettings


async def read(
    settings: KafkaSettings,
    partitions: Sequence[Partition],
    *,
    last: int | None = None,
    starts: Mapping[Partition, int] | None = None,
) -> AsyncIterator[Sequence[Record]]:
    """Yields the records the partitions hold now, in batches: from the beginning, only the `last` of each, or from the
    offset that `starts` names.

    Ends at the offsets that were the ends when it began.

    Raises:
        UnavailableError: Kafka is away.
    """
    consumer = AIOKafkaConsumer(**connection(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    assigned = [TopicPartition(*partition) for partition in partitions]
    try:
        await consumer.start()
        consumer.assign(assigned)
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(assigned)
        begins: Mapping[TopicPartition, int] = await consumer.beginning_offsets(assigned)
        for partition in assigned:
            start = 0 if last is None else ends[partition] - last
            if starts is not None:
                start = min(ends[partition], starts.get(Partition(*partition), start))
            consumer.seek(partition, max(begins[partition], start))
        unfinished = {p for p in assigned if await consumer.position(p) < ends[p]}
        while unfinished:
            fetched = await consumer.getmany(*unfinished, timeout_ms=200, max_records=5_000)
            for partition, records in fetched.items():
                wanted = [record for record in records if record.offset < ends[partition]]
                if wanted:
                    yield wanted
            # The position moves past transaction markers and compacted gaps, where no record is fetched.
            unfinished = {p for p in unfinished if await consumer.position(p) < ends[p]}
    except (KafkaError, OSError) as error:
        raise UnavailableError(f"Kafka: {error}") from error
    finally:
        await consumer.stop()
