"""Kafka or ClickHouse away: nothing accepted is lost, readiness says which, and recovery needs nobody."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.allinone.engines.embedded import EmbeddedClickHouse
from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.disks import mounted_disk
from tests.e2e.chaos import lasting_kafka
from tests.e2e.events import event, total
from tests.e2e.running import Client, Cluster, eventually

MIB = 1024 * 1024


def _spend(client: Client) -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs(granularity="total")), Decimal(0))


def _readiness(url: str) -> httpx.Response:
    return httpx.get(f"{url}/readyz", trust_env=False)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_kafka_then_clickhouse_go_away_and_come_back(tmp_path: Path) -> None:
    broker = lasting_kafka(tmp_path / "kafka")
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of twelve megabytes."""
    with mounted_disk(tmp_path / "disk", 12) as folder:
        yield folder


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("bound", ["disk", "journal"])
def test_a_journal_that_may_not_grow_refuses_in_time_and_loses_nothing(
    tmp_path: Path, small_disk: Path, clickhouse_settings: ClickHouseSettings, bound: str
) -> None:
    broker = lasting_kafka(tmp_path / "kafka")
    free_bytes, journal_bytes = (6 * MIB, 1_024 * MIB) if bound == "disk" else (1 * MIB, 3 * MIB)
    cluster = Cluster(
        tmp_path / "services",
        KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=3),
        clickhouse_settings,
        AIFINOPS_KAFKA__REQUEST_TIMEOUT_MS="3000",
        AIFINOPS_INGEST__KAFKA_TIMEOUT_SECONDS="0.5",
        AIFINOPS_INGEST__JOURNAL_DIR=str(small_disk / "journal"),
        AIFINOPS_INGEST__JOURNAL_MIN_FREE_BYTES=str(free_bytes),
        AIFINOPS_INGEST__JOURNAL_MAX_BYTES=str(journal_bytes),
        AIFINOPS_INGEST__JOURNAL_SEGMENT_BYTES=str(MIB),
    )
    try:
        cluster.prepare()
        cluster.start()
        cluster.ready()
        client = cluster.client()
        broker.kill()
        accepted: list[dict[str, Any]] = []
        refused: httpx.Response | None = None
        while refused is None:
            batch = [event(len(accepted) + number) for number in range(1_000)]
            answer = client.http.post("/v1/events", json=batch)
            if answer.status_code == 202:
                accepted += batch
                assert len(accepted) < 100_000, "nothing bounds the journal"
            else:
                refused = answer
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["Retry-After"]) >= 1
        assert ("bytes free" if bound == "disk" else "the journal is full") in refused.json()["error"]["message"]
        assert accepted
        disk = shutil.disk_usage(small_disk)
        assert disk.free >= free_bytes
        assert disk.used <= journal_bytes + MIB
        # It says so, and goes on saying so until there is room; it is not dead.
        assert "journal" in _readiness(client.url).text
        assert httpx.get(f"{client.url}/healthz", trust_env=False).status_code == 200

        broker.start()
        late = [event(len(accepted) + number) for number in range(1_000)]
        eventually(lambda: client.http.post("/v1/events", json=late).status_code, lambda status: status == 202)
        eventually(lambda: _spend(client), lambda amount: amount == total([*accepted, *late]), seconds=120)
        eventually(lambda: list(small_disk.glob("journal/*.journal")), lambda left: not left)
        client.close()
    finally:
        codes = cluster.stop()
        broker.stop()
    assert set(codes.values()) == {0}
