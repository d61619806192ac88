"""`/overview`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.common.dimensions import is_dimension
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.money import format_dollars
from services.console.api import budgets, findings
from services.console.api.budget_models import BudgetStatus, Forecast
from services.console.api.calls import ConsoleOf, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars
from services.console.domain.periods import zone
from services.console.handlers import overview as use_case

router = APIRouter(tags=["overview"])


class Spend(Answer):
    today: Dollars
    yesterday: Dollars
    month_to_date: Dollars
    last_month: Dollars
    unpriced_events: int = Field(description="This month")
    shadow_cost: Dollars = Field(description="Unpriced usage of this month at its shadow price; in no other figure")


class Mover(Answer):
    """A group whose spend changed: the last seven days against the seven before."""

    value: str
    cost: Dollars
    previous_cost: Dollars
    change_ratio: float | None = Field(description="0.25 for a quarter more; null where there was nothing before")


class Savings(Answer):
    """Open recommendations: sums of their monthly savings."""

    open: int
    monthly_low: Dollars
    monthly: Dollars
    monthly_high: Dollars


class Overview(Answer):
    """A part whose service is away is null, and `unavailable` says why."""

    spend: Spend | None
    top_movers: list[Mover] | None
    budgets_at_risk: list[BudgetStatus] | None
    open_anomalies: list[findings.Anomaly] | None
    savings: Savings | None
    forecast: Forecast | None = Field(
        description="Of the whole month, usage without a price at its shadow price; null before three days of history"
    )
    unavailable: dict[str, str]


def _nothing_else(request: Request) -> None:
    """A parameter nobody reads would be taken for a filter that works."""
    unknown = sorted(set(request.query_params) - {"movers_by", "timezone"})
    if unknown:
        violations = [FieldViolation(name, "no such parameter; there are movers_by and timezone") for name in unknown]
        told = "; ".join(f"{v.field}: {v.description}" for v in violations)
        raise InvalidArgumentError(told, violations=violations)


@router.get("/overview", summary="What was spent, what changed, what needs somebody", responses=refusals())
async def overview(
    request: Request,
    caller: Reader,
    console: ConsoleOf,
    peers: PeersOf,
    movers_by: Annotated[str, Query(description="A dimension")] = "team",
    timezone: Annotated[str, Query(description="IANA zone that days and months start in")] = "",
) -> Overview:
    _nothing_else(request)
    if not is_dimension(movers_by):
        raise InvalidArgumentError.of("movers_by", f"no dimension {movers_by!r}")
    try:
        tz = zone(timezone or console.time_zone.key)
    except ValueError as error:
        raise InvalidArgumentError.of("timezone", str(error)) from error
    found = await use_case.overview(peers, caller, console.clock.now(), tz, "provider", movers_by)
    return Overview(
        spend=_spend(found.spend) if found.spend is not None else None,
        top_movers=[
            Mover(
                value=change.group[0],
                cost=format_dollars(change.now),
                previous_cost=format_dollars(change.before),
                change_ratio=change.ratio,
            )
            for change in found.movers
        ]
        if found.movers is not None
        else None,
        budgets_at_risk=[budgets.status_shown(s) for s in found.at_risk] if found.budgets is not None else None,
        open_anomalies=[findings.anomaly_shown(a) for a in found.anomalies] if found.anomalies is not None else None,
        savings=_savings(found.savings) if found.savings is not None else None,
        forecast=budgets.forecast_shown(found.forecast.of)
        if found.forecast is not None and found.forecast.known
        else None,
        unavailable=found.unavailable,
    )


def _spend(spend: use_case.Spend) -> Spend:
    return Spend(
        today=format_dollars(spend.today),
        yesterday=format_dollars(spend.yesterday),
        month_to_date=format_dollars(spend.month_to_date),
        last_month=format_dollars(spend.last_month),
        unpriced_events=spend.unpriced_events,
        shadow_cost=format_dollars(spend.shadow),
    )


def _savings(savings: use_case.Savings) -> Savings:
    return Savings(
        open=len(savings.open),
        monthly_low=format_dollars(savings.low),
        monthly=format_dollars(savings.median),
        monthly_high=format_dollars(savings.high),
    )
