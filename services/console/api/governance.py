"""`/tools`, `/approvals` and `/audit`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from finops.governance.v1 import governance_pb2 as pb
from pydantic import Field

from services.common.clock import format_rfc3339
from services.console.api.calls import Admin, Editor, PageSize, PeersOf, Reader, refusals
from services.console.api.models import Answer, Body, Time, last_part, time_or_none
from services.console.domain.enums import value, word, words

router = APIRouter(tags=["governance"])


class Tool(Answer):
    """A tool in the registry, or found in usage."""

    id: str = Field(description="What usage events carry as `tool`")
    name: str
    display_name: str
    category: str = Field(examples=["api"])
    owner: str
    status: str = Field(description=", ".join(words(pb.ToolStatus)))
    create_time: Time | None
    update_time: Time | None
    first_seen: Time | None = Field(description="In usage; null: never")
    last_seen: Time | None
    users: int = Field(description="Distinct users seen")


class Tools(Answer):
    tools: list[Tool]
    next_page_token: str


class NewTool(Body):
    id: str = Field(max_length=200, min_length=1)
    display_name: str = Field("", max_length=200)
    category: str = Field("", description="api, ide, chat, agent, other", max_length=40)
    owner: str = Field("", max_length=200)


class Approval(Answer):
    """A request to use a tool, and what became of it."""

    id: str
    name: str
    tool: str
    display_name: str
    category: str
    requester: str
    justification: str
    state: str = Field(description=", ".join(words(pb.ApprovalState)))
    decided_by: str
    reason: str
    create_time: Time | None
    decide_time: Time | None


class Approvals(Answer):
    approvals: list[Approval]
    next_page_token: str


class NewApproval(Body):
    tool: str = Field(description="Id of the tool", max_length=200, min_length=1)
    display_name: str = Field("", max_length=200)
    category: str = Field("", description="api, ide, chat, agent, other", max_length=40)
    justification: str = Field("", max_length=2_000)
    request_id: str = Field("", description="Makes a retry safe", max_length=100)


class Verdict(Body):
    reason: str = Field("", max_length=2_000)


class AuditEntry(Answer):
    """Who did what."""

    id: str
    time: Time
    actor: str
    action: str = Field(examples=["approval.approve"])
    subject: str
    detail: str


class Audit(Answer):
    entries: list[AuditEntry]
    next_page_token: str


@router.get("/tools", summary="Tools", responses=refusals())
async def list_tools(
    caller: Reader,
    peers: PeersOf,
    status: Annotated[str, Query(description=", ".join(words(pb.ToolStatus)) + "; empty: all")] = "",
    page_size: PageSize = 100,
    page_token: str = "",
) -> Tools:
    wanted = value(pb.ToolStatus, status, "status") if status else pb.TOOL_STATUS_UNSPECIFIED
    request = pb.ListToolsRequest(status=wanted, page_size=page_size, page_token=page_token)
    answer = await peers.list_tools(caller, request)
    return Tools(tools=[tool_shown(tool) for tool in answer.tools], next_page_token=answer.next_page_token)


@router.post("/tools", summary="Register an approved tool", status_code=201, responses=refusals(409, 413))
async def register_tool(caller: Editor, peers: PeersOf, body: NewTool) -> Tool:
    tool = pb.Tool(display_name=body.display_name, category=body.category, owner=body.owner)
    answer = await peers.register_tool(caller, pb.RegisterToolRequest(tool_id=body.id, tool=tool))
    return tool_shown(answer.tool)


@router.get("/approvals", summary="Approvals, newest first", responses=refusals())
async def list_approvals(
    caller: Reader,
    peers: PeersOf,
    state: Annotated[str, Query(description=", ".join(words(pb.ApprovalState)) + "; empty: all")] = "",
    page_size: PageSize = 100,
    page_token: str = "",
) -> Approvals:
    wanted = value(pb.ApprovalState, state, "state") if state else pb.APPROVAL_STATE_UNSPECIFIED
    request = pb.ListApprovalsRequest(state=wanted, page_size=page_size, page_token=page_token)
    answer = await peers.list_approvals(caller, request)
    return Approvals(
        approvals=[approval_shown(approval) for approval in answer.approvals], next_page_token=answer.next_page_token
    )


@router.post("/approvals", summary="Ask to use a tool", status_code=201, responses=refusals(409, 413))
async def request_approval(caller: Reader, peers: PeersOf, body: NewApproval) -> Approval:
    request = pb.RequestApprovalRequest(
        tool_id=body.tool,
        display_name=body.display_name,
        category=body.category,
        justification=body.justification,
        request_id=body.request_id,
    )
    return approval_shown((await peers.request_approval(caller, request)).approval)


@router.post("/approvals/{approval_id}:approve", summary="Approve", responses=refusals(404, 409, 413))
async def approve(caller: Admin, peers: PeersOf, approval_id: str, body: Verdict | None = None) -> Approval:
    """A decided approval stays decided: deciding it again answers 400 FAILED_PRECONDITION."""
    return await _decide(caller, peers, approval_id, pb.VERDICT_APPROVE, body)


@router.post("/approvals/{approval_id}:deny", summary="Deny", responses=refusals(404, 409, 413))
async def deny(caller: Admin, peers: PeersOf, approval_id: str, body: Verdict | None = None) -> Approval:
    """A decided approval stays decided: deciding it again answers 400 FAILED_PRECONDITION."""
    return await _decide(caller, peers, approval_id, pb.VERDICT_DENY, body)


@router.get("/audit", summary="The audit trail, newest first", responses=refusals())
async def list_audit(caller: Reader, peers: PeersOf, page_size: PageSize = 100, page_token: str = "") -> Audit:
    request = pb.ListAuditEntriesRequest(page_size=page_size, page_token=page_token)
    answer = await peers.list_audit_entries(caller, request)
    return Audit(
        entries=[
            AuditEntry(
                id=entry.id,
                time=format_rfc3339(entry.time_unix_micros),
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                detail=entry.detail,
            )
            for entry in answer.entries
        ],
        next_page_token=answer.next_page_token,
    )


async def _decide(
    caller: Admin, peers: PeersOf, approval_id: str, verdict: pb.Verdict, body: Verdict | None
) -> Approval:
    reason = body.reason if body is not None else ""
    request = pb.DecideRequest(name=f"approvals/{approval_id}", verdict=verdict, reason=reason)
    return approval_shown((await peers.decide(caller, request)).approval)


def tool_shown(tool: pb.Tool) -> Tool:
    """As REST writes it."""
    return Tool(
        id=last_part(tool.name),
        name=tool.name,
        display_name=tool.display_name,
        category=tool.category,
        owner=tool.owner,
        status=word(pb.ToolStatus, tool.status),
        create_time=time_or_none(tool.create_unix_micros),
        update_time=time_or_none(tool.update_unix_micros),
        first_seen=time_or_none(tool.first_seen_unix_micros),
        last_seen=time_or_none(tool.last_seen_unix_micros),
        users=tool.users,
    )


def approval_shown(approval: pb.Approval) -> Approval:
    """As REST writes it."""
    return Approval(
        id=last_part(approval.name),
        name=approval.name,
        tool=approval.tool,
        display_name=approval.display_name,
        category=approval.category,
        requester=approval.requester,
        justification=approval.justification,
        state=word(pb.ApprovalState, approval.state),
        decided_by=approval.decided_by,
        reason=approval.reason,
        create_time=time_or_none(approval.create_unix_micros),
        decide_time=time_or_none(approval.decide_unix_micros),
    )
