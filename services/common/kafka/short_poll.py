"""For a broker that answers an empty fetch at once instead of waiting for records, as the embedded one does.

A Kafka client fetches again as soon as a fetch is answered: such a broker and an idle consumer keep each other busy for
nothing, thousands of times a second. So partitions that are read to their end are paused, and their ends asked for at
an interval.
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import IllegalStateError, KafkaError


async def pause_when_caught_up(consumer: AIOKafkaConsumer, interval_seconds: float) -> None:
    """Runs until cancelled. Pauses partitions whose end is reached, resumes them once there is more.

    A record is seen up to `interval_seconds` later than it would be.
    """
    while True:
        await asyncio.sleep(interval_seconds)
        assigned = consumer.assignment()
        if not assigned:
            continue
        try:
            async with asyncio.timeout(5):
                ends = await consumer.end_offsets(assigned)
                positions = {partition: await consumer.position(partition) for partition in assigned}
            paused = consumer.paused()
            caught_up = {partition for partition in assigned if positions[partition] >= ends[partition]}
            consumer.pause(*(caught_up - paused))
            consumer.resume(*(paused - caught_up))
        except (KafkaError, IllegalStateError, OSError, TimeoutError):
            continue  # Moving partitions or a broker that is away; whoever reads them will notice.
