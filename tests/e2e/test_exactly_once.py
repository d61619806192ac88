"""The same events three times, in other batches, with every service killed in between: one clean run's totals."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.events import event, price, total
from tests.e2e.running import Client, Cluster, eventually

GROUPS = (("ingest", "console"), ("pricing",), ("ledger",), ("budget",), ("governance",), ("anomaly",), ("optimizer",))
COUNT = 1_500


def spend(client: Client, granularity: str = "total") -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs(granularity=granularity)), Decimal(0))


def batches(events: list[dict[str, Any]], size: int, seed: int) -> list[list[dict[str, Any]]]:
    shuffled = random.Random(seed).sample(events, len(events))
    return [shuffled[start : start + size] for start in range(0, len(shuffled), size)]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_resends_and_kills_change_nothing(
    tmp_path: Path, kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings
) -> None:
    now = datetime.now(UTC)
    events = [event(number, now=now) for number in range(COUNT)]
    expected = total(events)
    cluster = Cluster(tmp_path, kafka_settings, clickhouse_settings, groups=GROUPS)
    cluster.prepare()
    cluster.start()
    try:
        cluster.ready()
        client = cluster.client()
        budget = client.post(
            "/api/v1/budgets",
            {"display_name": "All", "filter": "", "amount": "1000000.00", "period": "quarter", "time_zone": "UTC"},
        )
        # First time: every service dies in the middle, one after the other, and comes back.
        for number, batch in enumerate(batches(events, 100, seed=1)):
            client.send(batch)
            if number % 2 == 0:
                victim = GROUPS[1 + (number // 2) % (len(GROUPS) - 1)]
                cluster.kill(victim)
                cluster.start(victim)
        # Second time, in other batches, with all of them dead at once; ingest included.
        for number, batch in enumerate(batches(events, 237, seed=2)):
            client.send(batch)
            if number == 3:
                cluster.kill()
                cluster.start()
                cluster.ready()
        # Third time, one by one for some.
        for batch in batches(events, 999, seed=3):
            client.send(batch)
        for single in events[:20]:
            client.send(single)

        eventually(lambda: spend(client), lambda total: total == expected, seconds=120)
        cluster.ready()
        assert spend(client) == expected, "entries and rollups"
        assert spend(client, "day") == expected, "daily rollup"
        assert spend(client, "hour") == expected, "hourly rollup"
        assert sum(row["requests"] for row in client.costs(granularity="total")) == COUNT

        name = budget["name"]
        in_period = eventually(
            lambda: client.get(f"/api/v1/{name}/status"),
            lambda status: not status["rebuilding"] and Decimal(status["actual"]) == expected,
            seconds=60,
        )
        assert Decimal(in_period["actual"]) == expected

        by_team: dict[str, Decimal] = defaultdict(Decimal)
        for e in events:
            by_team[e["team"]] += price(e["model"], e["usage"])
        assert {row["team"]: Decimal(row["cost"]) for row in client.costs(group_by="team")} == by_team
        client.close()
    finally:
        codes = cluster.stop()
    assert set(codes.values()) == {0}, codes
