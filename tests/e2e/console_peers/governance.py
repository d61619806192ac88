"""Tools, approvals and their audit in memory."""

from __future__ import annotations

import uuid
from typing import Any

from finops.governance.v1 import governance_pb2 as governance
from finops.governance.v1.governance_pb2_grpc import GovernanceServiceServicer

from services.common import auth
from services.common.auth import Access
from services.common.clock import SystemClock
from services.common.errors import FailedPreconditionError, NotFoundError
from tests.e2e.console_data import Tenant
from tests.e2e.console_peers.world import World, page_of


class Governance(GovernanceServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def RegisterTool(
        self, request: governance.RegisterToolRequest, _context: Any
    ) -> governance.RegisterToolResponse:
        tenant = self._world.of("governance", Access.EDIT)
        tool = governance.Tool()
        tool.CopyFrom(request.tool)
        tool.name, tool.status = f"tools/{request.tool_id}", governance.TOOL_STATUS_APPROVED
        tenant.tools[tool.name] = tool
        self._record(tenant, "tool.register", tool.name, tool.display_name)
        return governance.RegisterToolResponse(tool=tool)

    async def ListTools(self, request: governance.ListToolsRequest, _context: Any) -> governance.ListToolsResponse:
        found = [t for t in self._world.of("governance").tools.values() if request.status in (0, t.status)]
        page, token = page_of(found, request.page_size, request.page_token)
        return governance.ListToolsResponse(tools=page, next_page_token=token)

    async def RequestApproval(
        self, request: governance.RequestApprovalRequest, _context: Any
    ) -> governance.RequestApprovalResponse:
        tenant = self._world.of("governance")
        approval = governance.Approval(
            name=f"approvals/{request.request_id or uuid.uuid4().hex}",
            tool=f"tools/{request.tool_id}",
            display_name=request.display_name,
            category=request.category,
            requester=auth.current(Access.READ).key_name,
            justification=request.justification,
            state=governance.APPROVAL_STATE_REQUESTED,
            create_unix_micros=SystemClock().now(),
        )
        tenant.approvals[approval.name] = approval
        self._record(tenant, "approval.request", approval.name, approval.tool)
        return governance.RequestApprovalResponse(approval=approval)

    async def Decide(self, request: governance.DecideRequest, _context: Any) -> governance.DecideResponse:
        tenant = self._world.of("governance", Access.ADMINISTER)
        approval = tenant.approvals.get(request.name)
        if approval is None:
            raise NotFoundError(f"no {request.name}")
        if approval.state != governance.APPROVAL_STATE_REQUESTED:
            raise FailedPreconditionError(f"{request.name} is decided already")
        approves = request.verdict == governance.VERDICT_APPROVE
        approval.state = governance.APPROVAL_STATE_APPROVED if approves else governance.APPROVAL_STATE_DENIED
        approval.decided_by, approval.reason = auth.current(Access.READ).key_name, request.reason
        approval.decide_unix_micros = SystemClock().now()
        self._record(tenant, "approval.approve" if approves else "approval.deny", approval.name, request.reason)
        return governance.DecideResponse(approval=approval)

    async def ListApprovals(
        self, request: governance.ListApprovalsRequest, _context: Any
    ) -> governance.ListApprovalsResponse:
        found = [a for a in self._world.of("governance").approvals.values() if request.state in (0, a.state)]
        page, token = page_of(found, request.page_size, request.page_token)
        return governance.ListApprovalsResponse(approvals=page, next_page_token=token)

    async def ListAuditEntries(
        self, request: governance.ListAuditEntriesRequest, _context: Any
    ) -> governance.ListAuditEntriesResponse:
        page, token = page_of(self._world.of("governance").audit, request.page_size, request.page_token)
        return governance.ListAuditEntriesResponse(entries=page, next_page_token=token)

    def _record(self, tenant: Tenant, action: str, subject: str, detail: str) -> None:
        entry = governance.AuditEntry(
            id=uuid.uuid4().hex,
            time_unix_micros=SystemClock().now(),
            actor=auth.current(Access.READ).key_name,
            action=action,
            subject=subject,
            detail=detail,
        )
        tenant.audit.insert(0, entry)
