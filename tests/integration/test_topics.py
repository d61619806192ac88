"""A topic's partitions, as a real broker tells them."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from services.common.errors import UnavailableError
from services.common.kafka.client import partitions
from services.common.kafka.record import Partition
from services.common.kafka.topics import COSTS, GOVERNANCE, create_topics
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


async def test_created_topics_are_waited_for_until_the_broker_lists_them(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = [{COSTS, GOVERNANCE}, {GOVERNANCE}, {GOVERNANCE}]
    _listed_late(monkeypatch, kafka_settings, hidden)
    assert GOVERNANCE in await create_topics(kafka_settings)
    assert not hidden
    assert await partitions(kafka_settings, GOVERNANCE) == [Partition(kafka_settings.topic(GOVERNANCE), 0)]


async def test_a_topic_that_is_never_listed_is_named(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _listed_late(monkeypatch, kafka_settings, [{GOVERNANCE}] * 1000)
    impatient = kafka_settings.model_copy(update={"request_timeout_ms": 3000})
    with pytest.raises(UnavailableError, match=rf"created {kafka_settings.topic(GOVERNANCE)} but does not list it"):
        await create_topics(impatient)


def _listed_late(monkeypatch: pytest.MonkeyPatch, settings: KafkaSettings, hidden: list[set[str]]) -> None:
    """The broker's own lists, without what is `hidden` at each asking: how soon it lists a topic is up to it."""
    describe = AIOKafkaAdminClient.describe_topics

    async def late(self: AIOKafkaAdminClient, topics: list[str] | None = None) -> list[dict[str, Any]]:
        unlisted = {settings.topic(name) for name in hidden.pop(0)} if hidden else set()
        return [found for found in await describe(self, topics) if found["topic"] not in unlisted]

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_topics", late)
