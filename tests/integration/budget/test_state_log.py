"""The reader of finops.budget-state.v1 and whatever it finds, or does not find yet."""

from __future__ import annotations

import asyncio

from services.budget.adapters.state_log import StateLog
from services.common.kafka.producer import Producer
from services.common.kafka.topics import create_topics
from services.common.settings import KafkaSettings


async def test_it_waits_for_its_topics(kafka_settings: KafkaSettings) -> None:
    log = StateLog(kafka_settings, Producer(kafka_settings, client_id="test"), client_id="test")
    await log.start()
    try:
        async with asyncio.timeout(30):
            while "aifinops topics" not in log.health().detail:
                await asyncio.sleep(0.05)
        assert not log.health().ready
        await create_topics(kafka_settings)
        async with asyncio.timeout(30):
            while not log.health().ready:
                await asyncio.sleep(0.05)
        assert log.partitions == kafka_settings.partitions
    finally:
        await log.stop()
