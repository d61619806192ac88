"""An event that is booked anew, through a real broker, the rater, and the ledger's tables: every sum follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from finops.ledger.v1.ledger_pb2 import QueryCostsRequest
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, UsageEvent

from services.common import money
from services.common.clock import DAY, SystemClock
from services.common.grpc.client import call
from services.common.money import PICOS_PER_DOLLAR, Picos
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from services.ledger.reconcile import reconcile
from tests.integration.pricing_world import World, opened, until
from tests.unit.pricing.events import recorded

# gpt-4o: $2.50 a million of input.
EACH: Picos = 5 * PICOS_PER_DOLLAR // 2
EVENTS = 20
RATER: Mapping[str, Any] = {"batch_records": 50, "linger_seconds": 0.02, "window_records": 10}
Spend = Mapping[str, tuple[Picos, int, int]]
"""By team: cost, events, input tokens."""


async def spend(world: World) -> Spend:
    request = QueryCostsRequest(start_unix_micros=world.start, end_unix_micros=world.end + DAY, group_by=["team"])
    answer = await call(world.books.QueryCosts, request, key=world.key)
    return {
        row.group[0]: (money.from_proto(row.cost), row.events, row.quantities.input_tokens)
        for row in answer.rows
        if row.events or money.from_proto(row.cost) or row.quantities.input_tokens
    }


async def until_spent(world: World, expected: Spend) -> None:
    async def reached() -> bool:
        return await spend(world) == expected

    await until(reached)


async def still_spent(world: World, expected: Spend) -> None:
    """Sends a last event, and once that is counted, everything before it is."""
    now = SystemClock().now()
    await world.send([event(f"last {now} {number}", team="last", time=now) for number in range(30)])
    amount, events, tokens = expected.get("last", (0, 0, 0))
    await until_spent(world, {**expected, "last": (amount + 30 * EACH, events + 30, tokens + 30 * 1_000_000)})


def event(identity: str, **fields: Any) -> UsageEvent:
    fields = {"time": SystemClock().now() - DAY, "input_tokens": 1_000_000, "requests": 1} | fields
    return recorded(identity, **fields)


@pytest.fixture
async def world(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    async with opened(kafka_settings, clickhouse_settings, auth_settings) as made:
        yield made


@pytest.mark.slow
async def test_sums_follow_an_event_to_its_new_team(world: World) -> None:
    time = SystemClock().now() - DAY
    first = [event(f"e{n}", team="search", time=time) for n in range(EVENTS)]
    moved = [event(f"e{n}", content="moved", team="ads", time=time, input_tokens=2_000_000) for n in range(5)]
    kind = CorrectionKind.CORRECTION_KIND_REATTRIBUTION
    attributed = [event(f"e{n}", team="ops", time=time) for n in range(5, 9)]
    for wanted in attributed:
        wanted.correction.CopyFrom(Correction(kind=kind, author="ann", reason="changed teams"))

    async with world.pricing_running(**RATER):
        await world.send(first)
        await until_spent(world, {"search": (EVENTS * EACH, EVENTS, EVENTS * 1_000_000)})
        await world.send(moved)
        after_move = {
            "search": (15 * EACH, 15, 15_000_000),
            "ads": (10 * EACH, 5, 10_000_000),
        }
        await until_spent(world, after_move)
        await world.send(attributed)
        settled = {**after_move, "search": (11 * EACH, 11, 11_000_000), "ops": (4 * EACH, 4, 4_000_000)}
        await until_spent(world, settled)
        # Nothing of this changes anything: the same once more, and a correction of what was never sent.
        stranger = event("never sent", team="ops", time=time)
        stranger.correction.CopyFrom(Correction(kind=kind))
        await world.send([*attributed, *moved, *first[5:], stranger])
        await still_spent(world, settled)
    with_last = {**settled, "last": (30 * EACH, 30, 30_000_000)}

    # A new process knows of them only what its short window and the ledger tell.
    async with world.pricing_running(**RATER):
        await world.send([*attributed, *moved, *first[9:]])
        back = event("e5", content="moved", team="search", time=time)
        await world.send([back])
        await still_spent(world, {**with_last, "search": (12 * EACH, 12, 12_000_000), "ops": (3 * EACH, 3, 3_000_000)})
    report = await reconcile(world.settings, repair=False)
    assert report.clean, report
    assert report.repeated_entries == 0
