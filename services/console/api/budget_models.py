"""Budgets as REST writes them."""

from __future__ import annotations

from typing import Annotated

from finops.budget.v1 import budget_pb2 as pb
from pydantic import Field

from services.console.api.models import Amount, Answer, Body, Dollars, Time
from services.console.domain.enums import words

FILTER = 'Which spend counts, e.g. `team = "search"`; empty: all of the tenant\'s'
PERIODS = ", ".join(words(pb.Period))
ENFORCEMENTS = ", ".join(words(pb.Enforcement))
Percent = Annotated[int, Field(ge=1, le=1_000)]
_PERCENTS = Field(
    description="Percent of the amount; each alerts once a period", examples=[[50, 80, 100]], max_length=20
)


class MemberAmount(Body):
    """The amount of one value of the dimension `per`."""

    member: str
    amount: Amount


class Calendar(Body):
    """How weeks, quarters and years lie."""

    year_start_month: int = Field(1, ge=0, le=12)
    year_start_day: int = Field(1, ge=0, le=28)
    week_start: str = Field("", description=", ".join(words(pb.DayOfWeek)) + "; empty: monday")
    week_pattern: str = Field("", description=", ".join(words(pb.WeekPattern)) + "; empty: months of the calendar")


class CustomRange(Body):
    """Local days, both within the range."""

    first_day: str = Field(examples=["2026-11-01"])
    last_day: str = Field(examples=["2026-12-31"])


class RollingWindow(Body):
    """The last hours or days."""

    unit: str = Field(description=", ".join(words(pb.RollingWindow.Unit)))
    count: int = Field(ge=1, le=744)


class CarryOver(Body):
    """What the period before leaves to this one."""

    unspent: bool = False
    overspent: bool = False
    maximum: Amount | None = None


class TemporaryIncrease(Body):
    """More, for a while."""

    amount: Amount
    start: Time
    expire: Time
    reason: str
    author: str = Field("", description="Set by the service: the key that asked for it")
    member: str = Field("", description="Only for this member; empty: for all")


class AmountChange(Body):
    """The amount from a moment on."""

    effective: Time
    amount: Amount
    reason: str = ""


class ThresholdRule(Body):
    """When an alert is due."""

    basis: str = Field("actual", description=", ".join(words(pb.ThresholdRule.Basis)))
    percent: int = Field(ge=1, le=1_000)
    rearm: str = Field("once_per_period", description=", ".join(words(pb.ThresholdRule.Rearm)))
    window_hours: int = Field(0, ge=0, description="burn_rate: over so many last hours; 0: 24")


class Budget(Answer):
    """An amount for a scope and a period."""

    id: str
    name: str = Field(examples=["budgets/search"])
    display_name: str
    filter: str = Field(description=FILTER)
    amount: Dollars
    period: str = Field(description=PERIODS, examples=["month"])
    time_zone: str = Field(description="IANA zone the period starts and ends in")
    threshold_percents: list[int] = _PERCENTS
    enforcement: str = Field(description=ENFORCEMENTS, examples=["observe"])
    parent: str = Field(description="budgets/{id}; only what the parent counts is counted here")
    per: str = Field(description="A dimension for each of whose values the amount holds by itself")
    member_amounts: list[MemberAmount]
    calendar: Calendar | None
    custom_range: CustomRange | None
    rolling_window: RollingWindow | None
    carry_over: CarryOver | None
    increases: list[TemporaryIncrease]
    amount_changes: list[AmountChange]
    threshold_rules: list[ThresholdRule]
    count_committed: bool
    failure_mode: str = Field(description=", ".join(words(pb.FailureMode)) + "; empty: open")
    labels: dict[str, str]
    create_time: Time | None
    update_time: Time | None
    etag: str


class Budgets(Answer):
    budgets: list[Budget]
    next_page_token: str


class Threshold(Answer):
    percent: int
    rule: ThresholdRule | None
    crossed_time: Time | None = Field(description="null: not crossed in this period")
    back_below_time: Time | None = Field(description="When the spend was last told to be back below; null: it was not")


