"""Seats of the rest of a period: what they come to, and where they count."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb

from services.common import money
from services.common.clock import DAY, parse_rfc3339
from tests.unit.budget.process import Process
from tests.unit.budget.world import NOW, World, monthly, use

DOLLAR = 10**12
YESTERDAY = parse_rfc3339("2026-11-22T00:00:00Z")


async def begun(world: World, message: pb.Budget) -> Process:
    process = Process(world)
    await process.create("b", message)
    await process.assign()
    await process.settle_down()
    await process.commitments.run()
    return process


async def test_the_days_to_come_cost_what_the_last_whole_day_did() -> None:
    # On 23 November at noon the days from the 24th to the 30th are to come.
    world = World(seat_days={YESTERDAY: {None: 2 * DOLLAR}, YESTERDAY - DAY: {None: DOLLAR}})
    process = await begun(world, monthly("100"))
    status = process.status("b")
    assert money.from_proto(status.committed) == 7 * 2 * DOLLAR
    assert money.from_proto(status.remaining) == 100 * DOLLAR
    world.clock.advance(7 * DAY)
    assert money.from_proto(process.status("b").committed) == 0
    world.clock.advance(DAY)
    assert money.from_proto(process.status("b").committed) == 31 * 2 * DOLLAR - 2 * DOLLAR


async def test_a_day_that_is_not_told_completely_does_not_lower_them() -> None:
    world = World(seat_days={YESTERDAY: {None: DOLLAR}, YESTERDAY - DAY: {None: 5 * DOLLAR}})
    process = await begun(world, monthly("100"))
    assert money.from_proto(process.status("b").committed) == 7 * 5 * DOLLAR


async def test_they_count_where_the_budget_says_so_for_thresholds_and_decisions() -> None:
    world = World(seat_days={YESTERDAY: {None: 10 * DOLLAR}})
    message = monthly("100", count_committed=True, enforcement=pb.ENFORCEMENT_BLOCK)
    process = await begun(world, message)
    world.spend(0, use(), 20 * DOLLAR)
    await process.settle_down()
    status = process.status("b")
    assert (money.from_proto(status.remaining), status.used_ratio) == (10 * DOLLAR, 0.9)
    assert [t.percent for t in status.thresholds if t.crossed_unix_micros] == [50, 80]
    intent = pb.SpendIntent(dimensions={"team": "search"}, estimate=money.to_proto(11 * DOLLAR))
    assert not process.deciding.check("acme", intent).allowed


async def test_a_members_seats_are_its_own_and_what_is_known_outlives_the_ledger() -> None:
    world = World(seat_days={YESTERDAY: {None: 3 * DOLLAR, "ada": DOLLAR, "bob": 2 * DOLLAR}})
    process = await begun(world, monthly("100", per="user", count_committed=True))
    world.ledger_away = True
    world.clock.advance(2 * 3_600 * 10**6)
    await process.commitments.run()
    assert world.clock.now() > NOW
    assert money.from_proto(process.status("b", member="bob").committed) == 7 * 2 * DOLLAR
    assert money.from_proto(process.status("b", member="eve").committed) == 0
