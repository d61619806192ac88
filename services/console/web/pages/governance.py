"""Governance: tools in use, requests that wait, and who decided what."""

from __future__ import annotations

from finops.governance.v1 import governance_pb2 as pb
from nicegui import ui

from services.common.auth import Access
from services.console.domain import figures
from services.console.handlers import listing
from services.console.web.components import notices
from services.console.web.components.live import Live
from services.console.web.components.table import Column, DataTable, Row, number
from services.console.web.components.text import box, card, text
from services.console.web.pages import governance_forms as forms
from services.console.web.pages.rows import last_part
from services.console.web.shell import Page
from services.console.web.visit import Visit

_AUDIT_ENTRIES = 100
_STATUSES = {
    pb.TOOL_STATUS_APPROVED: ("Approved", "good"),
    pb.TOOL_STATUS_DENIED: ("Denied", "bad"),
    pb.TOOL_STATUS_REQUESTED: ("Requested", "accent"),
    pb.TOOL_STATUS_SHADOW: ("Shadow", "warn"),
}
_ACTIONS = {
    "tool.register": "Registered a tool",
    "tool.shadow_found": "Found a shadow tool",
    "approval.request": "Asked for a tool",
    "approval.approve": "Approved",
    "approval.deny": "Denied",
}
_URGENCY = {pb.TOOL_STATUS_SHADOW: 0, pb.TOOL_STATUS_REQUESTED: 1}


async def build(visit: Visit) -> None:
    """The page."""
    view = _View(visit)
    await view.build()


class _View:
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._decides = visit.may(Access.ADMINISTER)
        self._waiting: dict[str, pb.Approval] = {}

    async def build(self) -> None:
        visit = self._visit
        self._live = Live(visit, self._refresh)
        with box("page-actions"):
            ui.button(
                "Request a tool", icon="o_front_hand", on_click=lambda: forms.request(visit, self._live.refresh)
            ).props("unelevated no-caps").classes("button button-main")
            if visit.may(Access.EDIT):
                ui.button(
                    "Register a tool", icon="add", on_click=lambda: forms.register(visit, self._live.refresh)
                ).props("flat no-caps").classes("button")
        with card("Waiting for a decision", classes="card-flush"):
            self._approvals = DataTable(
                [
                    Column("tool", "Tool", "title"),
                    Column("why", "Justification"),
                    Column("who", "Requested by", minor=True),
                    Column("when", "When", minor=True),
                    *([Column("actions", "Decide", "actions")] if self._decides else []),
                ],
                "Approvals waiting for a decision",
                on_act=self._decide,
            )
            self._no_approvals = text("Nothing waits.", "card-quiet", tag="p")
        with card("Tools", "what usage events name as tool", classes="card-flush"):
            self._tools = DataTable(
                [
                    Column("tool", "Tool", "title"),
                    Column("status", "Status", "badge"),
                    Column("category", "Category", minor=True),
                    Column("owner", "Owner", minor=True),
                    Column("users", "Users", "number"),
                    Column("seen", "Last seen", minor=True),
                ],
                "Tools",
                page_size=25,
            )
            self._no_tools = notices.empty(
                "o_shield",
                "No tools yet",
                "Register the tools that are allowed. One that usage names and nobody registered shows here as shadow.",
                notices.first_event(visit.ingest_url),
            )
            self._no_tools.set_visibility(False)
        with card("Audit trail", f"the last {_AUDIT_ENTRIES}", classes="card-flush"):
            self._audit = DataTable(
                [
                    Column("when", "When"),
                    Column("who", "Who"),
                    Column("what", "What"),
                    Column("subject", "Subject", minor=True),
                    Column("detail", "Detail", minor=True),
                ],
                "Audit trail",
                page_size=15,
            )
            self._no_audit = text("Nothing was decided or found yet.", "card-quiet", tag="p")
        await self._live.first()

    async def _refresh(self) -> None:
        visit = self._visit
        waiting = await listing.approvals(visit.peers, visit.caller, pb.APPROVAL_STATE_REQUESTED)
        tools = await listing.tools(visit.peers, visit.caller)
        audit = await visit.peers.list_audit_entries(visit.caller, pb.ListAuditEntriesRequest(page_size=_AUDIT_ENTRIES))
        self._waiting = {approval.name: approval for approval in waiting}
        self._approvals.show([self._approval_row(approval) for approval in waiting])
        self._approvals.set_visibility(bool(waiting))
        self._no_approvals.set_visibility(not waiting)
        tools.sort(key=lambda tool: (_URGENCY.get(tool.status, 2), -tool.users, tool.name))
        self._tools.show([self._tool_row(tool) for tool in tools])
        self._tools.set_visibility(bool(tools))
        self._no_tools.set_visibility(not tools)
        self._audit.show([self._audit_row(entry) for entry in audit.entries])
        self._audit.set_visibility(bool(audit.entries))
        self._no_audit.set_visibility(not audit.entries)

    async def _decide(self, action: str, name: str) -> None:
        approval = self._waiting.get(name)
        if approval is not None:
            verdict = pb.VERDICT_APPROVE if action == "approve" else pb.VERDICT_DENY
            forms.decide(self._visit, approval, verdict, self._live.refresh)

    def _approval_row(self, approval: pb.Approval) -> Row:
        title = approval.display_name or last_part(approval.tool)
        row: Row = {
            "id": approval.name,
            "tool": {"t": title, "t2": forms.category(approval.category)},
            "why": {"t": approval.justification or "–", "tone": "wrap"},
            "who": {"t": approval.requester},
            "when": self._when(approval.create_unix_micros),
        }
        if self._decides:
            row["actions"] = {
                "actions": [
                    {"id": "approve", "text": "Approve", "label": f"Approve {title}", "tone": "good"},
                    {"id": "deny", "text": "Deny", "label": f"Deny {title}", "tone": "bad"},
                ]
            }
        return row

    def _tool_row(self, tool: pb.Tool) -> Row:
        status, tone = _STATUSES.get(tool.status, ("Unknown", "quiet"))
        tool_id = last_part(tool.name)
        return {
            "id": tool.name,
            "tool": {
                "t": tool.display_name or tool_id,
                "t2": tool_id if tool.display_name and tool.display_name != tool_id else "",
            },
            "status": {"t": status, "tone": tone},
            "category": {"t": forms.category(tool.category) or "–"},
            "owner": {"t": tool.owner or "–"},
            "users": number(tool.users),
            "seen": self._when(tool.last_seen_unix_micros),
        }

    def _audit_row(self, entry: pb.AuditEntry) -> Row:
        return {
            "id": entry.id,
            "when": self._when(entry.time_unix_micros),
            "who": {"t": entry.actor},
            "what": {"t": _ACTIONS.get(entry.action, entry.action), "x": entry.action},
            "subject": {"t": entry.subject},
            "detail": {"t": entry.detail or "–", "tone": "wrap"},
        }

    def _when(self, micros: int) -> dict[str, object]:
        if not micros:
            return {"t": "never", "s": 0.0, "tone": "faint"}
        return {
            "t": figures.ago(micros, self._visit.now()),
            "s": float(micros),
            "x": figures.moment(micros, self._visit.time_zone),
        }


PAGE = Page("/governance", "Governance", build, "o_shield", "Tools, approvals, audit")
