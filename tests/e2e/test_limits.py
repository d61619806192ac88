"""Ingest over HTTP: what is too much is refused at once, says why and when to come again, and costs nobody else."""

from __future__ import annotations

import gzip
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.events import event
from tests.e2e.running import AIFINOPS, Client, Cluster

RATE, BURST = 50, 100


@pytest.fixture(scope="module")
def ingest(kafka_bootstrap: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Ingest alone, with low limits."""
    running = Cluster(
        tmp_path_factory.mktemp("limits"),
        KafkaSettings(bootstrap_servers=kafka_bootstrap, topic_prefix="limits.", partitions=3),
        ClickHouseSettings(url=clickhouse_url, database="limits"),
        groups=(("ingest",),),
        AIFINOPS_INGEST__RATE_LIMIT_EVENTS_PER_SECOND=str(RATE),
        AIFINOPS_INGEST__RATE_LIMIT_BURST=str(BURST),
        AIFINOPS_INGEST__MAX_ITEMS="1000",
        AIFINOPS_INGEST__MAX_BODY_BYTES="100000",
        AIFINOPS_INGEST__MAX_AGE_DAYS="30",
        AIFINOPS_INGEST__MAX_AHEAD_SECONDS="60",
    )
    running.prepare()
    running.start()
    running.ready()
    yield running
    assert set(running.stop().values()) == {0}


@pytest.fixture
def client(ingest: Cluster) -> Iterator[Client]:
    """With a key of its own, so that no test has spent another's rate."""
    done = subprocess.run(
        [*AIFINOPS, "key", "create", "--name", "limits"],
        env=ingest.environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    made = Client(ingest.http("ingest"), done.stdout.strip())
    yield made
    made.close()


def _shifted(**delta: float) -> dict[str, Any]:
    return {**event(1), "time": (datetime.now(UTC) + timedelta(**delta)).isoformat()}


def _tiny(count: int) -> list[dict[str, Any]]:
    """Small enough that many of them fit in a body."""
    now = datetime.now(UTC).isoformat()
    return [{"id": f"tiny-{number}", "time": now, "usage": {"requests": 1}} for number in range(count)]


def test_a_key_over_its_rate_waits_as_long_as_it_is_told_and_no_other_key_does(ingest: Cluster, client: Client) -> None:
    assert client.http.post("/v1/events", json=_tiny(BURST)).status_code == 202
    started = time.monotonic()
    assert client.http.post("/v1/events", json=_tiny(BURST)).status_code in (202, 429)
    answer = client.http.post("/v1/events", json=_tiny(1))
    assert answer.status_code == 429, answer.text
    assert answer.json()["error"]["code"] == "RESOURCE_EXHAUSTED"
    wait = int(answer.headers["Retry-After"])
    assert 1 <= wait <= BURST / RATE + 1
    other = Client(client.url, ingest.admin_key)
    other.send(_tiny(1))
    other.close()
    time.sleep(wait)
    assert client.http.post("/v1/events", json=_tiny(1)).status_code == 202
    assert time.monotonic() - started < 30
    metrics = client.http.get("/metrics").text
    assert "aifinops_ingest_rate_limited_total" in metrics


def test_over_some_seconds_the_rate_is_the_one_set(client: Client) -> None:
    accepted, started = 0, time.monotonic()
    while time.monotonic() - started < 4:
        if client.http.post("/v1/events", json=_tiny(10)).status_code == 202:
            accepted += 10
        time.sleep(0.02)
    seconds = time.monotonic() - started
    # The bucket may go below zero by one request.
    assert BURST + RATE * (seconds - 1) - 10 <= accepted <= BURST + RATE * seconds + 20


def test_a_batch_of_too_many_events_is_refused_whole(client: Client) -> None:
    answer = client.http.post("/v1/events", json=_tiny(1_001))
    assert answer.status_code == 413
    assert "send at most 1000" in answer.json()["error"]["message"]
    lines = b"\n".join([b'{"id": "x"}'] * 1_001)
    answer = client.http.post("/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 413


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_that_is_too_large_is_refused(client: Client, compressed: bool) -> None:
    body = b" " * 100_001
    headers = {"Content-Type": "application/json"}
    if compressed:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    answer = client.http.post("/v1/events", content=body, headers=headers)
    assert answer.status_code == 413
    assert "larger than 100000 bytes" in answer.json()["error"]["message"]


def test_a_clock_that_is_off_a_little_is_forgiven(client: Client) -> None:
    items = [_shifted(seconds=40), _shifted(seconds=90), _shifted(days=-29), _shifted(days=-31)]
    answer = client.http.post("/v1/events", json=items)
    assert answer.status_code == 202
    rejected = answer.json()["rejected"]
    assert [(item["index"], item["code"]) for item in rejected] == [(1, "out_of_range"), (3, "out_of_range")]
    assert "check the sender's clock" in rejected[0]["message"]
    assert "older than events are accepted" in rejected[1]["message"]


def test_a_crowd_of_slow_senders_does_not_stop_the_others(client: Client) -> None:
    """Half a body, and then silence: it holds a connection, and nothing else."""
    stop = threading.Event()

    def slow() -> None:
        def body() -> Iterator[bytes]:
            yield b"[" + b" " * 1_000
            stop.wait(60)
            yield b"]"

        with httpx.Client(base_url=client.url, trust_env=False, timeout=90) as own:
            headers = {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"}
            own.post("/v1/events", content=body(), headers=headers)

    crowd = [threading.Thread(target=slow) for _ in range(50)]
    for thread in crowd:
        thread.start()
    try:
        started = time.monotonic()
        client.send(_tiny(1))
        assert time.monotonic() - started < 30
    finally:
        stop.set()
        for thread in crowd:
            thread.join()
