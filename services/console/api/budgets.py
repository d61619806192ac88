"""`/budgets`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Response
from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.errors import FieldViolation, InvalidArgumentError
from services.console.api.budget_models import (
    Budget,
    BudgetChange,
    Budgets,
    BudgetStatus,
    BudgetStatuses,
    Drift,
    Forecast,
    Hold,
    Holds,
    NewBudget,
    Rebuilt,
    Reconciled,
    Threshold,
    ThresholdRule,
)
from services.console.api.calls import Editor, PageSize, PeersOf, Reader, refusals
from services.console.api.models import dollars, last_part, time_or_none
from services.console.api.plain import fill, plain
from services.console.domain.enums import word

router = APIRouter(tags=["budgets"])

_ABSENT = {"calendar", "custom_range", "rolling_window", "carry_over"}


@router.get("/budgets", summary="Budgets", responses=refusals())
async def list_budgets(caller: Reader, peers: PeersOf, page_size: PageSize = 100, page_token: str = "") -> Budgets:
    answer = await peers.list_budgets(caller, pb.ListBudgetsRequest(page_size=page_size, page_token=page_token))
    return Budgets(budgets=[shown(budget) for budget in answer.budgets], next_page_token=answer.next_page_token)


@router.post("/budgets", summary="Create a budget", status_code=201, responses=refusals(409, 413))
async def create_budget(caller: Editor, peers: PeersOf, body: NewBudget) -> Budget:
    budget = pb.Budget(period=pb.PERIOD_MONTH, enforcement=pb.ENFORCEMENT_OBSERVE)
    fill(budget, body.model_dump(exclude={"id"}))
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
async def get_budget_status(
    caller: Reader,
    peers: PeersOf,
    budget_id: str,
    member: Annotated[str | None, Query(description="One member of a budget that has `per`")] = None,
) -> BudgetStatus:
    request = pb.GetBudgetStatusRequest(name=f"budgets/{budget_id}", member=member)
    return status_shown((await peers.get_budget_status(caller, request)).status)


@router.get(
    "/budgets/{budget_id}/members", summary="Members of a budget, those that used most first", responses=refusals(404)
)
async def list_members(
    caller: Reader,
    peers: PeersOf,
    budget_id: str,
    only_over: Annotated[bool, Query(description="Only those at or over their limit")] = False,
    page_size: PageSize = 100,
    page_token: str = "",
) -> BudgetStatuses:
    request = pb.ListMemberStatusesRequest(
        name=f"budgets/{budget_id}", page_size=page_size, page_token=page_token, only_over=only_over
    )
    answer = await peers.list_member_statuses(caller, request)
    return BudgetStatuses(
        statuses=[status_shown(status) for status in answer.statuses], next_page_token=answer.next_page_token
    )


@router.get("/budgets/{budget_id}/holds", summary="What is reserved on a budget", responses=refusals(404))
async def list_holds(
    caller: Reader, peers: PeersOf, budget_id: str, page_size: PageSize = 100, page_token: str = ""
) -> Holds:
    request = pb.ListHoldsRequest(name=f"budgets/{budget_id}", page_size=page_size, page_token=page_token)
    answer = await peers.list_holds(caller, request)
    return Holds(holds=[_hold_shown(hold) for hold in answer.holds], next_page_token=answer.next_page_token)


@router.post(
    "/budgets/{budget_id}:rebuild", summary="Ask the ledger for a budget's sums again", responses=refusals(404)
)
async def rebuild_budget(caller: Editor, peers: PeersOf, budget_id: str) -> Rebuilt:
    """Until they are whole, its status says that it is rebuilding."""
    answer = await peers.rebuild_budgets(caller, pb.RebuildBudgetsRequest(names=[f"budgets/{budget_id}"]))
    return Rebuilt(rebuilding=answer.rebuilding)


@router.post("/budgets:reconcile", summary="Compare all sums with the ledger", responses=refusals())
async def reconcile_budgets(
    caller: Editor,
    peers: PeersOf,
    dry_run: Annotated[bool, Query(description="Tell what differs, repair nothing")] = False,
) -> Reconciled:
    answer = await peers.reconcile_budgets(caller, pb.ReconcileBudgetsRequest(dry_run=dry_run))
    return Reconciled(checked=answer.checked, drifts=[_drift_shown(drift) for drift in answer.drifts])


@router.patch("/budgets/{budget_id}", summary="Change a budget", responses=refusals(404, 409, 413))
async def update_budget(caller: Editor, peers: PeersOf, budget_id: str, body: BudgetChange) -> Budget:
    budget = pb.Budget(name=f"budgets/{budget_id}", etag=body.etag or "")
    sent = body.model_dump(exclude={"etag", "clear"}, exclude_none=True)
    fill(budget, sent)
    if not _ABSENT.issuperset(body.clear):
        raise InvalidArgumentError.of("clear", f"names of {', '.join(sorted(_ABSENT))}")
    changed = [*sent, *body.clear]
    if not changed:  # an empty mask would mean every field
        return await get_budget(caller, peers, budget_id)
    request = pb.UpdateBudgetRequest(budget=budget, update_mask=FieldMask(paths=changed))
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
    fields = plain(budget)
    fields["id"] = last_part(budget.name)
    fields["time_zone"] = budget.time_zone or "UTC"
    fields["enforcement"] = word(pb.Enforcement, budget.enforcement or pb.ENFORCEMENT_OBSERVE)
    fields["create_time"], fields["update_time"] = fields.pop("create"), fields.pop("update")
    return Budget(**fields)


def status_shown(status: pb.BudgetStatus) -> BudgetStatus:
    """As REST writes it."""
    return BudgetStatus(
        budget=shown(status.budget),
        member=status.member if status.HasField("member") else None,
        period_start=time_or_none(status.period_start_unix_micros) or "",
        period_end=time_or_none(status.period_end_unix_micros) or "",
        limit=dollars(status.limit if status.HasField("limit") else status.budget.amount),
        increased=dollars(status.increased),
        carried_over=dollars(status.carried_over),
        actual=dollars(status.actual),
        shadow=dollars(status.shadow),
        held=dollars(status.held),
        settled=dollars(status.settled),
        committed=dollars(status.committed),
        remaining=dollars(status.remaining),
        forecast=dollars(status.forecast),
        forecast_detail=forecast_shown(status.forecast_detail) if status.HasField("forecast_detail") else None,
        burn_per_day=dollars(status.burn_per_day) if status.HasField("burn_per_day") else None,
        burn_ratio=_finite(status.burn_ratio) or 0.0,
        exhaust_time=time_or_none(status.exhaust_unix_micros),
        used_ratio=_finite(status.used_ratio),
        members=status.members,
        members_over=status.members_over,
        thresholds=[_threshold_shown(threshold) for threshold in status.thresholds],
        rebuilding=status.rebuilding,
        update_time=time_or_none(status.update_unix_micros),
    )


def _threshold_shown(threshold: pb.ThresholdStatus) -> Threshold:
    return Threshold(
        percent=threshold.percent,
        rule=ThresholdRule(**plain(threshold.rule)) if threshold.HasField("rule") else None,
        crossed_time=time_or_none(threshold.crossed_unix_micros),
        back_below_time=time_or_none(threshold.back_below_unix_micros),
    )


def forecast_shown(forecast: pb.SpendForecast) -> Forecast:
    """As the API tells it."""
    return Forecast(**{**plain(forecast), "past_error": _finite(forecast.past_error)})


def _hold_shown(hold: pb.Hold) -> Hold:
    return Hold(
        request_id=hold.request_id,
        dimensions=dict(hold.intent.dimensions),
        amount=dollars(hold.amount),
        settled=hold.settled,
        event_id=hold.event_id,
        create_time=time_or_none(hold.create_unix_micros),
        expire_time=time_or_none(hold.expire_unix_micros),
    )


def _drift_shown(drift: pb.BudgetDrift) -> Drift:
    fields = plain(drift)
    return Drift(**{**fields, "member": drift.member if drift.HasField("member") else None})


def _finite(number: float) -> float | None:
    """JSON has no other numbers."""
    return number if math.isfinite(number) else None
