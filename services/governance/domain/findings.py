"""What usage shows that nobody decided: shadow tools, and denied tools that are used all the same."""

from __future__ import annotations

from finops.governance.v1.governance_pb2 import (
    TOOL_STATUS_DENIED,
    TOOL_STATUS_SHADOW,
    GovernanceEvent,
    PolicyViolation,
    Tool,
)

from services.common.clock import DAY, Micros, to_datetime
from services.governance.domain.ids import digest, tool_name
from services.governance.domain.usage import Sightings, Span, ToolKey

POLICY = "tool-approval"


def shadow_tool(key: ToolKey, sightings: Sightings, now: Micros) -> GovernanceEvent:
    """The finding that a tool is used and nobody registered it: one ever for a tool of a tenant.

    Its time is that of the first use in the batch, so that history brought in late reads as history.
    """
    users = sightings.days(key)
    spans = [span for day in users.values() for span in day.values()]
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    return GovernanceEvent(
        event_id=digest("shadow_tool_found", *key),
        tenant_id=key.tenant_id,
        time_unix_micros=first,
        shadow_tool_found=Tool(
            name=tool_name(key.tool_id),
            display_name=key.tool_id,
            category="other",
            status=TOOL_STATUS_SHADOW,
            create_unix_micros=now,
            update_unix_micros=now,
            first_seen_unix_micros=first,
            last_seen_unix_micros=last,
            users=len({user for day in users.values() for user in day if user}),
        ),
    )


def violations(key: ToolKey, tool: Tool, sightings: Sightings) -> list[GovernanceEvent]:
    """One finding for each UTC day on which a denied tool was used after it was denied."""
    if tool.status != TOOL_STATUS_DENIED:
        return []
    found: list[GovernanceEvent] = []
    for day, users in sorted(sightings.days(key).items()):
        after = {user: span for user, span in users.items() if span.last > tool.update_unix_micros}
        if after:
            found.append(_violation(key, tool, day, after))
    return found


def _violation(key: ToolKey, tool: Tool, day: int, users: dict[str, Span]) -> GovernanceEvent:
    date = to_datetime(day * DAY).date().isoformat()
    moment = min(span.first if span.first > tool.update_unix_micros else span.last for span in users.values())
    dimensions = {"tool": key.tool_id}
    named = sorted(user for user in users if user)
    if len(named) == 1:
        dimensions["user"] = named[0]
    return GovernanceEvent(
        event_id=digest("policy_violated", POLICY, *key, date),
        tenant_id=key.tenant_id,
        time_unix_micros=moment,
        policy_violated=PolicyViolation(
            policy=POLICY,
            reason=f"{tool.display_name} was denied and is used all the same, on {date}",
            dimensions=dimensions,
        ),
    )


def subject(told: GovernanceEvent) -> str:
    """The name of what an event is about: its key in the log."""
    match told.WhichOneof("subject"):
        case "approval_requested":
            return told.approval_requested.name
        case "approval_decided":
            return told.approval_decided.name
        case "shadow_tool_found":
            return told.shadow_tool_found.name
        case _:
            return tool_name(told.policy_violated.dimensions["tool"])
