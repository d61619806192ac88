"""Budgets fit what is spent: the expectation is that of the simulated events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.common import filters
from services.demo.planning import COMPANY, PLANS, Plan, amount, expected_dollars, period_of
from services.demo.setup import TOOLS
from services.demo.workloads import SHADOW_TOOL, WORKLOADS, Workload
from tests.unit.demo.history import ANCHOR, DAYS, dollars, history

START = ANCHOR - timedelta(days=DAYS)


def spent(plan: Plan, start: datetime, end: datetime) -> float:
    return sum(dollars(use) for use in history() if plan.counts(use.workload) and start <= use.time < end)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_the_expectation_is_what_is_spent(plan: Plan) -> None:
    expected = expected_dollars(plan.counts, START, ANCHOR, ANCHOR)
    assert spent(plan, START, ANCHOR) == pytest.approx(expected, rel=0.06)


def test_one_budget_is_nearly_used_up_and_one_is_passed() -> None:
    ratios = {
        plan.id: spent(plan, period_of(plan.period, ANCHOR)[0], ANCHOR) / float(amount(plan, ANCHOR, START))
        for plan in PLANS
    }
    assert 0.85 < ratios["demo-coding-agents"] < 1
    assert 1.02 < ratios["demo-support-assistant"] < 1.3
    assert all(
        ratio < 0.8 for name, ratio in ratios.items() if name not in ("demo-coding-agents", "demo-support-assistant")
    )


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_filters_count_what_the_plan_counts(plan: Plan) -> None:
    def read(dimension: str):  # type: ignore[no-untyped-def]
        return lambda workload: getattr(workload, dimension)

    passes = filters.predicate(filters.parse(plan.filter), read)

    def by_filter(workload: Workload) -> bool:
        return bool(passes(workload))

    assert [by_filter(w) for w in WORKLOADS] == [plan.counts(w) for w in WORKLOADS]


def test_an_hour_into_a_period_amounts_are_still_positive() -> None:
    anchor = datetime(2027, 1, 1, 1, tzinfo=UTC)
    assert all(amount(plan, anchor, anchor - timedelta(days=DAYS)) >= 10 for plan in PLANS)


def test_periods_follow_the_companys_zone() -> None:
    summer = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert period_of("month", summer)[0] == datetime(2026, 6, 30, 23, tzinfo=UTC)
    assert period_of("quarter", summer) == (
        datetime(2026, 6, 30, 23, tzinfo=UTC),
        datetime(2026, 9, 30, 23, tzinfo=UTC),
    )
    assert period_of("quarter", ANCHOR)[1] == datetime(2027, 1, 1, tzinfo=UTC)


def test_all_tools_in_use_but_one_are_registered() -> None:
    used = {workload.tool for workload in WORKLOADS}
    assert used - {tool.id for tool in TOOLS} == {SHADOW_TOOL}
    assert COMPANY in PLANS
