"""From request to decision."""

from __future__ import annotations

import pytest
from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_APPROVED,
    APPROVAL_STATE_DENIED,
    APPROVAL_STATE_REQUESTED,
    TOOL_STATUS_APPROVED,
    TOOL_STATUS_DENIED,
    TOOL_STATUS_REQUESTED,
    VERDICT_APPROVE,
    VERDICT_DENY,
    VERDICT_UNSPECIFIED,
    Approval,
    DecideRequest,
    RequestApprovalRequest,
    Tool,
    Verdict,
)

from services.common.errors import FailedPreconditionError, InvalidArgumentError
from services.governance.domain import approvals, audit


def _requested() -> Approval:
    asked = RequestApprovalRequest(tool_id="cursor", category="ide", justification="we code")
    return approvals.request(asked, "a1", None, "vera", 100)


def _decided(verdict: Verdict) -> Approval:
    asked = DecideRequest(name="approvals/a1", verdict=verdict, reason="because")
    return approvals.decide(_requested(), asked, None, "adam", 50)


def test_a_request_waits_under_its_requesters_name() -> None:
    approval = _requested()
    assert approval.state == APPROVAL_STATE_REQUESTED
    assert (approval.requester, approval.tool, approval.display_name) == ("vera", "tools/cursor", "cursor")
    tool = approvals.tool_after(approval, None)
    assert tool is not None
    assert tool.status == TOOL_STATUS_REQUESTED


def test_what_is_approved_need_not_be_requested() -> None:
    with pytest.raises(FailedPreconditionError, match="approved already"):
        approvals.request(RequestApprovalRequest(tool_id="cursor"), "a", Tool(status=TOOL_STATUS_APPROVED), "vera", 1)


@pytest.mark.parametrize(
    ("verdict", "state", "status"),
    [
        (VERDICT_APPROVE, APPROVAL_STATE_APPROVED, TOOL_STATUS_APPROVED),
        (VERDICT_DENY, APPROVAL_STATE_DENIED, TOOL_STATUS_DENIED),
    ],
)
def test_a_decision_stands_and_sets_the_tool(verdict: Verdict, state: int, status: int) -> None:
    decided = _decided(verdict)
    assert (decided.state, decided.decided_by, decided.reason) == (state, "adam", "because")
    # Later than the request, even where the deciding machine's clock is behind.
    assert decided.decide_unix_micros == 101
    tool = approvals.tool_after(decided, None)
    assert tool is not None
    assert tool.status == status
    with pytest.raises(FailedPreconditionError, match="by adam"):
        approvals.decide(decided, DecideRequest(verdict=VERDICT_DENY), None, "eve", 200)


def test_a_verdict_is_needed() -> None:
    with pytest.raises(InvalidArgumentError, match="VERDICT_APPROVE"):
        approvals.decide(_requested(), DecideRequest(verdict=VERDICT_UNSPECIFIED), None, "adam", 200)


def test_asking_again_does_not_lift_a_denial() -> None:
    assert approvals.tool_after(_requested(), Tool(status=TOOL_STATUS_DENIED)) is None


def test_a_decision_tells_of_its_request_first_with_the_same_id_as_then() -> None:
    [asked] = approvals.events("acme", _requested())
    before, after = approvals.events("acme", _decided(VERDICT_APPROVE))
    assert before == asked
    assert after.approval_decided.decided_by == "adam"
    assert before.event_id != after.event_id
    assert asked.event_id != approvals.events("globex", _requested())[0].event_id


def test_each_step_has_its_audit_entry() -> None:
    asked = audit.of_approval("acme", _requested())
    denied = audit.of_approval("acme", _decided(VERDICT_DENY))
    assert (asked.actor, asked.action, asked.time_unix_micros) == ("vera", "approval.request", 100)
    assert (denied.actor, denied.action, denied.detail) == ("adam", "approval.deny", "tools/cursor: because")
    assert asked.id != denied.id
