"""Each threshold alerts once a period, whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2 import BudgetAlert

from services.common import money
from services.common.clock import DAY, HOUR, ManualClock, parse_rfc3339
from services.common.errors import UnavailableError
from services.common.forecast.hours import HourlySpend
from tests.unit.budget.process import Process
from tests.unit.budget.world import Crashed, World, monthly, use

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
    return [alert.threshold_percent for alert in world.alerts if alert.kind == BudgetAlert.KIND_THRESHOLD_CROSSED]


def kinds(world: World) -> list[str]:
    return [BudgetAlert.Kind.Name(alert.kind).removeprefix("KIND_") for alert in world.alerts]


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
    assert world.alerts[-1].period_start_unix_micros == world.alerts[0].period_start_unix_micros


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


def ruled(*rules: pb.ThresholdRule, dollars: str = "100") -> pb.Budget:
    """A monthly budget with these rules, and one threshold that nothing here reaches."""
    budget = monthly(dollars, name="budgets/b")
    budget.threshold_percents.append(1_000)
    budget.threshold_rules.extend(rules)
    return budget


async def started(world: World, budget: pb.Budget) -> Process:
    process = Process(world)
    await process.create("b", budget)
    await process.assign()
    await process.settle_down()
    return process


async def test_a_correction_that_brings_spend_back_below_is_told_once() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 60)
    await spent(world, process, -20)
    await spent(world, process, -20)
    assert kinds(world) == ["THRESHOLD_CROSSED", "BACK_BELOW"]
    crossed, back = world.alerts
    assert (back.resolved_alert_id, back.threshold_percent) == (crossed.alert_id, 50)
    assert back.severity == BudgetAlert.SEVERITY_INFO
    assert "back below 50%" in back.reason
    status = process.status("b").thresholds[0]
    assert status.crossed_unix_micros and status.back_below_unix_micros
    await spent(world, process, 40)
    assert kinds(world) == ["THRESHOLD_CROSSED", "BACK_BELOW"]


async def test_a_rule_that_re_arms_fires_again_after_falling_by_a_tenth() -> None:
    world = World()
    rule = pb.ThresholdRule(basis="BASIS_ACTUAL", percent=50, rearm="REARM_WHEN_BACK_BELOW")
    process = await started(world, ruled(rule))
    await spent(world, process, 52)
    await spent(world, process, -6)  # 46: below, but not by a tenth of 50
    await spent(world, process, 10)
    assert kinds(world) == ["THRESHOLD_CROSSED"]
    await spent(world, process, -20)
    await spent(world, process, 20)
    assert kinds(world) == ["THRESHOLD_CROSSED", "BACK_BELOW", "THRESHOLD_CROSSED"]
    assert [alert.occurrence for alert in world.alerts] == [1, 1, 2]
    assert len({alert.alert_id for alert in world.alerts}) == 3


@pytest.mark.parametrize("writes", range(6))
async def test_a_crash_around_any_of_these_repeats_none(writes: int) -> None:
    world = World()
    rule = pb.ThresholdRule(basis="BASIS_ACTUAL", percent=50, rearm="REARM_WHEN_BACK_BELOW")
    process = await started(world, ruled(rule))
    world.writes_until_crash = writes
    for dollars in (60, -40, 60):
        try:
            await spent(world, process, dollars)
        except Crashed:
            world.writes_until_crash = None
            process = Process(world)
            await process.assign()
            await process.settle_down()
    assert kinds(world) == ["THRESHOLD_CROSSED", "BACK_BELOW", "THRESHOLD_CROSSED"]


async def test_a_forecast_past_the_limit_is_told_before_the_money_is_spent() -> None:
    world = World()
    hours = 8 * 168
    start = world.clock.now() - world.clock.now() % HOUR - hours * HOUR
    world.history = HourlySpend(start, np.full(hours, 0.5 * DOLLAR))  # 360 dollars in 30 days
    process = await started(world, ruled(pb.ThresholdRule(basis="BASIS_FORECAST", percent=100), dollars="300"))
    await process.forecasting.run()
    await spent(world, process, 230)  # 23 November: 84 to 90 dollars are still to come
    assert kinds(world) == ["FORECAST_BREACH"]
    (alert,) = world.alerts
    assert 300 * DOLLAR < money.from_proto(alert.forecast.expected) < 325 * DOLLAR
    assert alert.forecast.method == "hour-of-week"
    assert alert.time_unix_micros < alert.exhaust_unix_micros < alert.period_end_unix_micros


async def test_the_mean_rate_of_a_young_period_breaches_nothing() -> None:
    world = World(clock=ManualClock(parse_rfc3339("2026-11-02T00:00:00Z")))
    process = await started(world, ruled(pb.ThresholdRule(basis="BASIS_FORECAST", percent=100)))
    await spent(world, process, 50)
    assert kinds(world) == []
    world.clock.advance(6 * DAY)
    await process.settle_down()
    assert kinds(world) == ["FORECAST_BREACH"]


async def test_burning_faster_than_the_period_allows() -> None:
    world = World()
    start = world.clock.now() - 168 * HOUR
    world.history = HourlySpend(start, np.full(168, 0.05 * DOLLAR))
    rule = pb.ThresholdRule(basis="BASIS_BURN_RATE", percent=200, window_hours=6)
    process = await started(world, ruled(rule, dollars="720"))  # a dollar an hour
    await process.forecasting.run()
    await spent(world, process, 10)
    assert kinds(world) == []
    await spent(world, process, 2)
    assert kinds(world) == ["BURN_RATE"]
    assert "last 6 hours, $12.30, is at least 200%" in world.alerts[0].reason


async def test_a_new_period_is_told_where_the_last_one_alerted() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 60)
    world.clock.advance(9 * DAY)
    await process.settle_down()
    await process.settle_down()
    assert kinds(world) == ["THRESHOLD_CROSSED", "PERIOD_RESET"]


async def test_severity_follows_how_much_is_gone() -> None:
    world = World()
    process = await begun(world)
    await spent(world, process, 100)
    severities = {a.threshold_percent: BudgetAlert.Severity.Name(a.severity) for a in world.alerts}
    assert severities == {50: "SEVERITY_INFO", 80: "SEVERITY_WARNING", 100: "SEVERITY_CRITICAL"}
