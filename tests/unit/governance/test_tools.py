"""The registry's rules."""

from __future__ import annotations

import pytest
from finops.governance.v1.governance_pb2 import (
    TOOL_STATUS_APPROVED,
    TOOL_STATUS_DENIED,
    TOOL_STATUS_REQUESTED,
    TOOL_STATUS_SHADOW,
    Tool,
    ToolStatus,
)

from services.common.errors import AlreadyExistsError, FailedPreconditionError, InvalidArgumentError
from services.governance.domain import tools


def _tool(status: ToolStatus) -> Tool:
    return Tool(name="tools/cursor", status=status, create_unix_micros=5, update_unix_micros=10)


def test_registration_fills_what_was_not_said() -> None:
    tool = tools.register("cursor", Tool(), None, "ann", 100)
    assert tool == Tool(
        name="tools/cursor", display_name="cursor", category="other", owner="ann", status=TOOL_STATUS_APPROVED,
        create_unix_micros=100, update_unix_micros=100,
    )  # fmt: skip


def test_a_shadow_tool_keeps_its_birth_and_its_change_is_later_than_the_last() -> None:
    tool = tools.register("cursor", Tool(category="ide", owner="bob"), _tool(TOOL_STATUS_SHADOW), "ann", 3)
    assert (tool.create_unix_micros, tool.update_unix_micros, tool.category, tool.owner) == (5, 11, "ide", "bob")


def test_registering_twice_and_registering_the_denied_are_refused() -> None:
    with pytest.raises(AlreadyExistsError):
        tools.register("cursor", Tool(), _tool(TOOL_STATUS_APPROVED), "ann", 20)
    with pytest.raises(FailedPreconditionError, match="request an approval"):
        tools.register("cursor", Tool(), _tool(TOOL_STATUS_DENIED), "ann", 20)


@pytest.mark.parametrize("tool_id", ["", " cursor", "cur\nsor", "x" * 257])
def test_ids_that_no_event_could_carry_are_refused(tool_id: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        tools.register(tool_id, Tool(), None, "ann", 1)
    assert caught.value.violations[0].field == "tool_id"


def test_categories_and_lengths_are_checked() -> None:
    with pytest.raises(InvalidArgumentError, match="category"):
        tools.register("x", Tool(category="gadget"), None, "ann", 1)
    with pytest.raises(InvalidArgumentError, match="display_name"):
        tools.register("x", Tool(display_name="y" * 201), None, "ann", 1)


@pytest.mark.parametrize(
    ("status", "allowed", "reason"),
    [
        (TOOL_STATUS_APPROVED, True, "is approved"),
        (TOOL_STATUS_DENIED, False, "was denied"),
        (TOOL_STATUS_REQUESTED, False, "waits"),
        (TOOL_STATUS_SHADOW, False, "registered by nobody"),
    ],
)
def test_only_approved_tools_are_allowed(status: ToolStatus, allowed: bool, reason: str) -> None:
    verdict, why = tools.evaluate("cursor", _tool(status))
    assert verdict is allowed
    assert reason in why


def test_unknown_and_unnamed_tools_are_not_allowed() -> None:
    assert tools.evaluate("cursor", None) == (False, "tool 'cursor' is not registered: request an approval")
    assert not tools.evaluate("", None)[0]
