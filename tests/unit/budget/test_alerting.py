"""Each threshold alerts once a period, whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from finops.budget.v1.budget_pb2 import BudgetAlert

from services.common import money
from services.common.clock import DAY
from services.common.errors import UnavailableError
from tests.unit.budget.world import Crashed, Process, World, monthly, use

DOLLAR = 10**12


async def spent(world: World, process: Process, dollars: int, shadow_dollars: int = 0) -> None:
    now = world.clock.now()
    world.spend(0, use(time=now), dollars * DOLLAR, shadow_dollars * DOLLAR)
    await process.settle_down()


async def begun(world: World, dollars: str = "100") -> Process:
    process = Process(world)
    await process.create("b", monthly(dollars))
    await process.assign()
    await process.settle_down()
    return process


def percents(world: World) -> list[int]:
    return [alert.threshold_percent for alert in world.alerts]


async def test_one_alert_each_as_the_spend_rises() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 49)
    assert percents(world) == []
    await spent(world, process, 1)
    assert percents(world) == [50]
    await spent(world, process, 1)
    await spent(world, process, 48)
    assert percents(world) == [50, 80]
    await spent(world, process, 1)
    assert percents(world) == [50, 80, 100]
    first = world.alerts[0]
    assert (first.kind, first.tenant_id) == (BudgetAlert.KIND_THRESHOLD_CROSSED, "acme")
    assert first.budget.name == "budgets/b"
    assert money.from_proto(first.spend) == 50 * DOLLAR
    assert first.period_start_unix_micros <= first.time_unix_micros < first.period_end_unix_micros
    crossings = process.status("b").thresholds
    assert [t.percent for t in crossings if t.crossed_unix_micros] == [50, 80, 100]


async def test_shadow_cost_counts() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 30, shadow_dollars=20)
    assert percents(world) == [50]


async def test_a_raised_amount_does_not_fire_again_and_a_lowered_one_fires_what_is_new() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 60)
    await process.definitions.update("acme", monthly("1000", name="budgets/b"), ["amount"])
    await process.settle_down()
    await spent(world, process, 440)
    assert percents(world) == [50]
    await process.definitions.update("acme", monthly("600", name="budgets/b"), ["amount"])
    await process.settle_down()
    assert percents(world) == [50, 80]


async def test_a_new_period_alerts_anew_and_a_straggler_still_crosses_the_last_ones() -> None:
    world = World()
    process = await begun(world)
    november = world.clock.now()
    await spent(world, process, 60)
    world.clock.advance(9 * DAY)
    await spent(world, process, 60)
    assert percents(world) == [50, 50]
    world.spend(1, use(time=november), 30 * DOLLAR)
    await process.settle_down()
    assert percents(world) == [50, 50, 80]
    assert world.alerts[2].period_start_unix_micros == world.alerts[0].period_start_unix_micros


async def test_a_budget_created_again_under_its_name_alerts_anew() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 60)
    await process.definitions.delete("acme", "budgets/b", "")
    world.clock.advance(1)
    await process.create("b", monthly("100"))
    await process.settle_down()
    assert percents(world) == [50, 50]


@pytest.mark.parametrize("writes", range(3))
async def test_a_crash_around_the_alert_neither_loses_nor_repeats_it(writes: int) -> None:
    world = World()
    process = await begun(world)
    world.spend(0, use(), 90 * DOLLAR)
    await process.consume_all()
    world.writes_until_crash = writes
    with pytest.raises(Crashed):
        await process.alerting.run()
    world.writes_until_crash = None
    process = Process(world)
    await process.assign()
    await process.settle_down()
    assert sorted(percents(world)) == [50, 80]
    assert set(world.archived) == {alert.alert_id for alert in world.alerts}


async def test_an_alert_the_topic_forgot_is_remembered_by_the_archive() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 60)
    world.alerts.clear()
    process = Process(world)
    await process.assign()
    await process.settle_down()
    assert percents(world) == []
    assert process.status("b").thresholds[0].crossed_unix_micros


async def test_a_publish_of_unknown_outcome_is_looked_up_before_it_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    process = await begun(world)
    world.spend(0, use(), 60 * DOLLAR)
    await process.consume_all()
    publish = process.journal.publish

    async def unacknowledged(alerts: Sequence[BudgetAlert]) -> None:
        await publish(alerts)
        raise UnavailableError("not acknowledged in time")

    monkeypatch.setattr(process.journal, "publish", unacknowledged)
    with pytest.raises(UnavailableError):
        await process.alerting.run()
    await process.alerting.run()
    assert percents(world) == [50]
