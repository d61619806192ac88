"""A topic's partitions, as a real broker tells them."""

from __future__ import annotations

import pytest

from services.common.errors import UnavailableError
from services.common.kafka.client import partitions
from services.common.kafka.record import Partition
from services.common.kafka.topics import COSTS, create_topics
from services.common.settings import KafkaSettings


async def test_asking_for_a_topic_does_not_create_it(kafka_settings: KafkaSettings) -> None:
    with pytest.raises(UnavailableError, match=r"no topic .*costs.v1: create it with `aifinops topics`"):
        await partitions(kafka_settings, COSTS)
    assert COSTS in await create_topics(kafka_settings)
    name = kafka_settings.topic(COSTS)
    assert await partitions(kafka_settings, COSTS) == [Partition(name, n) for n in range(kafka_settings.partitions)]


async def test_a_broker_that_is_away(kafka_settings: KafkaSettings) -> None:
    away = kafka_settings.model_copy(update={"bootstrap_servers": "127.0.0.1:9"})
    with pytest.raises(UnavailableError, match=r"Kafka at 127\.0\.0\.1:9"):
        await partitions(away, COSTS)
