"""The registry's rules: what a tool is, and when it may be used."""

from __future__ import annotations

from finops.governance.v1.governance_pb2 import (
    TOOL_STATUS_APPROVED,
    TOOL_STATUS_DENIED,
    TOOL_STATUS_REQUESTED,
    TOOL_STATUS_SHADOW,
    Tool,
)

from services.common.clock import Micros
from services.common.errors import AlreadyExistsError, FailedPreconditionError, InvalidArgumentError
from services.governance.domain.ids import checked_tool_id, tool_name

CATEGORIES = ("api", "ide", "chat", "agent", "other")

_MAX_TEXT = 200

_STANDING = {
    TOOL_STATUS_APPROVED: "is approved",
    TOOL_STATUS_DENIED: "was denied",
    TOOL_STATUS_REQUESTED: "waits for its approval",
    TOOL_STATUS_SHADOW: "is in use but registered by nobody: request an approval",
}


def checked_category(category: str) -> str:
    """The category; "other" where none is given.

    Raises:
        InvalidArgumentError: not one of CATEGORIES.
    """
    if category and category not in CATEGORIES:
        raise InvalidArgumentError.of("category", f"{category[:40]!r} is not one of {', '.join(CATEGORIES)}")
    return category or "other"


def checked_text(field: str, text: str, limit: int = _MAX_TEXT) -> str:
    """The text without spaces at its ends.

    Raises:
        InvalidArgumentError: longer than `limit` characters.
    """
    if len(text) > limit:
        raise InvalidArgumentError.of(field, f"has {len(text)} characters: at most {limit}")
    return text.strip()


def register(tool_id: str, given: Tool, existing: Tool | None, actor: str, now: Micros) -> Tool:
    """The tool as approved by registration.

    Raises:
        InvalidArgumentError: an id, name or category that cannot be.
        AlreadyExistsError: it is approved already.
        FailedPreconditionError: it was denied; only a new approval lifts that.
    """
    checked_tool_id(tool_id)
    if existing is not None and existing.status == TOOL_STATUS_APPROVED:
        raise AlreadyExistsError(f"{tool_name(tool_id)} is registered already")
    if existing is not None and existing.status == TOOL_STATUS_DENIED:
        raise FailedPreconditionError(f"{tool_name(tool_id)} was denied: request an approval and have an admin decide")
    moment = not_before(existing, now)
    return Tool(
        name=tool_name(tool_id),
        display_name=checked_text("tool.display_name", given.display_name) or tool_id,
        category=checked_category(given.category),
        owner=checked_text("tool.owner", given.owner) or actor,
        status=TOOL_STATUS_APPROVED,
        create_unix_micros=existing.create_unix_micros if existing is not None else moment,
        update_unix_micros=moment,
    )


def not_before(existing: Tool | None, now: Micros) -> Micros:
    """A time after the tool's last change, whatever the clocks of two machines say."""
    return max(now, existing.update_unix_micros + 1) if existing is not None else now


def evaluate(tool_id: str, tool: Tool | None) -> tuple[bool, str]:
    """May this tool be used, and why or why not."""
    if not tool_id:
        return False, "no tool is named: send the dimension `tool`"
    if tool is None:
        return False, f"tool {tool_id!r} is not registered: request an approval"
    return tool.status == TOOL_STATUS_APPROVED, f"tool {tool_id!r} {_STANDING[tool.status]}"
