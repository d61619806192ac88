"""A day of events while everything dies: none lost, none twice, to the picodollar.

AIFINOPS_CHAOS_SECONDS is how long Kafka, and then ClickHouse, stay away: a few seconds unless set; 600 is the ten
minutes of the promise. AIFINOPS_CHAOS_EVENTS and AIFINOPS_CHAOS_SEED give another day.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.allinone.engines.embedded import EmbeddedClickHouse
from services.allinone.engines.ports import free_port
from services.common.clickhouse import ClickHouse
from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.chaos import Day, Hand, Sender, Tally, dollars, lasting_kafka
from tests.e2e.events import event
from tests.e2e.running import Client, Cluster, Up, eventually

OUTAGE_SECONDS = float(os.environ.get("AIFINOPS_CHAOS_SECONDS", "4"))
EVENTS = int(os.environ.get("AIFINOPS_CHAOS_EVENTS", "3000"))
SEED = int(os.environ.get("AIFINOPS_CHAOS_SEED", "1"))
SENDERS = 3
GROUPS = (("ingest", "console"), ("pricing",), ("ledger",), ("budget",), ("anomaly", "governance", "optimizer"))


@pytest.mark.slow
@pytest.mark.timeout(600 + 6 * OUTAGE_SECONDS)
def test_everything_dies_and_nothing_is_lost_or_counted_twice(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    broker = lasting_kafka(tmp_path / "kafka")
    engine = EmbeddedClickHouse(tmp_path / "clickhouse", tmp_path / "logs")
    asyncio.run(engine.start())
    tables = ClickHouseSettings(url=engine.url)
    cluster = Cluster(
        tmp_path / "services",
        KafkaSettings(
            bootstrap_servers=broker.bootstrap_servers, partitions=3, session_timeout_ms=6_000,
            rebalance_timeout_ms=10_000,
        ),
        tables,
        groups=GROUPS,
        AIFINOPS_KAFKA__REQUEST_TIMEOUT_MS="3000",
    )  # fmt: skip
    try:
        cluster.prepare()
        cluster.start()
        cluster.ready()
        client = cluster.client()
        budget = client.post(
            "/api/v1/budgets",
            {"display_name": "All", "filter": "", "amount": "1000000.00", "period": "quarter", "time_zone": "UTC"},
        )
        day, tally = Day(EVENTS, datetime.now(UTC)), Tally()
        hand = Hand(cluster, broker, engine, SEED, OUTAGE_SECONDS)
        seconds = 2 * OUTAGE_SECONDS + 10
        senders = [
            Sender(day, (n, SENDERS), client.url, cluster.admin_key, tally, SEED + n, seconds) for n in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        hand.work()
        for sender in senders:
            sender.join()
            if sender.failure is not None:
                raise sender.failure

        quiet = time.monotonic()
        expected = day.costs()
        whole = dollars(sum(expected.values()))
        cluster.ready(240)
        eventually(lambda: _spend(client, "total"), lambda total: total == whole, seconds=240)
        status = eventually(
            lambda: client.get(f"/api/v1/{budget['name']}/status"),
            lambda status: not status["rebuilding"] and Decimal(status["actual"]) == _in_period(day, expected, status),
            seconds=120,
        )
        recovered = time.monotonic() - quiet

        _assert_rows(asyncio.run(_ledger_rows(tables)), day, expected)
        for granularity in ("total", "hour", "day"):
            assert _spend(client, granularity) == whole, granularity
            assert sum(row["requests"] for row in client.costs(granularity=granularity)) == EVENTS
        assert Decimal(status["actual"]) == _in_period(day, expected, status)
        by_team: dict[str, int] = defaultdict(int)
        for number in range(EVENTS):
            by_team[event(number)["team"]] += expected[event(number)["id"]]
        found = {row["team"]: Decimal(row["cost"]) for row in client.costs(group_by="team")}
        assert found == {team: dollars(picos) for team, picos in by_team.items()}
        client.close()

        figures = {
            "events": EVENTS, "accepted_with_resends": tally.accepted, "answers": dict(tally.answers),
            "broken": dict(hand.done), "outage_seconds": OUTAGE_SECONDS,
            "longest_wait_seconds": round(tally.longest_wait, 1), "recovered_after_seconds": round(recovered, 1),
            "lost": 0, "twice": 0, "dollars": str(whole),
        }  # fmt: skip
        record_property("chaos", json.dumps(figures))
        print(json.dumps(figures))
    finally:
        codes = cluster.stop()
        broker.stop()
        asyncio.run(engine.stop())
    assert set(codes.values()) == {0}, codes


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_on_one_machine_the_broker_may_forget_everything(tmp_path: Path) -> None:
    """`aifinops up --processes`: each child is killed, the engines among them; the broker comes back empty."""
    port = str(free_port())
    with Up(tmp_path, "--processes", "--http-port", port) as up:
        client = up.client()
        day, tally, dice = Day(EVENTS // 2, datetime.now(UTC)), Tally(), random.Random(SEED)
        senders = [Sender(day, (n, 2), client.url, client.key, tally, SEED + n, 25) for n in range(2)]
        for sender in senders:
            sender.start()
        # The broker last but one, since everything starts again on a new one.
        for name in (*dice.sample(["pricing", "ledger", "budget"], 3), "ingest", "clickhouse", "noida", "ledger"):
            time.sleep(dice.uniform(0.5, 2.5))
            _kill_child(up, name)
        for sender in senders:
            sender.join()
            if sender.failure is not None:
                raise sender.failure
        expected = day.costs()
        whole = dollars(sum(expected.values()))
        eventually(lambda: _spend(client, "total"), lambda total: total == whole, seconds=240)
        announced = json.loads((tmp_path / "running.json").read_text())
        url = announced["AIFINOPS_CLICKHOUSE__URL"]
        _assert_rows(asyncio.run(_ledger_rows(ClickHouseSettings(url=url))), day, expected)
        for granularity in ("hour", "day"):
            assert _spend(client, granularity) == whole, granularity
        print(json.dumps({"answers": dict(tally.answers), "accepted_with_resends": tally.accepted}))
        client.close()
        assert up.stop() == 0


def _kill_child(up: Up, name: str) -> None:
    """SIGKILL of the child whose command names a service or an engine, once there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in psutil.Process(up.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(name in word for word in [*child.cmdline()[1:], Path(child.exe()).name]):
                    child.kill()
                    return
        time.sleep(0.1)
    raise AssertionError(f"no {name} to kill")


def _spend(client: Client, granularity: str) -> Decimal:
    """Below zero while the console cannot tell."""
    answer = client.http.get("/api/v1/costs", params={"granularity": granularity})
    if answer.status_code == 503:
        return Decimal(-1)
    assert answer.status_code == 200, answer.text
    return sum((Decimal(row["cost"]) for row in answer.json()["rows"]), Decimal(0))


def _in_period(day: Day, expected: dict[str, int], status: dict[str, Any]) -> Decimal:
    """The day may have begun in the quarter before."""
    start = datetime.fromisoformat(status["period_start"])
    inside = (e for e in map(day.final, range(day.count)) if datetime.fromisoformat(e["time"]) >= start)
    return dollars(sum(expected[e["id"]] for e in inside))


async def _ledger_rows(settings: ClickHouseSettings) -> dict[str, tuple[int, int, int]]:
    """By event id: what its deltas come to, its requests, its rows. Read as they lie, without FINAL."""
    database = ClickHouse(settings)
    try:
        rows = await database.query(
            "SELECT source_event_id, sum(cost_picos_delta), sum(requests_delta), count() FROM cost_entries GROUP BY 1"
        )
    finally:
        await database.stop()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _assert_rows(rows: dict[str, tuple[int, int, int]], day: Day, expected: dict[str, int]) -> None:
    lost = expected.keys() - rows.keys()
    assert not lost, f"{len(lost)} lost: {sorted(lost)[:5]}"
    assert rows.keys() == expected.keys()
    wrong = {name: (rows[name], expected[name]) for name in expected if rows[name][:2] != (expected[name], 1)}
    assert not wrong, f"{len(wrong)} wrong: {list(wrong.items())[:5]}"
    # What grew has a row for each revision; a journal that is sent again may add some that cancel out.
    fewest = sum(2 if day.grows(number) else 1 for number in range(day.count))
    assert sum(count for _, _, count in rows.values()) >= fewest
