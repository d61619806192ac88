"""Kafka or ClickHouse away: nothing accepted is lost, readiness says which, and recovery needs nobody."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from services.allinone.engines.embedded import EmbeddedClickHouse
from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.events import event, total
from tests.e2e.running import Client, Cluster, eventually
from tests.kafka import RealKafka, RealKafkaMissing


def _spend(client: Client) -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs(granularity="total")), Decimal(0))


def _readiness(url: str) -> httpx.Response:
    return httpx.get(f"{url}/readyz", trust_env=False)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_kafka_then_clickhouse_go_away_and_come_back(tmp_path: Path) -> None:
    broker = RealKafka(tmp_path / "kafka")
    try:
        broker.start()
    except RealKafkaMissing as missing:
        pytest.skip(f"needs a broker that can be killed and comes back with its log: {missing}")
    engine = EmbeddedClickHouse(tmp_path / "clickhouse", tmp_path / "logs")
    asyncio.run(engine.start())
    cluster = Cluster(
        tmp_path / "services",
        KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=3),
        ClickHouseSettings(url=engine.url),
        AIFINOPS_KAFKA__REQUEST_TIMEOUT_MS="3000",
    )
    try:
        cluster.prepare()
        cluster.start()
        cluster.ready()
        client = cluster.client()
        events = [event(number) for number in range(500)]
        client.send(events[:100])
        eventually(lambda: _spend(client), lambda amount: amount == total(events[:100]))

        broker.kill()
        for start in range(100, 200, 20):
            client.send(events[start : start + 20])
        eventually(lambda: _readiness(client.url), lambda a: a.status_code == 503 and "Kafka" in a.text, seconds=60)
        broker.start()
        eventually(lambda: _spend(client), lambda amount: amount == total(events[:200]), seconds=120)

        engine.process.kill()
        client.send(events[200:300])
        eventually(
            lambda: _readiness(client.url), lambda a: a.status_code == 503 and "ClickHouse" in a.text, seconds=60
        )
        client.send(events[300:400])
        asyncio.run(engine.start())
        client.send(events[:500])
        eventually(lambda: _spend(client), lambda amount: amount == total(events), seconds=120)
        eventually(lambda: _readiness(client.url), lambda answer: answer.status_code == 200, seconds=60)
        client.close()
    finally:
        codes = cluster.stop()
        broker.stop()
        asyncio.run(engine.stop())
    assert set(codes.values()) == {0}
