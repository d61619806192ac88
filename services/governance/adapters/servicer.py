"""finops.governance.v1.GovernanceService"""

from __future__ import annotations

from typing import Any

from finops.governance.v1.governance_pb2 import (
    DecideRequest,
    DecideResponse,
    EvaluatePolicyRequest,
    EvaluatePolicyResponse,
    ListApprovalsRequest,
    ListApprovalsResponse,
    ListAuditEntriesRequest,
    ListAuditEntriesResponse,
    ListToolsRequest,
    ListToolsResponse,
    RegisterToolRequest,
    RegisterToolResponse,
    RequestApprovalRequest,
    RequestApprovalResponse,
)
from finops.governance.v1.governance_pb2_grpc import GovernanceServiceServicer

from services.common import auth
from services.common.auth import Access
from services.governance.handlers.approvals import ApprovalDesk
from services.governance.handlers.registry import Registry


class GovernanceServicer(GovernanceServiceServicer):
    """Each call in its caller's tenant, under its caller's name."""

    def __init__(self, registry: Registry, approvals: ApprovalDesk) -> None:
        self._registry = registry
        self._approvals = approvals

    async def RegisterTool(self, request: RegisterToolRequest, context: Any) -> RegisterToolResponse:  # noqa: N802
        caller = auth.current(Access.EDIT)
        return RegisterToolResponse(tool=await self._registry.register(caller.tenant_id, caller.key_name, request))

    async def ListTools(self, request: ListToolsRequest, context: Any) -> ListToolsResponse:  # noqa: N802
        return await self._registry.list_tools(auth.current(Access.READ).tenant_id, request)

    async def RequestApproval(  # noqa: N802
        self, request: RequestApprovalRequest, context: Any
    ) -> RequestApprovalResponse:
        caller = auth.current(Access.READ)
        approval = await self._approvals.request(caller.tenant_id, caller.key_name, request)
        return RequestApprovalResponse(approval=approval)

    async def Decide(self, request: DecideRequest, context: Any) -> DecideResponse:  # noqa: N802
        caller = auth.current(Access.ADMINISTER)
        return DecideResponse(approval=await self._approvals.decide(caller.tenant_id, caller.key_name, request))

    async def ListApprovals(self, request: ListApprovalsRequest, context: Any) -> ListApprovalsResponse:  # noqa: N802
        return await self._approvals.list_approvals(auth.current(Access.READ).tenant_id, request)

    async def EvaluatePolicy(  # noqa: N802
        self, request: EvaluatePolicyRequest, context: Any
    ) -> EvaluatePolicyResponse:
        return await self._registry.evaluate(auth.current(Access.READ).tenant_id, request)

    async def ListAuditEntries(  # noqa: N802
        self, request: ListAuditEntriesRequest, context: Any
    ) -> ListAuditEntriesResponse:
        return await self._registry.list_audit(auth.current(Access.READ).tenant_id, request)
