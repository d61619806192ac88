"""Sums that differ from the ledger are found, told once and put right; windows that roll on."""

from __future__ import annotations

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.sums import PartSum
from services.common import money
from services.common.clock import DAY, HOUR
from tests.unit.budget.process import Process
from tests.unit.budget.world import Crashed, World, monthly, use

DOLLAR = 10**12


async def begun(world: World, message: pb.Budget | None = None) -> Process:
    process = Process(world)
    await process.create("b", message or monthly("100", per="team"))
    await process.assign()
    await process.settle_down()
    world.spend(0, use("search"), 5 * DOLLAR)
    world.spend(1, use("ads"), 7 * DOLLAR)
    await process.settle_down()
    return process


def corrupt(process: Process, member: str | None = None) -> None:
    """As a fault of the memory, or of the code, would."""
    tracked = process.tracked("b")
    family = process.accounts.owned[0].families[tracked.key(tracked.current(process.world.clock.now()))]
    family[member] = PartSum(family[member].through, 9 * DOLLAR)


async def reconcile(process: Process, *, repair: bool = True) -> int:
    found = await process.reconciler.reconcile(process.catalog.of_tenant("acme"), repair=repair)
    return len(found.drifts)


def actual(process: Process, member: str | None = None) -> int:
    status = process.status("b", member=member)
    assert not status.rebuilding
    return money.from_proto(status.actual) // DOLLAR


async def test_what_is_right_is_left_alone() -> None:
    process = await begun(World())
    assert await reconcile(process) == 0
    assert actual(process) == 12


async def test_a_wrong_sum_is_told_once_and_put_right() -> None:
    world = World()
    process = await begun(world)
    corrupt(process)
    corrupt(process, "search")
    assert await reconcile(process, repair=False) == 2
    assert actual(process) == 16
    assert await reconcile(process) == 2
    assert process.status("b").rebuilding
    await process.settle_down()
    assert (actual(process), actual(process, "search")) == (12, 5)
    assert await reconcile(process) == 0
    [alert] = [alert for alert in world.alerts if alert.kind == pb.BudgetAlert.KIND_STATE_REPAIRED]
    assert (money.from_proto(alert.drift.counted), money.from_proto(alert.drift.ledger)) == (16 * DOLLAR, 12 * DOLLAR)
    assert "$16.00 where the ledger has $12.00" in alert.reason
    process = Process(world)
    await process.assign()
    assert actual(process) == 12, "what is right is also durable"


async def test_each_process_answers_for_its_own_partitions() -> None:
    world = World()
    await begun(world)
    one, two = Process(world), Process(world)
    await one.assign([0])
    await two.assign([1])
    corrupt(one)
    assert (await reconcile(two), await reconcile(one)) == (0, 1)
    for process in (one, two, one, two):
        await process.settle_down()
    assert actual(one) == actual(two) == 12


async def test_sums_that_are_ahead_of_their_position_after_a_crash_are_no_drift() -> None:
    world = World()
    process = await begun(world)
    world.spend(0, use("search"), DOLLAR)
    world.writes_until_crash = 1  # A sum is written, the position is not.
    try:
        await process.consume(0, 10)
    except Crashed:
        world.writes_until_crash = None
    process = Process(world)
    await process.assign()
    world.ledger_writes_everything()
    assert await reconcile(process) == 0
    await process.settle_down()
    assert actual(process) == 13


async def test_a_rebuild_on_demand_comes_to_the_same_sums_while_spend_goes_on() -> None:
    world = World()
    process = await begun(world)
    await process.rebuilder.restart(process.catalog.of_tenant("acme"))
    world.spend(0, use("search"), DOLLAR)
    await process.consume_all()
    process = Process(world)  # Killed before the ledger answered.
    await process.assign()
    await process.settle_down()
    assert (actual(process), actual(process, "search")) == (13, 6)


# --- rolling windows ------------------------------------------------------------------------------------------------


def rolling(unit: pb.RollingWindow.Unit, count: int) -> pb.Budget:
    message = monthly("10", rolling_window=pb.RollingWindow(unit=unit, count=count), time_zone="Europe/Berlin")
    message.period = pb.PERIOD_ROLLING
    return message


async def test_spend_falls_out_of_a_rolling_window_and_its_alert_is_not_doubled() -> None:
    world = World()
    process = await begun(world, rolling(pb.RollingWindow.UNIT_DAY, 3))
    assert actual(process) == 12
    kinds = [pb.BudgetAlert.Kind.Name(alert.kind) for alert in world.alerts]
    assert kinds == ["KIND_THRESHOLD_CROSSED"] * 3
    for _ in range(3):
        assert actual(process) == 12
        world.clock.advance(DAY)
        await process.settle_down()
    assert actual(process) == 0
    kinds = [pb.BudgetAlert.Kind.Name(alert.kind) for alert in world.alerts]
    assert sorted(kinds) == ["KIND_BACK_BELOW"] * 3 + ["KIND_THRESHOLD_CROSSED"] * 3


async def test_hours_roll_on() -> None:
    world = World()
    process = await begun(world, rolling(pb.RollingWindow.UNIT_HOUR, 2))
    world.clock.advance(HOUR)
    world.spend(0, use(time=world.clock.now()), DOLLAR)
    await process.settle_down()
    assert actual(process) == 13
    world.clock.advance(HOUR)
    await process.settle_down()
    assert actual(process) == 1
