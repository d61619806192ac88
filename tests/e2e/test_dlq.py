"""Records that cannot be processed, from the request that brought them to the command that mends them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.events import event, price, total
from tests.e2e.running import AIFINOPS, Client, Cluster, Up, eventually

TOO_MANY_SEARCHES = 1_000_000_000
"""Ingest takes them, but they cost more than an amount may: the rater sets the event aside."""


def poison(number: int) -> dict[str, Any]:
    usage = {"input_tokens": 1_000, "web_searches": TOO_MANY_SEARCHES, "requests": 1}
    return event(number, model="gpt-4o", usage=usage)


def dlq(environment: Mapping[str, str] | None, *arguments: str, code: int = 0) -> str:
    command = [*AIFINOPS, "dlq", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout


def metric(client: Client, name: str) -> float:
    """Sum of a metric over its labels."""
    families = text_string_to_metric_families(client.http.get("/metrics").text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def spend(client: Client) -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs(granularity="total")), Decimal(0))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_on_one_machine_a_letter_is_found_mended_and_counted_once(tmp_path: Path) -> None:
    good = [event(number) for number in range(50)]
    bad = poison(1_000)
    with Up(tmp_path) as up:
        client = up.client()
        here = ("--data", str(tmp_path))
        client.send([*good, bad])
        eventually(lambda: spend(client), lambda amount: amount == total(good))
        (letter,) = eventually(
            lambda: [json.loads(line) for line in dlq(None, "list", "--json", *here).splitlines()], bool
        )
        assert (letter["group"], letter["reason"]) == ("pricing", "unpriceable")
        shown = json.loads(dlq(None, "show", letter["id"], *here))
        assert shown["value"]["source_event_id"] == bad["id"]
        assert shown["value"]["quantities"]["web_searches"] == str(TOO_MANY_SEARCHES)
        assert metric(client, "aifinops_dead_letters_total") >= 1

        # Replayed as it is, it is set aside again and changes nothing.
        dlq(None, "replay", letter["id"], *here)
        (again,) = eventually(
            lambda: [json.loads(line) for line in dlq(None, "list", "--json", *here).splitlines()], bool
        )
        assert again["id"] != letter["id"]
        assert spend(client) == total(good)

        dlq(None, "edit", again["id"], "--set", "quantities.web_searches=0", "--replay", *here)
        mended = total(good) + price("gpt-4o", {"input_tokens": 1_000})
        eventually(lambda: spend(client), lambda amount: amount == mended)
        assert "no dead letters open" in dlq(None, "list", *here)

        # The client knows nothing of all this and sends everything once more.
        before = metric(client, "aifinops_rater_duplicates_total")
        client.send(good)
        eventually(lambda: metric(client, "aifinops_rater_duplicates_total") - before, lambda count: count >= len(good))
        client.send([bad])
        later = [event(number) for number in range(50, 100)]
        client.send(later)
        eventually(lambda: spend(client), lambda amount: amount == mended + total(later))
        # What was mended, or never rated, does not keep the journal.
        journal = tmp_path / "journal"
        eventually(lambda: _more_until_empty(client, journal), lambda left: not left, seconds=90)
        client.close()
        assert up.stop() == 0
    assert "nothing runs on" in _stderr("list", "--data", str(tmp_path))


_sent = iter(range(10_000, 20_000))


def _more_until_empty(client: Client, journal: Path) -> list[str]:
    """Traffic goes on; the segment that held the poison goes once others came after it."""
    client.send([event(next(_sent)) for _ in range(20)])
    return [file.name for file in journal.glob("*.journal") if file.name == f"{1:020d}.journal"]


def _stderr(*arguments: str) -> str:
    return subprocess.run([*AIFINOPS, "dlq", *arguments], capture_output=True, text=True, timeout=60).stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_burst_stops_the_rater_until_somebody_says_go_on(
    tmp_path: Path, kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings
) -> None:
    cluster = Cluster(tmp_path, kafka_settings, clickhouse_settings, AIFINOPS_KAFKA__DEAD_LETTER_LIMIT="3")
    cluster.prepare()
    cluster.start()
    try:
        cluster.ready()
        client = cluster.client()
        first, later = event(1), event(2)
        client.send([first])
        eventually(lambda: spend(client), lambda amount: amount == total([first]))
        client.send([poison(1_000 + number) for number in range(5)])
        stopped = eventually(
            lambda: httpx.get(f"{client.url}/healthz", trust_env=False), lambda answer: answer.status_code == 503
        )
        assert "5 poison records" in stopped.text
        assert "unpriceable" in stopped.text
        # Events are still accepted, and wait; nothing was drained.
        client.send([later])
        assert "no dead letters open" in dlq(cluster.environment, "list")

        # A restart alone stops at the same place.
        cluster.kill()
        cluster.start()
        eventually(
            lambda: httpx.get(f"{client.url}/healthz", trust_env=False),
            lambda answer: "5 poison records" in answer.text,
        )
        # With a higher limit they are set aside, and what waited behind them is counted.
        cluster.kill()
        cluster.environment["AIFINOPS_KAFKA__DEAD_LETTER_LIMIT"] = "100"
        cluster.start()
        cluster.ready()
        eventually(lambda: spend(client), lambda amount: amount == total([first, later]))
        assert "5 open (5 pricing: unpriceable)" in dlq(cluster.environment, "list")
        assert "5 dropped" in dlq(cluster.environment, "drop", "--reason", "unpriceable", "--because", "a test")
        assert "no dead letters open" in dlq(cluster.environment, "list")
        client.close()
    finally:
        codes = cluster.stop()
    assert set(codes.values()) == {0}