class Forecast(Answer):
    """Where spend is heading."""

    expected: Dollars
    low: Dollars | None = Field(description="null: too little history for an interval")
    high: Dollars | None
    coverage: float = Field(description="Probability that the spend lies between low and high")
    past_error: float | None = Field(
        description="Mean absolute error of past forecasts as a share; null: none were made"
    )
    method: str = Field(examples=["hour-of-week"])
    history_hours: int
    tested_hours: int


class BudgetStatus(Answer):
    """Where the period stands."""

    budget: Budget
    member: str | None = Field(description="Of a budget that has `per`; null: the whole")
    period_start: Time
    period_end: Time
    limit: Dollars = Field(description="The amount that holds, with increases and what was carried over")
    increased: Dollars
    carried_over: Dollars
    actual: Dollars = Field(description="Priced spend")
    shadow: Dollars = Field(description="Unpriced usage at its shadow price; counts towards thresholds")
    held: Dollars = Field(description="Open reservations")
    settled: Dollars = Field(description="Settled reservations whose usage has not come in yet")
    committed: Dollars = Field(description="Seats of the rest of the period")
    remaining: Dollars = Field(description="Of the limit; may be negative. With `per`: of the member that used most")
    forecast: Dollars = Field(description="Expected at the period's end")
    forecast_detail: Forecast | None
    burn_per_day: Dollars | None = Field(description="Spend of the last 24 hours")
    burn_ratio: float
    exhaust_time: Time | None = Field(description="When the limit is used up; null: not within the period")
    used_ratio: float | None = Field(description="Used of the limit; null: there is none left, and something is used")
    members: int = Field(description="With `per`: members with spend in the period")
    members_over: int
    thresholds: list[Threshold]
    rebuilding: bool = Field(description="The sum is being rebuilt from the ledger; figures are incomplete")
    update_time: Time | None


class BudgetStatuses(Answer):
    statuses: list[BudgetStatus]
    next_page_token: str


class Hold(Answer):
    """A reservation."""

    request_id: str
    dimensions: dict[str, str]
    amount: Dollars = Field(description="The estimate, or what it was settled with")
    settled: bool
    event_id: str
    create_time: Time | None
    expire_time: Time | None


class Holds(Answer):
    holds: list[Hold]
    next_page_token: str


class Drift(Answer):
    """A sum that differed from the ledger."""

    name: str
    member: str | None
    period_start: Time
    counted: Dollars
    ledger: Dollars
    repaired: bool


class Reconciled(Answer):
    checked: int
    drifts: list[Drift]


class Rebuilt(Answer):
    rebuilding: int


class Terms(Body):
    """What an owner sets. Of a change, only the fields that are sent change."""

    display_name: str | None = Field(None, max_length=200)
    filter: str | None = Field(None, description=FILTER, max_length=4_096)
    period: str | None = Field(None, description=f"{PERIODS}; a new budget's: month")
    time_zone: str | None = Field(None, description="IANA zone; empty: UTC", max_length=64)
    threshold_percents: list[Percent] | None = Field(
        None, description="Percent of the amount; empty: 50, 80, 100", max_length=20
    )
    enforcement: str | None = Field(None, description=f"{ENFORCEMENTS}; a new budget's: observe")
    parent: str | None = Field(None, max_length=100)
    per: str | None = Field(None, max_length=100)
    member_amounts: list[MemberAmount] | None = None
    calendar: Calendar | None = None
    custom_range: CustomRange | None = None
    rolling_window: RollingWindow | None = None
    carry_over: CarryOver | None = None
    increases: list[TemporaryIncrease] | None = None
    amount_changes: list[AmountChange] | None = None
    threshold_rules: list[ThresholdRule] | None = None
    count_committed: bool | None = None
    failure_mode: str | None = Field(None, description=", ".join(words(pb.FailureMode)))
    labels: dict[str, str] | None = None


class NewBudget(Terms):
    id: str = Field("", description="Last part of the name; empty: chosen by the service", max_length=63)
    amount: Amount


class BudgetChange(Terms):
    amount: Amount | None = None
    etag: str | None = Field(None, description="Of the budget as read; another one answers 409")
    clear: list[str] = Field(
        [], description="Fields to clear: calendar, custom_range, rolling_window, carry_over", max_length=4
    )
