"""Everything on one page: what was spent, where it goes, what changed, and what needs somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from finops.anomaly.v1.anomaly_pb2 import Anomaly
from finops.budget.v1.budget_pb2 import BudgetStatus, ForecastSpendRequest, SpendForecast
from finops.ledger.v1.ledger_pb2 import CostRow
from finops.recommendation.v1.recommendation_pb2 import Recommendation

from services.common import money
from services.common.clock import MINUTE, Micros
from services.common.errors import UnavailableError
from services.common.money import Picos
from services.console.domain import series
from services.console.domain.budget_limits import heads_over
from services.console.domain.cost_query import CostQuery
from services.console.domain.periods import (
    Range,
    add_months,
    day_start,
    days_between,
    hour_end,
    last_days,
    local_date,
    previous,
)
from services.console.handlers import listing
from services.console.handlers.peers import Budgets, Caller, Ledger, Peers

CHART_DAYS = 30
MOVER_DAYS = 7
MOVERS = 6
STACKS = 7
AT_RISK_RATIO = 0.8
PARTS = 6

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Spend:
    """Priced, metered spend in the zone's days; picodollars."""

    today: Picos
    yesterday: Picos
    month_to_date: Picos
    last_month: Picos
    last_month_to_date: Picos
    """Last month's days up to the same day of the month as yesterday, to be compared with `month_complete_days`."""
    month_complete_days: Picos
    """This month without today."""
    daily: series.Stack
    unpriced_events: int
    shadow: Picos
    """This month's usage without a price, at its shadow price; in no other figure."""


@dataclass(frozen=True)
class MonthForecast:
    """What the month will have cost, usage without a price at its shadow price."""

    asked: Micros
    month: date
    of: SpendForecast

    @property
    def known(self) -> bool:
        """Whether it rests on more than the mean rate so far, which says little about a month that has just begun."""
        return self.of.history_hours > 0


@dataclass(frozen=True)
class Savings:
    """Open recommendations and the sums of their monthly savings, picodollars."""

    open: Sequence[Recommendation]
    low: Picos
    median: Picos
    high: Picos


@dataclass(frozen=True)
class Overview:
    """A part that could not be read is None, and `unavailable` says why."""

    spend: Spend | None
    movers: Sequence[series.Change] | None
    budgets: Sequence[BudgetStatus] | None
    anomalies: Sequence[Anomaly] | None
    savings: Savings | None
    forecast: MonthForecast | None
    unavailable: dict[str, str] = field(default_factory=dict)

    @property
    def at_risk(self) -> list[BudgetStatus]:
        return [status for status in self.budgets or () if is_at_risk(status)]


def is_at_risk(status: BudgetStatus) -> bool:
    """Four fifths used, or forecast to be passed."""
    return status.used_ratio >= AT_RISK_RATIO or heads_over(status)


async def overview(
    peers: Peers,
    caller: Caller,
    now: Micros,
    tz: ZoneInfo,
    stack_by: str,
    move_by: str,
    told: MonthForecast | None = None,
) -> Overview:
    """Asks all at once. Parts whose service is away are left out.

    Args:
        peers: the services.
        caller: whose figures.
        now: the present.
        tz: whose days and months.
        stack_by: a dimension, of the daily spend.
        move_by: a dimension, of the movers.
        told: the forecast of the last time; it is asked again after a minute.

    Raises:
        ApiError: any other refusal, or every service away.
    """
    unavailable: dict[str, str] = {}

    async def part(name: str, answer: Awaitable[Answer]) -> Answer | None:
        try:
            return await answer
        except UnavailableError as error:
            unavailable[name] = error.message
            return None

    found, moved, budgets, anomalies, savings, forecast = await asyncio.gather(
        part("spend", spend(peers, caller, now, tz, stack_by)),
        part("movers", movers(peers, caller, now, tz, move_by)),
        part("budgets", listing.budget_statuses(peers, caller)),
        part("anomalies", listing.anomalies(peers, caller, Anomaly.STATE_OPEN)),
        part("savings", _savings(peers, caller)),
        part("forecast", month_forecast(peers, caller, now, tz, told)),
    )
    if len(unavailable) == PARTS:
        raise UnavailableError("; ".join(f"{name}: {why}" for name, why in sorted(unavailable.items())))
    return Overview(found, moved, budgets, anomalies, savings, forecast, unavailable)


