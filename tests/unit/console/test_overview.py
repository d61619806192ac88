"""The overview's figures from rows by day."""

from __future__ import annotations

from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

from finops.budget.v1.budget_pb2 import (
    Budget,
    BudgetStatus,
    ForecastSpendRequest,
    ForecastSpendResponse,
    SpendForecast,
)
from finops.ledger.v1.ledger_pb2 import CostRow

from services.common import money
from services.common.auth import Principal, Role
from services.common.clock import MINUTE
from services.console.domain.periods import day_start, zone
from services.console.handlers.overview import CHART_DAYS, MonthForecast, is_at_risk, month_forecast, spend_of
from services.console.handlers.peers import Budgets, Caller

UTC = zone("UTC")
TODAY = date(2026, 11, 3)


def row(day: date, dollars: int, provider: str = "openai", unpriced: int = 0, shadow: int = 0) -> CostRow:
    return CostRow(
        group=[provider],
        time_unix_micros=day_start(day, UTC),
        cost=money.to_proto(dollars * money.PICOS_PER_DOLLAR),
        shadow_cost=money.to_proto(shadow * money.PICOS_PER_DOLLAR),
        unpriced_events=unpriced,
    )


def test_each_day_counts_where_it_belongs() -> None:
    rows = [
        row(date(2026, 10, 1), 10),
        row(date(2026, 10, 2), 20),
        row(date(2026, 10, 31), 40, unpriced=9, shadow=9),
        row(date(2026, 11, 1), 100),
        row(date(2026, 11, 2), 200, "anthropic"),
        row(TODAY, 400, unpriced=2, shadow=3),
    ]
    spend = spend_of(rows, TODAY, UTC)
    dollar = money.PICOS_PER_DOLLAR
    assert spend.today == 400 * dollar
    assert spend.yesterday == 200 * dollar
    assert spend.month_to_date == 700 * dollar
    assert spend.month_complete_days == 300 * dollar
    assert spend.last_month == 70 * dollar
    assert spend.last_month_to_date == 30 * dollar, "1 and 2 October against 1 and 2 November"
    assert (spend.unpriced_events, spend.shadow) == (2, 3 * dollar), "of this month only"


def test_the_chart_has_a_bar_for_every_day_and_only_those_days() -> None:
    spend = spend_of([row(date(2026, 10, 1), 7), row(date(2026, 10, 6), 5), row(TODAY, 1)], TODAY, UTC)
    assert len(spend.daily.times) == CHART_DAYS
    assert spend.daily.times[-1] == day_start(TODAY, UTC)
    assert sum(spend.daily.amounts["openai"]) == 6 * money.PICOS_PER_DOLLAR, "1 October is before the chart"


def test_nothing_yet() -> None:
    spend = spend_of([], TODAY, UTC)
    assert (spend.today, spend.month_to_date, spend.daily.amounts) == (0, 0, {})


def test_the_first_of_a_month_compares_no_days() -> None:
    spend = spend_of([row(date(2026, 10, 1), 10), row(date(2026, 11, 1), 5)], date(2026, 11, 1), UTC)
    assert (spend.month_complete_days, spend.last_month_to_date) == (0, 0)


def test_a_short_month_before_does_not_lend_days_of_the_next() -> None:
    rows = [row(date(2026, 2, day), 1) for day in range(1, 29)] + [row(date(2026, 3, day), 1) for day in range(1, 31)]
    spend = spend_of(rows, date(2026, 3, 31), UTC)
    assert spend.last_month_to_date == 28 * money.PICOS_PER_DOLLAR


def test_at_risk_is_four_fifths_used_or_a_forecast_beyond() -> None:
    def status(used: float, forecast: int) -> BudgetStatus:
        amount = money.to_proto(100 * money.PICOS_PER_DOLLAR)
        return BudgetStatus(
            budget=Budget(amount=amount), used_ratio=used, forecast=money.to_proto(forecast * money.PICOS_PER_DOLLAR)
        )

    assert not is_at_risk(status(0.79, 100))
    assert is_at_risk(status(0.8, 90))
    assert is_at_risk(status(0.2, 101))


class Forecaster:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[ForecastSpendRequest] = []

    async def forecast_spend(self, caller: object, request: ForecastSpendRequest) -> ForecastSpendResponse:
        self.asked.append(request)
        return ForecastSpendResponse(forecast=SpendForecast(expected=money.to_proto(7), history_hours=72))


async def test_a_forecast_stands_for_a_minute_and_for_its_month() -> None:
    peer, zone = Forecaster(), ZoneInfo("Europe/Berlin")
    caller = Caller("afk_x", Principal("acme", Role.VIEWER, "k", "n"))
    end = day_start(date(2026, 12, 1), zone)

    async def told(now: int, before: MonthForecast | None) -> MonthForecast:
        return await month_forecast(cast(Budgets, peer), caller, now, zone, before)

    first = await told(end - 2 * MINUTE, None)
    assert (peer.asked[0].start_unix_micros, peer.asked[0].end_unix_micros) == (day_start(date(2026, 11, 1), zone), end)
    assert await told(end - MINUTE - 1, first) is first
    again = await told(end - MINUTE, first)
    assert again is not first
    december = await told(end, again)
    assert december.month == date(2026, 12, 1)
    assert len(peer.asked) == 3
