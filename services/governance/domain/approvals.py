"""From request to decision, and what each does to the tool."""

from __future__ import annotations

from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_APPROVED,
    APPROVAL_STATE_DENIED,
    APPROVAL_STATE_REQUESTED,
    TOOL_STATUS_APPROVED,
    TOOL_STATUS_DENIED,
    TOOL_STATUS_REQUESTED,
    VERDICT_APPROVE,
    VERDICT_DENY,
    Approval,
    DecideRequest,
    GovernanceEvent,
    RequestApprovalRequest,
    Tool,
)

from services.common.clock import Micros
from services.common.errors import FailedPreconditionError, InvalidArgumentError
from services.governance.domain.ids import (
    APPROVALS,
    TOOLS,
    approval_name,
    checked_tool_id,
    digest,
    last_part,
    tool_name,
)
from services.governance.domain.tools import checked_category, checked_text, not_before

_MAX_PROSE = 4_000
_STATES = {VERDICT_APPROVE: APPROVAL_STATE_APPROVED, VERDICT_DENY: APPROVAL_STATE_DENIED}


def approval_id_for(tenant_id: str, request_id: str) -> str:
    """The id that this request always gets; a retry finds it."""
    return digest("approval", tenant_id, request_id)


def request(
    asked: RequestApprovalRequest, approval_id: str, existing: Tool | None, requester: str, now: Micros
) -> Approval:
    """A new approval, waiting.

    Raises:
        InvalidArgumentError: an id, text or category that cannot be.
        FailedPreconditionError: the tool is approved already.
    """
    tool_id = checked_tool_id(asked.tool_id)
    if existing is not None and existing.status == TOOL_STATUS_APPROVED:
        raise FailedPreconditionError(f"{tool_name(tool_id)} is approved already: use it")
    return Approval(
        name=approval_name(approval_id),
        tool=tool_name(tool_id),
        display_name=checked_text("display_name", asked.display_name) or tool_id,
        category=checked_category(asked.category),
        requester=requester,
        justification=checked_text("justification", asked.justification, _MAX_PROSE),
        state=APPROVAL_STATE_REQUESTED,
        create_unix_micros=not_before(existing, now),
    )


def decide(approval: Approval, asked: DecideRequest, existing: Tool | None, actor: str, now: Micros) -> Approval:
    """The approval as decided.

    Raises:
        InvalidArgumentError: no verdict, or too long a reason.
        FailedPreconditionError: it was decided before.
    """
    state = _STATES.get(asked.verdict)
    if state is None:
        raise InvalidArgumentError.of("verdict", "send VERDICT_APPROVE or VERDICT_DENY")
    if approval.state != APPROVAL_STATE_REQUESTED:
        was = "approved" if approval.state == APPROVAL_STATE_APPROVED else "denied"
        raise FailedPreconditionError(f"{approval.name} was {was} by {approval.decided_by}: request a new approval")
    decided = Approval()
    decided.CopyFrom(approval)
    decided.state = state
    decided.decided_by = actor
    decided.reason = checked_text("reason", asked.reason, _MAX_PROSE)
    decided.decide_unix_micros = max(not_before(existing, now), approval.create_unix_micros + 1)
    return decided


def tool_after(approval: Approval, existing: Tool | None) -> Tool | None:
    """The tool as this approval leaves it; None where it leaves it as it is.

    A request does not lift an earlier denial; only its approval does.
    """
    if approval.state == APPROVAL_STATE_REQUESTED:
        if existing is not None and existing.status == TOOL_STATUS_DENIED:
            return None
        status, moment = TOOL_STATUS_REQUESTED, approval.create_unix_micros
    else:
        approved = approval.state == APPROVAL_STATE_APPROVED
        status, moment = TOOL_STATUS_APPROVED if approved else TOOL_STATUS_DENIED, approval.decide_unix_micros
    return Tool(
        name=approval.tool,
        display_name=approval.display_name,
        category=approval.category,
        owner=existing.owner if existing is not None and existing.owner else approval.requester,
        status=status,
        create_unix_micros=existing.create_unix_micros if existing is not None else approval.create_unix_micros,
        update_unix_micros=moment,
    )


def events(tenant_id: str, approval: Approval) -> list[GovernanceEvent]:
    """What is told of this approval: its request and, once decided, its decision."""
    if approval.state == APPROVAL_STATE_REQUESTED:
        return [_event("approval_requested", tenant_id, approval, approval.create_unix_micros)]
    asked = Approval()
    asked.CopyFrom(approval)
    asked.state = APPROVAL_STATE_REQUESTED
    asked.ClearField("decided_by")
    asked.ClearField("reason")
    asked.ClearField("decide_unix_micros")
    return [*events(tenant_id, asked), _event("approval_decided", tenant_id, approval, approval.decide_unix_micros)]


def _event(step: str, tenant_id: str, approval: Approval, moment: Micros) -> GovernanceEvent:
    told = GovernanceEvent(
        event_id=digest(step, tenant_id, last_part(approval.name, APPROVALS)),
        tenant_id=tenant_id,
        time_unix_micros=moment,
    )
    getattr(told, step).CopyFrom(approval)
    return told


def tool_id_of(approval: Approval) -> str:
    """The id of the tool it is about."""
    return last_part(approval.tool, TOOLS)
