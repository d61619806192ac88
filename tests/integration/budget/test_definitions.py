"""Definitions in ClickHouse: every field comes back, every version stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from services.budget.adapters.tables import BudgetTable
from services.budget.domain.budget import Budget
from services.budget.domain.periods import Period
from services.budget.domain.terms import (
    AmountChange,
    Basis,
    Calendar,
    CarryOver,
    CustomRange,
    DayOfWeek,
    Enforcement,
    FailureMode,
    MemberAmount,
    Rearm,
    RollingUnit,
    RollingWindow,
    TemporaryIncrease,
    Terms,
    ThresholdRule,
    WeekPattern,
)
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import parse_rfc3339
from services.common.settings import ClickHouseSettings

NOW = parse_rfc3339("2026-11-23T12:00:00.000001Z")
PLAIN = Terms("", "", 1, Period.DAY)
EVERYTHING = Terms(
    display_name='Everything, "quoted"\n',
    filter='team = "search" AND NOT tag:feature = "a*"',
    amount=12_345_678_901_234_567_890,
    period=Period.MONTH,
    time_zone="Asia/Kathmandu",
    thresholds=(10, 1_000),
    enforcement=Enforcement.BLOCK,
    parent="company",
    per="user",
    member_amounts=(MemberAmount("ann", 1), MemberAmount("", 2)),
    calendar=Calendar(2, 3, DayOfWeek.SUNDAY, WeekPattern.WEEK_PATTERN_454),
    carry_over=CarryOver(unspent=True, overspent=True, maximum=7),
    increases=(TemporaryIncrease(5, NOW, NOW + 1, "launch", "ops", "ann"),),
    amount_changes=(AmountChange(NOW, 6, "plan"), AmountChange(NOW + 1, 8, "")),
    threshold_rules=(ThresholdRule(Basis.BURN_RATE, 200, Rearm.WHEN_BACK_BELOW, 6), ThresholdRule(Basis.FORECAST, 100)),
    count_committed=True,
    failure_mode=FailureMode.CLOSED,
    labels=(("cost-centre", "4711"), ("route", "search")),
)
CUSTOM = replace(PLAIN, period=Period.CUSTOM, custom_range=CustomRange(date(2024, 2, 29), date(2026, 12, 31)))
ROLLING = replace(PLAIN, period=Period.ROLLING, rolling_window=RollingWindow(RollingUnit.DAY, 30))


@pytest.fixture
async def clickhouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[ClickHouse]:
    await migrate(clickhouse_settings, ["services.common.migrations", "services.budget.migrations"])
    client = ClickHouse(clickhouse_settings)
    yield client
    await client.stop()


async def test_every_field_comes_back_and_every_version_stays(clickhouse: ClickHouse) -> None:
    table, another = BudgetTable(clickhouse), BudgetTable(clickhouse)
    everything, custom, rolling = (
        Budget("acme", name, terms, NOW, NOW + 1, NOW, author="ann")
        for name, terms in (("everything", EVERYTHING), ("custom", CUSTOM), ("rolling", ROLLING))
    )
    for budget in (everything, custom, rolling):
        await table.save(budget)
        assert await table.find("acme", budget.budget_id) == budget
    assert await table.find("globex", "custom") is None
    assert {b.budget_id: b for b in await another.load()} == {
        "everything": everything, "custom": custom, "rolling": rolling,
    }  # fmt: skip

    fingerprint = await another.fingerprint()
    changed = replace(everything, terms=PLAIN, updated=NOW + 9, version=NOW + 9, author="bob")
    ended = replace(custom, updated=NOW + 5, version=NOW + 5, deleted=True, author="eve")
    await table.save(changed)
    await table.save(ended)
    assert await another.fingerprint() != fingerprint
    assert {b.budget_id: b for b in await another.load()} == {
        "everything": changed, "custom": ended, "rolling": rolling,
    }  # fmt: skip
    assert await table.find("acme", "custom") == ended

    history = await clickhouse.query(
        "SELECT updated_by, JSONExtractString(definition, 'per') FROM budgets "
        "WHERE budget_id = 'everything' ORDER BY version"
    )
    assert [tuple(row) for row in history] == [("ann", "user"), ("bob", "")]
