"""finops.budget.v1.BudgetService over gRPC."""

# ruff: noqa: N802 - methods are named as in the contract

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceServicer

from services.budget.adapters.reservations import Reservations
from services.budget.adapters.upkeep import Upkeep
from services.budget.domain.budget import to_proto
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.spend_forecast import SpendForecasts
from services.budget.handlers.statuses import Statuses
from services.common.auth import Access, Principal, current

FULL_NAME = "finops.budget.v1.BudgetService"


class BudgetServicer(BudgetServiceServicer):
    """Who may call what, and messages in and out. The tenant is the caller's, always."""

    def __init__(
        self,
        definitions: Definitions,
        statuses: Statuses,
        reservations: Reservations,
        forecasts: SpendForecasts,
        upkeep: Upkeep,
    ) -> None:
        self._definitions = definitions
        self._statuses = statuses
        self._reservations = reservations
        self._forecasts = forecasts
        self._upkeep = upkeep

    async def CreateBudget(self, request: pb.CreateBudgetRequest, context: Any) -> pb.CreateBudgetResponse:
        caller = current(Access.EDIT)
        budget = await self._definitions.create(
            caller.tenant_id, request.budget, request.budget_id, author=_name_of(caller)
        )
        return pb.CreateBudgetResponse(budget=to_proto(budget))

    async def GetBudget(self, request: pb.GetBudgetRequest, context: Any) -> pb.GetBudgetResponse:
        tenant = current(Access.READ).tenant_id
        return pb.GetBudgetResponse(budget=to_proto(self._definitions.get(tenant, request.name)))

    async def ListBudgets(self, request: pb.ListBudgetsRequest, context: Any) -> pb.ListBudgetsResponse:
        tenant = current(Access.READ).tenant_id
        budgets, token = self._definitions.page(tenant, request.page_size, request.page_token)
        return pb.ListBudgetsResponse(budgets=map(to_proto, budgets), next_page_token=token)

    async def UpdateBudget(self, request: pb.UpdateBudgetRequest, context: Any) -> pb.UpdateBudgetResponse:
        caller = current(Access.EDIT)
        wanted = request.budget
        budget = await self._definitions.update(
            caller.tenant_id, wanted, request.update_mask.paths, wanted.etag, author=_name_of(caller)
        )
        return pb.UpdateBudgetResponse(budget=to_proto(budget))

    async def DeleteBudget(self, request: pb.DeleteBudgetRequest, context: Any) -> pb.DeleteBudgetResponse:
        caller = current(Access.EDIT)
        await self._definitions.delete(caller.tenant_id, request.name, request.etag, author=_name_of(caller))
        return pb.DeleteBudgetResponse()

    async def ForecastSpend(self, request: pb.ForecastSpendRequest, context: Any) -> pb.ForecastSpendResponse:
        return await self._forecasts.forecast(current(Access.READ).tenant_id, request)

    async def GetBudgetStatus(self, request: pb.GetBudgetStatusRequest, context: Any) -> pb.GetBudgetStatusResponse:
        tenant = current(Access.READ).tenant_id
        member = request.member if request.HasField("member") else None
        return pb.GetBudgetStatusResponse(status=self._statuses.get(tenant, request.name, member))

    async def ListMemberStatuses(
        self, request: pb.ListMemberStatusesRequest, context: Any
    ) -> pb.ListMemberStatusesResponse:
        tenant = current(Access.READ).tenant_id
        statuses, token = self._statuses.page(
            tenant, request.name, request.page_size, request.page_token, only_over=request.only_over
        )
        return pb.ListMemberStatusesResponse(statuses=statuses, next_page_token=token)

    async def WatchBudgetStatus(
        self, request: pb.WatchBudgetStatusRequest, context: Any
    ) -> AsyncIterator[pb.WatchBudgetStatusResponse]:
        tenant = current(Access.READ).tenant_id
        async for status in self._statuses.watch(tenant, request.names, include_members=request.include_members):
            yield pb.WatchBudgetStatusResponse(status=status)

    async def Check(self, request: pb.CheckRequest, context: Any) -> pb.CheckResponse:
        return self._reservations.check(current(Access.ASK).tenant_id, request)

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        return await self._reservations.reserve(current(Access.WRITE_EVENTS).tenant_id, request, context)

    async def Settle(self, request: pb.SettleRequest, context: Any) -> pb.SettleResponse:
        return await self._reservations.settle(current(Access.WRITE_EVENTS).tenant_id, request, context)

    async def Release(self, request: pb.ReleaseRequest, context: Any) -> pb.ReleaseResponse:
        return await self._reservations.release(current(Access.WRITE_EVENTS).tenant_id, request, context)

    async def ListHolds(self, request: pb.ListHoldsRequest, context: Any) -> pb.ListHoldsResponse:
        return self._reservations.list(current(Access.READ).tenant_id, request)

    async def RebuildBudgets(self, request: pb.RebuildBudgetsRequest, context: Any) -> pb.RebuildBudgetsResponse:
        return await self._upkeep.rebuild(current(Access.EDIT).tenant_id, request, context)

    async def ReconcileBudgets(self, request: pb.ReconcileBudgetsRequest, context: Any) -> pb.ReconcileBudgetsResponse:
        return await self._upkeep.reconcile(current(Access.EDIT).tenant_id, request, context)


def _name_of(caller: Principal) -> str:
    return caller.key_name or caller.key_id
