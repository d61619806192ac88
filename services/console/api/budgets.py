"""`/budgets`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Response
from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from services.common.errors import FieldViolation, InvalidArgumentError
from services.console.api.calls import Editor, PageSize, PeersOf, Reader, refusals
from services.console.api.models import Amount, Answer, Body, Dollars, Time, amount_of, dollars, last_part, time_or_none
from services.console.domain.enums import value, word, words

router = APIRouter(tags=["budgets"])

_FILTER = 'Which spend counts, e.g. `team = "search"`; empty: all of the tenant\'s'
_PERIOD = Field(description=", ".join(words(pb.Period)), examples=["month"])
_ENFORCEMENT = Field(description=", ".join(words(pb.Enforcement)), examples=["observe"])
_PERCENTS = Field(
    description="Percent of the amount; each alerts once a period", examples=[[50, 80, 100]], max_length=20
)
_Percent = Annotated[int, Field(ge=1, le=1_000)]


class Budget(Answer):
    """An amount for a scope and a period."""

    id: str
    name: str = Field(examples=["budgets/search"])
    display_name: str
    filter: str = Field(description=_FILTER)
    amount: Dollars
    period: str = _PERIOD
    time_zone: str = Field(description="IANA zone the period starts and ends in")
    threshold_percents: list[int] = _PERCENTS
    enforcement: str = _ENFORCEMENT
    create_time: Time | None
    update_time: Time | None
    etag: str


class Budgets(Answer):
    budgets: list[Budget]
    next_page_token: str


class Threshold(Answer):
    percent: int
    crossed_time: Time | None = Field(description="null: not crossed in this period")


class BudgetStatus(Answer):
    """Where the period stands."""

    budget: Budget
    period_start: Time
    period_end: Time
    actual: Dollars = Field(description="Priced spend")
    shadow: Dollars = Field(description="Unpriced usage at its shadow price; counts towards thresholds")
    held: Dollars = Field(description="Open reservations")
    remaining: Dollars = Field(description="amount - actual - shadow - held; may be negative")
    forecast: Dollars = Field(description="Expected at the period's end")
    used_ratio: float = Field(description="(actual + shadow) / amount")
    thresholds: list[Threshold]
    rebuilding: bool = Field(description="The sum is being rebuilt from the ledger; figures are incomplete")
    update_time: Time | None


class NewBudget(Body):
    id: str = Field("", description="Last part of the name; empty: chosen by the service", max_length=63)
    display_name: str = Field("", max_length=200)
    filter: str = Field("", description=_FILTER, max_length=4_096)
    amount: Amount
    period: str = Field("month", description=", ".join(words(pb.Period)))
    time_zone: str = Field("", description="IANA zone; empty: UTC", max_length=64)
    threshold_percents: list[_Percent] = Field(
        [], description="Percent of the amount; empty: 50, 80, 100", max_length=20
    )
    enforcement: str = Field("observe", description=", ".join(words(pb.Enforcement)))


class BudgetChange(Body):
    """Only the fields that are sent change."""

    display_name: str | None = Field(None, max_length=200)
    filter: str | None = Field(None, max_length=4_096)
    amount: Amount | None = None
    period: str | None = None
    time_zone: str | None = Field(None, max_length=64)
    threshold_percents: list[_Percent] | None = Field(None, max_length=20)
    enforcement: str | None = None
    etag: str | None = Field(None, description="Of the budget as read; another one answers 409")


@router.get("/budgets", summary="Budgets", responses=refusals())
async def list_budgets(caller: Reader, peers: PeersOf, page_size: PageSize = 100, page_token: str = "") -> Budgets:
    answer = await peers.list_budgets(caller, pb.ListBudgetsRequest(page_size=page_size, page_token=page_token))
    return Budgets(budgets=[shown(budget) for budget in answer.budgets], next_page_token=answer.next_page_token)


@router.post("/budgets", summary="Create a budget", status_code=201, responses=refusals(409, 413))
async def create_budget(caller: Editor, peers: PeersOf, body: NewBudget) -> Budget:
    budget = pb.Budget(
        display_name=body.display_name,
        filter=body.filter,
        amount=amount_of(body.amount, "amount"),
        period=value(pb.Period, body.period, "period"),
        time_zone=body.time_zone,
        threshold_percents=body.threshold_percents,
        enforcement=value(pb.Enforcement, body.enforcement, "enforcement"),
    )
    with _fields_as_sent():
        answer = await peers.create_budget(caller, pb.CreateBudgetRequest(budget=budget, budget_id=body.id))
    return shown(answer.budget)


@router.get("/budgets/{budget_id}", summary="One budget", responses=refusals(404))
async def get_budget(caller: Reader, peers: PeersOf, budget_id: str) -> Budget:
    answer = await peers.get_budget(caller, pb.GetBudgetRequest(name=f"budgets/{budget_id}"))
    return shown(answer.budget)


@router.get(
    "/budgets/{budget_id}/status", summary="Spend, forecast and thresholds of a budget", responses=refusals(404)
)
async def get_budget_status(caller: Reader, peers: PeersOf, budget_id: str) -> BudgetStatus:
    answer = await peers.get_budget_status(caller, pb.GetBudgetStatusRequest(name=f"budgets/{budget_id}"))
    return status_shown(answer.status)


@router.patch("/budgets/{budget_id}", summary="Change a budget", responses=refusals(404, 409, 413))
async def update_budget(caller: Editor, peers: PeersOf, budget_id: str, body: BudgetChange) -> Budget:
    budget = pb.Budget(name=f"budgets/{budget_id}", etag=body.etag or "")
    changed = body.model_dump(exclude={"etag"}, exclude_none=True)
    for name, sent in changed.items():
        match name:
            case "amount":
                budget.amount.CopyFrom(amount_of(sent, name))
            case "period":
                budget.period = value(pb.Period, sent, name)
            case "enforcement":
                budget.enforcement = value(pb.Enforcement, sent, name)
            case "threshold_percents":
                budget.threshold_percents.extend(sent)
            case _:
                setattr(budget, name, sent)
    if not changed:  # an empty mask would mean every field
        return await get_budget(caller, peers, budget_id)
    request = pb.UpdateBudgetRequest(budget=budget, update_mask=FieldMask(paths=list(changed)))
    with _fields_as_sent():
        return shown((await peers.update_budget(caller, request)).budget)


@router.delete("/budgets/{budget_id}", summary="Delete a budget", status_code=204, responses=refusals(404, 409))
async def delete_budget(
    caller: Editor,
    peers: PeersOf,
    budget_id: str,
    etag: Annotated[str, Query(description="Of the budget as read; another one answers 409")] = "",
) -> Response:
    await peers.delete_budget(caller, pb.DeleteBudgetRequest(name=f"budgets/{budget_id}", etag=etag))
    return Response(status_code=204)


@contextmanager
def _fields_as_sent() -> Iterator[None]:
    """The budget service names fields by their place in its message; a caller of REST knows them without."""
    try:
        yield
    except InvalidArgumentError as error:
        violations = [
            FieldViolation({"budget_id": "id"}.get(v.field, v.field.removeprefix("budget.")), v.description)
            for v in error.violations
        ]
        raise InvalidArgumentError(error.message, violations=violations) from error


def shown(budget: pb.Budget) -> Budget:
    """As REST writes it."""
    return Budget(
        id=last_part(budget.name),
        name=budget.name,
        display_name=budget.display_name,
        filter=budget.filter,
        amount=dollars(budget.amount),
        period=word(pb.Period, budget.period),
        time_zone=budget.time_zone or "UTC",
        threshold_percents=list(budget.threshold_percents),
        enforcement=word(pb.Enforcement, budget.enforcement or pb.ENFORCEMENT_OBSERVE),
        create_time=time_or_none(budget.create_unix_micros),
        update_time=time_or_none(budget.update_unix_micros),
        etag=budget.etag,
    )


def status_shown(status: pb.BudgetStatus) -> BudgetStatus:
    """As REST writes it."""
    return BudgetStatus(
        budget=shown(status.budget),
        period_start=time_or_none(status.period_start_unix_micros) or "",
        period_end=time_or_none(status.period_end_unix_micros) or "",
        actual=dollars(status.actual),
        shadow=dollars(status.shadow),
        held=dollars(status.held),
        remaining=dollars(status.remaining),
        forecast=dollars(status.forecast),
        used_ratio=status.used_ratio,
        thresholds=[
            Threshold(percent=t.percent, crossed_time=time_or_none(t.crossed_unix_micros)) for t in status.thresholds
        ],
        rebuilding=status.rebuilding,
        update_time=time_or_none(status.update_unix_micros),
    )
