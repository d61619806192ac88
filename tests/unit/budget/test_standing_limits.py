"""The limit a budget stands at, through the engine: ranges of days, fiscal years, increases, carry-over."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.periods import Window
from services.common import money
from services.common.clock import DAY, parse_rfc3339
from tests.unit.budget.process import Process
from tests.unit.budget.world import NOW, World, monthly, use

DOLLAR = 10**12
TEN = money.to_proto(10 * DOLLAR)


async def begun(world: World, message: pb.Budget) -> Process:
    process = Process(world)
    await process.create("b", message)
    await process.assign()
    await process.settle_down()
    return process


async def spent(world: World, process: Process, dollars: int) -> pb.BudgetStatus:
    world.spend(0, use(time=world.clock.now()), dollars * DOLLAR)
    await process.settle_down()
    return process.status("b")


async def test_increases_hold_and_what_is_left_is_carried_over() -> None:
    world = World()
    granted = pb.TemporaryIncrease(amount=TEN, start_unix_micros=NOW, expire_unix_micros=NOW + DAY, reason="launch")
    carry_over = pb.CarryOver(unspent=True, overspent=True)
    process = await begun(world, monthly("100", increases=[granted], carry_over=carry_over))
    status = await spent(world, process, 70)
    assert (money.from_proto(status.limit), money.from_proto(status.increased)) == (110 * DOLLAR, 10 * DOLLAR)
    world.clock.advance(9 * DAY)  # December.
    status = await spent(world, process, 5)
    assert money.from_proto(status.actual) == 5 * DOLLAR
    assert (money.from_proto(status.limit), money.from_proto(status.carried_over)) == (130 * DOLLAR, 30 * DOLLAR)


async def test_a_range_of_days_counts_its_days_alone() -> None:
    world = World()
    days = pb.CustomRange(first_day="2026-11-24", last_day="2026-11-25")
    message = monthly("100", custom_range=days)
    message.period = pb.PERIOD_CUSTOM
    process = await begun(world, message)
    assert money.from_proto((await spent(world, process, 1)).actual) == 0
    for actual in (2, 4, 4):
        world.clock.advance(DAY)
        status = await spent(world, process, 2)
        assert not status.rebuilding
        assert money.from_proto(status.actual) == actual * DOLLAR


async def test_months_of_a_fiscal_year() -> None:
    process = await begun(World(), monthly(calendar=pb.Calendar(year_start_month=4, year_start_day=6)))
    status = process.status("b")
    assert Window(status.period_start_unix_micros, status.period_end_unix_micros) == Window(
        parse_rfc3339("2026-11-06T00:00:00Z"), parse_rfc3339("2026-12-06T00:00:00Z")
    )
