"""The other floor of bench/ingest: aiokafka's producer as its documentation shows it, with records of the same size.

Run by bench/ingest in a process of its own; prints records a second.
"""

from __future__ import annotations

import asyncio
import sys
import time

from aiokafka import AIOKafkaProducer

from services.common.kafka.topics import USAGE
from services.common.settings import ServiceSettings, load

AT_ONCE = 500


async def main(count: int) -> float:
    """Records a second, acknowledged."""
    from bench.ingest import values

    messages = values(count)
    producer = AIOKafkaProducer(
        bootstrap_servers=load(ServiceSettings).kafka.bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
    )
    await producer.start()
    started = time.perf_counter()
    for start in range(0, len(messages), AT_ONCE):
        chunk = messages[start : start + AT_ONCE]
        await asyncio.gather(*[await producer.send(USAGE, value, key=value[2:18]) for value in chunk])
    elapsed = time.perf_counter() - started
    await producer.stop()
    return count / elapsed


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(main(int(sys.argv[1])))}\n")
