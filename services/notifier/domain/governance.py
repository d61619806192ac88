"""Governance events as messages."""

from __future__ import annotations

from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_APPROVED,
    Approval,
    GovernanceEvent,
    PolicyViolation,
    Tool,
)

from services.notifier.domain.message import Kind, Message, Severity, Transition, named

EVENTS = tuple(field.name for field in GovernanceEvent.DESCRIPTOR.oneofs_by_name["subject"].fields)
_ADVICE = {
    "approval_requested": "Approve or deny it in the console, under Governance.",
    "shadow_tool_found": "Register the tool, or deny it, in the console under Governance.",
    "policy_violated": "Ask who uses it; the console's audit trail names the decision.",
}


def message(event: GovernanceEvent) -> Message | None:
    """What is told; None for a subject this version does not know."""
    transition, thread, labels = Transition.FIRED, event.event_id, {}
    kind = event.WhichOneof("subject")
    match kind:
        case "approval_requested":
            severity, title, body = _requested(event.approval_requested)
            subject, thread = event.approval_requested.tool, event.approval_requested.name
        case "approval_decided":
            severity, title, body = _decided(event.approval_decided)
            subject, thread = event.approval_decided.tool, event.approval_decided.name
            transition = Transition.RESOLVED
        case "shadow_tool_found":
            severity, title, body = _shadow(event.shadow_tool_found)
            subject = event.shadow_tool_found.name
        case "policy_violated":
            severity, title, body = _violated(event.policy_violated)
            subject, labels = event.policy_violated.policy, dict(event.policy_violated.dimensions)
        case _:
            return None
    return Message(
        tenant_id=event.tenant_id,
        event_id=event.event_id,
        kind=Kind.GOVERNANCE,
        severity=severity,
        title=title,
        body=body,
        event_time=event.time_unix_micros,
        page="governance",
        event=kind or "",
        transition=transition,
        thread=thread or event.event_id,
        subject=subject,
        team=labels.get("team", ""),
        labels=labels,
        advice=_ADVICE.get(kind or "", ""),
    )


def _requested(approval: Approval) -> tuple[Severity, str, str]:
    why = f"\n{approval.justification}" if approval.justification else ""
    title = f"Approval requested: {approval.display_name}"
    return Severity.INFO, title, f"{approval.requester} asks to use {approval.display_name} ({approval.category}).{why}"


def _decided(approval: Approval) -> tuple[Severity, str, str]:
    verdict = "approved" if approval.state == APPROVAL_STATE_APPROVED else "denied"
    why = f"\n{approval.reason}" if approval.reason else ""
    body = f"{approval.decided_by} {verdict} what {approval.requester} asked for.{why}"
    return Severity.INFO, f"{approval.display_name} was {verdict}", body


def _shadow(tool: Tool) -> tuple[Severity, str, str]:
    body = f"{tool.display_name} is in use and registered by nobody. Users seen so far: {tool.users}."
    return Severity.WARNING, f"Shadow tool found: {tool.display_name}", body


def _violated(violation: PolicyViolation) -> tuple[Severity, str, str]:
    body = f"{violation.reason}.\n{named(violation.dimensions)}"
    return Severity.CRITICAL, f"Policy violated: {violation.policy}", body