async def spend(peer: Ledger, caller: Caller, now: Micros, tz: ZoneInfo, stack_by: str) -> Spend:
    """One query by day and `stack_by` from the start of last month answers every figure of spend."""
    today = local_date(now, tz)
    month = today.replace(day=1)
    first = min(add_months(month, -1), today - timedelta(days=CHART_DAYS - 1))
    query = CostQuery(Range(day_start(first, tz), hour_end(now)), (stack_by,), "day", tz.key)
    rows = (await peer.query_costs(caller, query.request())).rows
    return spend_of(rows, today, tz)


def spend_of(rows: Sequence[CostRow], today: date, tz: ZoneInfo) -> Spend:
    """The figures of rows by day."""
    daily: dict[date, Picos] = {}
    unpriced = shadow = 0
    month = today.replace(day=1)
    for row in rows:
        day = local_date(row.time_unix_micros, tz)
        daily[day] = daily.get(day, 0) + series.cost(row)
        if day >= month:
            unpriced += row.unpriced_events
            shadow += money.from_proto(row.shadow_cost)

    def total(first: date, end: date) -> Picos:
        return sum(amount for day, amount in daily.items() if first <= day < end)

    last_month = add_months(month, -1)
    tomorrow = today + timedelta(days=1)
    charted = days_between(today - timedelta(days=CHART_DAYS - 1), tomorrow)
    starts = [day_start(day, tz) for day in charted]
    recent = [row for row in rows if row.time_unix_micros >= starts[0]]
    return Spend(
        today=daily.get(today, 0),
        yesterday=daily.get(today - timedelta(days=1), 0),
        month_to_date=total(month, tomorrow),
        last_month=total(last_month, month),
        last_month_to_date=total(last_month, min(last_month + timedelta(days=today.day - 1), month)),
        month_complete_days=total(month, today),
        daily=series.stack(recent, starts, STACKS),
        unpriced_events=unpriced,
        shadow=shadow,
    )


async def month_forecast(
    peer: Budgets, caller: Caller, now: Micros, tz: ZoneInfo, told: MonthForecast | None = None
) -> MonthForecast:
    """Where all spend of the month is heading, by the formula of budgets. `told` stands for a minute: it takes reading
    weeks of hours."""
    month = local_date(now, tz).replace(day=1)
    if told is not None and told.month == month and now - told.asked < MINUTE:
        return told
    asked = ForecastSpendRequest(
        start_unix_micros=day_start(month, tz), end_unix_micros=day_start(add_months(month, 1), tz), time_zone=tz.key
    )
    return MonthForecast(now, month, (await peer.forecast_spend(caller, asked)).forecast)


async def movers(peer: Ledger, caller: Caller, now: Micros, tz: ZoneInfo, by: str) -> list[series.Change]:
    """The values of a dimension whose spend in the last seven days differs most from the seven before."""
    current = last_days(MOVER_DAYS, now, tz)
    answers = await asyncio.gather(
        *(
            peer.query_costs(caller, CostQuery(period, (by,), "total", tz.key).request())
            for period in (current, previous(current, tz))
        )
    )
    return series.movers(answers[0].rows, answers[1].rows, MOVERS)


async def _savings(peers: Peers, caller: Caller) -> Savings:
    found = await listing.recommendations(peers, caller, Recommendation.STATE_OPEN)
    return Savings(
        found,
        sum(money.from_proto(r.monthly_saving_low) for r in found),
        sum(money.from_proto(r.monthly_saving) for r in found),
        sum(money.from_proto(r.monthly_saving_high) for r in found),
    )
