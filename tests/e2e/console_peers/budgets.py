"""Budgets in memory."""

from __future__ import annotations

import uuid
from typing import Any

from finops.budget.v1 import budget_pb2 as budget
from finops.budget.v1.budget_pb2_grpc import BudgetServiceServicer

from services.common import money
from services.common.auth import Access
from services.common.clock import DAY, HOUR, SystemClock
from services.common.errors import AbortedError, AlreadyExistsError, InvalidArgumentError, NotFoundError
from tests.e2e.console_peers.world import World, page_of


class Budgets(BudgetServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def CreateBudget(self, request: budget.CreateBudgetRequest, _context: Any) -> budget.CreateBudgetResponse:
        tenant = self._world.of("budget", Access.EDIT)
        made = budget.Budget()
        made.CopyFrom(request.budget)
        made.name = f"budgets/{request.budget_id or uuid.uuid4().hex[:8]}"
        if made.name in tenant.budgets:
            raise AlreadyExistsError(f"{made.name} exists")
        if money.from_proto(made.amount) <= 0:
            raise InvalidArgumentError.of("budget.amount", "must be more than zero")
        made.etag = "1"
        if not made.threshold_percents:
            made.threshold_percents.extend((50, 80, 100))
        now = SystemClock().now()
        tenant.budgets[made.name] = budget.BudgetStatus(
            budget=made,
            period_start_unix_micros=now - HOUR,
            period_end_unix_micros=now + HOUR,
            remaining=made.amount,
        )
        return budget.CreateBudgetResponse(budget=made)

    async def ListMemberStatuses(
        self, request: budget.ListMemberStatusesRequest, _context: Any
    ) -> budget.ListMemberStatusesResponse:
        self._find(request.name)
        return budget.ListMemberStatusesResponse()

    async def RebuildBudgets(
        self, request: budget.RebuildBudgetsRequest, _context: Any
    ) -> budget.RebuildBudgetsResponse:
        return budget.RebuildBudgetsResponse(rebuilding=len([self._find(name, Access.EDIT) for name in request.names]))

    async def ReconcileBudgets(
        self, request: budget.ReconcileBudgetsRequest, _context: Any
    ) -> budget.ReconcileBudgetsResponse:
        return budget.ReconcileBudgetsResponse(checked=len(self._world.of("budget", Access.EDIT).budgets))

    async def GetBudget(self, request: budget.GetBudgetRequest, _context: Any) -> budget.GetBudgetResponse:
        return budget.GetBudgetResponse(budget=self._find(request.name).budget)

    async def ListBudgets(self, request: budget.ListBudgetsRequest, _context: Any) -> budget.ListBudgetsResponse:
        found = [status.budget for status in self._world.of("budget").budgets.values()]
        page, token = page_of(found, request.page_size, request.page_token)
        return budget.ListBudgetsResponse(budgets=page, next_page_token=token)

    async def UpdateBudget(self, request: budget.UpdateBudgetRequest, _context: Any) -> budget.UpdateBudgetResponse:
        found = self._find(request.budget.name, Access.EDIT).budget
        if request.budget.etag and request.budget.etag != found.etag:
            raise AbortedError("somebody else changed this budget: read it again")
        for path in request.update_mask.paths:
            found.ClearField(path)
        wanted = budget.Budget()
        request.update_mask.MergeMessage(request.budget, wanted)
        found.MergeFrom(wanted)
        found.etag = str(int(found.etag) + 1)
        return budget.UpdateBudgetResponse(budget=found)

    async def DeleteBudget(self, request: budget.DeleteBudgetRequest, _context: Any) -> budget.DeleteBudgetResponse:
        found = self._find(request.name, Access.EDIT)
        if request.etag and request.etag != found.budget.etag:
            raise AbortedError("somebody else changed this budget: read it again")
        del self._world.of("budget").budgets[request.name]
        return budget.DeleteBudgetResponse()

    async def GetBudgetStatus(
        self, request: budget.GetBudgetStatusRequest, _context: Any
    ) -> budget.GetBudgetStatusResponse:
        return budget.GetBudgetStatusResponse(status=self._find(request.name))

    async def ListHolds(self, request: budget.ListHoldsRequest, _context: Any) -> budget.ListHoldsResponse:
        self._find(request.name)
        now = SystemClock().now()
        hold = budget.Hold(request_id="req-held", create_unix_micros=now, expire_unix_micros=now + HOUR)
        hold.amount.CopyFrom(money.to_proto(money.PICOS_PER_DOLLAR))
        return budget.ListHoldsResponse(holds=[hold])

    async def ForecastSpend(self, request: budget.ForecastSpendRequest, _context: Any) -> budget.ForecastSpendResponse:
        self._world.of("budget")
        now = SystemClock().now()
        points = []
        for moment in range(request.start_unix_micros, request.end_unix_micros, DAY):
            dollars = money.to_proto((100 + moment // DAY % 7 * 20) * money.PICOS_PER_DOLLAR)
            point = budget.ForecastPoint(time_unix_micros=moment, actual=dollars if moment <= now else None)
            if moment + DAY > now:
                point.expected.CopyFrom(dollars)
            points.append(point)
        low, expected, high = (money.to_proto(amount * money.PICOS_PER_DOLLAR) for amount in (4_000, 4_800, 5_900))
        return budget.ForecastSpendResponse(
            forecast=budget.SpendForecast(expected=expected, low=low, high=high, coverage=0.8, history_hours=2_016),
            points=points,
        )

    def _find(self, name: str, access: Access = Access.READ) -> budget.BudgetStatus:
        found = self._world.of("budget", access).budgets.get(name)
        if found is None:
            raise NotFoundError(f"no {name}")
        return found
