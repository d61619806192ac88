"""Audit entries: who did what, when. A step repeated after a crash has the same id, and is one entry."""

from __future__ import annotations

from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_APPROVED,
    APPROVAL_STATE_REQUESTED,
    Approval,
    AuditEntry,
    GovernanceEvent,
    Tool,
)

from services.common.clock import Micros, format_rfc3339
from services.governance.domain.ids import digest

SYSTEM = "system"


def of_registration(tenant_id: str, tool: Tool, actor: str) -> AuditEntry:
    """tool.register"""
    moment = tool.update_unix_micros
    return AuditEntry(
        id=digest("tool.register", tenant_id, tool.name, str(moment)),
        time_unix_micros=moment,
        actor=actor,
        action="tool.register",
        subject=tool.name,
        detail=f"{tool.display_name} ({tool.category}), owned by {tool.owner}",
    )


def of_approval(tenant_id: str, approval: Approval) -> AuditEntry:
    """approval.request, approval.approve or approval.deny: the approval's last step."""
    if approval.state == APPROVAL_STATE_REQUESTED:
        action, actor, moment = "approval.request", approval.requester, approval.create_unix_micros
        prose = approval.justification
    else:
        action = "approval.approve" if approval.state == APPROVAL_STATE_APPROVED else "approval.deny"
        actor, moment, prose = approval.decided_by, approval.decide_unix_micros, approval.reason
    return AuditEntry(
        id=digest(action, tenant_id, approval.name),
        time_unix_micros=moment,
        actor=actor,
        action=action,
        subject=approval.name,
        detail=f"{approval.tool}: {prose}" if prose else approval.tool,
    )


def of_finding(told: GovernanceEvent, now: Micros) -> AuditEntry:
    """tool.shadow_found or policy.violated. The entry has the event's id, and the time of finding it."""
    seen = format_rfc3339(told.time_unix_micros)
    if told.WhichOneof("subject") == "shadow_tool_found":
        tool = told.shadow_tool_found
        action, subject = "tool.shadow_found", tool.name
        detail = f"in use since {seen}, by {tool.users} user(s) then, registered by nobody"
    else:
        violation = told.policy_violated
        action, subject = "policy.violated", f"tools/{violation.dimensions['tool']}"
        detail = f"{violation.policy}: {violation.reason}"
    return AuditEntry(
        id=told.event_id, time_unix_micros=now, actor=SYSTEM, action=action, subject=subject, detail=detail
    )
