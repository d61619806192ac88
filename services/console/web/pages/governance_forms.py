"""Asking for a tool, registering one, deciding."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from finops.governance.v1 import governance_pb2 as pb
from nicegui import ui

from services.common.errors import InvalidArgumentError
from services.console.web.components import dialogs
from services.console.web.components.text import text
from services.console.web.pages.rows import last_part
from services.console.web.visit import Visit

_CATEGORIES = {"api": "API", "ide": "IDE", "chat": "Chat", "agent": "Agent", "other": "Other"}

Refresh = Callable[[], Awaitable[None]]


def category(word: str) -> str:
    """A category as people write it."""
    return _CATEGORIES.get(word, word)


def request(visit: Visit, refresh: Refresh) -> None:
    """Asks for a tool; an admin decides."""
    dialog, body = dialogs.ask("Request a tool")
    with body:
        tool, name, kind = _tool_fields()
        why = ui.textarea("Why it is needed", placeholder="What for, by whom, which data it will see")
        why.props("outlined dense autogrow").classes("field")
        request_id = uuid.uuid4().hex  # one for the dialog: a second click asks nothing twice

        async def send() -> bool:
            asked = pb.RequestApprovalRequest(
                tool_id=_id(tool),
                display_name=name.value.strip(),
                category=kind.value,
                justification=(why.value or "").strip(),
                request_id=request_id,
            )
            await visit.peers.request_approval(visit.caller, asked)
            await refresh()
            return True

        dialogs.buttons(dialog, "Send request", send)
    dialog.open()


def register(visit: Visit, refresh: Refresh) -> None:
    """Puts a tool into the registry as approved."""
    dialog, body = dialogs.ask("Register a tool")
    with body:
        tool, name, kind = _tool_fields()
        owner = ui.input("Owner", placeholder="platform@example.com").props("outlined dense").classes("field")

        async def send() -> bool:
            registered = pb.Tool(
                display_name=name.value.strip(), category=kind.value, owner=(owner.value or "").strip()
            )
            await visit.peers.register_tool(visit.caller, pb.RegisterToolRequest(tool_id=_id(tool), tool=registered))
            await refresh()
            return True

        dialogs.buttons(dialog, "Register as approved", send)
    dialog.open()


def decide(visit: Visit, approval: pb.Approval, verdict: pb.Verdict, refresh: Refresh) -> None:
    """Approves or denies, with a reason that goes into the audit trail."""
    approves = verdict == pb.VERDICT_APPROVE
    title = approval.display_name or last_part(approval.tool)
    dialog, body = dialogs.ask(f"{'Approve' if approves else 'Deny'} {title}")
    with body:
        text(f"{approval.requester}: {approval.justification or 'no justification given'}", "dialog-text", tag="p")
        reason = ui.textarea("Reason, for the audit trail").props("outlined dense autogrow autofocus").classes("field")

        async def send() -> bool:
            decision = pb.DecideRequest(name=approval.name, verdict=verdict, reason=(reason.value or "").strip())
            await visit.peers.decide(visit.caller, decision)
            await refresh()
            ui.notify(f"{title} {'approved' if approves else 'denied'}", type="positive", position="top")
            return True

        dialogs.buttons(dialog, "Approve" if approves else "Deny", send, dangerous=not approves)
    dialog.open()


def _tool_fields() -> tuple[ui.input, ui.input, ui.select]:
    tool = (
        ui.input("Id, as usage events name it", placeholder="cursor").props("outlined dense autofocus").classes("field")
    )
    name = ui.input("Name", placeholder="Cursor").props("outlined dense").classes("field")
    kind = ui.select(_CATEGORIES, label="Category", value="api").props("outlined dense").classes("field")
    return tool, name, kind


def _id(tool: ui.input) -> str:
    entered: str = (tool.value or "").strip()
    if not entered:
        raise InvalidArgumentError("Give the tool's id, as usage events name it.")
    return entered
