"""Everything about one budget: its status, course, members, holds, parents and children."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from finops.budget.v1 import budget_pb2 as pb

from services.common.errors import ApiError, UnauthenticatedError
from services.console.domain.cost_query import all_of
from services.console.handlers import listing
from services.console.handlers.peers import Budgets, Caller

SHOWN = 200
"""Members and holds the page lists; REST gives every page."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class BudgetView:
    """What could not be read is None."""

    status: pb.BudgetStatus
    condition: str
    """The filter of what it counts, its parents' among it."""
    parents: Sequence[pb.Budget]
    """The nearest first."""
    children: Sequence[pb.Budget]
    forecast: pb.ForecastSpendResponse | None
    members: Sequence[pb.BudgetStatus] | None
    holds: Sequence[pb.Hold] | None


async def budget_view(peer: Budgets, caller: Caller, name: str) -> BudgetView:
    """Asks for the status, then for the rest at once.

    Raises:
        NotFoundError: the tenant has no such budget.
        ApiError: the status could not be read.
    """
    status = (await peer.get_budget_status(caller, pb.GetBudgetStatusRequest(name=name))).status
    known = {budget.name: budget for budget in await listing.budgets(peer, caller)}
    parents = _parents(status.budget, known)
    condition = all_of(status.budget.filter, *(parent.filter for parent in parents))
    course = pb.ForecastSpendRequest(
        filter=condition,
        start_unix_micros=status.period_start_unix_micros,
        end_unix_micros=status.period_end_unix_micros,
        time_zone=status.budget.time_zone,
    )
    members = pb.ListMemberStatusesRequest(name=name, page_size=SHOWN)
    forecast, per_member, holds = await asyncio.gather(
        _if_told(peer.forecast_spend(caller, course)),
        _if_told(peer.list_member_statuses(caller, members)) if status.budget.per else _nothing(),
        _if_told(peer.list_holds(caller, pb.ListHoldsRequest(name=name, page_size=SHOWN))),
    )
    return BudgetView(
        status,
        condition,
        parents,
        [budget for budget in known.values() if budget.parent == name],
        forecast,
        None if per_member is None else per_member.statuses,
        None if holds is None else holds.holds,
    )


def _parents(budget: pb.Budget, known: dict[str, pb.Budget]) -> list[pb.Budget]:
    found: list[pb.Budget] = []
    parent = known.get(budget.parent)
    while parent is not None and parent not in found:
        found.append(parent)
        parent = known.get(parent.parent)
    return found


async def _if_told(answer: Awaitable[Answer]) -> Answer | None:
    """A part that its service cannot tell now leaves the others as they are."""
    try:
        return await answer
    except UnauthenticatedError:
        raise
    except ApiError:
        return None


async def _nothing() -> None:
    return None
