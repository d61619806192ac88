"""The workflow around the rules: retries, crashes, audit, pages."""

from __future__ import annotations

import asyncio

import pytest
from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_REQUESTED,
    TOOL_STATUS_APPROVED,
    TOOL_STATUS_REQUESTED,
    VERDICT_APPROVE,
    DecideRequest,
    EvaluatePolicyRequest,
    ListApprovalsRequest,
    ListAuditEntriesRequest,
    ListToolsRequest,
    RegisterToolRequest,
    RequestApprovalRequest,
)

from services.common.clock import ManualClock
from services.common.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError, UnavailableError
from services.governance.domain.usage import ToolKey
from services.governance.handlers.approvals import ApprovalDesk
from services.governance.handlers.registry import Registry
from tests.unit.governance.fakes import MemoryApprovals, MemoryEvents, MemoryTools, MemoryTrail


class Office:
    def __init__(self) -> None:
        self.clock = ManualClock(1_000)
        self.tools, self.approvals, self.trail, self.events = (
            MemoryTools(), MemoryApprovals(), MemoryTrail(), MemoryEvents(),
        )  # fmt: skip
        self.steps = 0
        deciding = asyncio.Lock()
        self.registry = Registry(self.tools, self.trail, self.clock, deciding)
        self.desk = ApprovalDesk(
            self.approvals, self.tools, self.trail, self.events, self.clock, deciding, self._stepped
        )

    def _stepped(self) -> None:
        self.steps += 1


async def test_request_and_approval_leave_tool_trail_and_events() -> None:
    office = Office()
    approval = await office.desk.request("acme", "vera", RequestApprovalRequest(tool_id="cursor", request_id="r1"))
    assert office.tools.rows[ToolKey("acme", "cursor")].status == TOOL_STATUS_REQUESTED
    assert await office.desk.settle() == 1
    office.clock.advance(10)
    await office.desk.decide("acme", "adam", DecideRequest(name=approval.name, verdict=VERDICT_APPROVE))
    assert await office.desk.settle() == 1
    assert await office.desk.settle() == 0
    assert office.tools.rows[ToolKey("acme", "cursor")].status == TOOL_STATUS_APPROVED
    assert office.trail.actions() == ["approval.request", "approval.approve"]
    assert [e.WhichOneof("subject") for e in office.events.log] == ["approval_requested", "approval_decided"]
    assert office.steps == 2
    answer = await office.registry.evaluate("acme", EvaluatePolicyRequest(dimensions={"tool": "cursor"}))
    assert answer.allowed
    assert not (await office.registry.evaluate("globex", EvaluatePolicyRequest(dimensions={"tool": "cursor"}))).allowed


async def test_the_same_request_id_gives_the_same_approval() -> None:
    office = Office()
    asked = RequestApprovalRequest(tool_id="cursor", request_id="r1")
    first = await office.desk.request("acme", "vera", asked)
    office.clock.advance(5)
    assert await office.desk.request("acme", "vera", asked) == first
    assert office.trail.actions() == ["approval.request"]
    assert (await office.desk.request("globex", "vera", asked)).name != first.name


async def test_a_second_request_for_a_waiting_tool_points_at_the_first() -> None:
    office = Office()
    first = await office.desk.request("acme", "vera", RequestApprovalRequest(tool_id="cursor"))
    with pytest.raises(AlreadyExistsError, match=first.name):
        await office.desk.request("acme", "vic", RequestApprovalRequest(tool_id="cursor"))


async def test_another_tenants_approval_is_not_found() -> None:
    office = Office()
    approval = await office.desk.request("acme", "vera", RequestApprovalRequest(tool_id="cursor"))
    with pytest.raises(NotFoundError):
        await office.desk.decide("globex", "eve", DecideRequest(name=approval.name, verdict=VERDICT_APPROVE))


async def test_kafka_away_delays_the_telling_not_the_decision() -> None:
    office = Office()
    office.events.away = True
    approval = await office.desk.request("acme", "vera", RequestApprovalRequest(tool_id="cursor"))
    await office.desk.decide("acme", "adam", DecideRequest(name=approval.name, verdict=VERDICT_APPROVE))
    with pytest.raises(UnavailableError):
        await office.desk.settle()
    office.events.away = False
    await office.desk.settle()
    assert [e.WhichOneof("subject") for e in office.events.log] == ["approval_requested", "approval_decided"]


async def test_a_step_cut_short_is_finished_later() -> None:
    office = Office()
    office.trail.away = True
    with pytest.raises(UnavailableError):
        await office.desk.request("acme", "vera", RequestApprovalRequest(tool_id="cursor", request_id="r1"))
    office.trail.away = False
    assert await office.desk.settle() == 1
    assert office.tools.rows[ToolKey("acme", "cursor")].status == TOOL_STATUS_REQUESTED
    assert office.trail.actions() == ["approval.request"]
    assert len(office.events.log) == 1


async def test_what_cannot_be_audited_is_not_registered() -> None:
    office = Office()
    office.trail.away = True
    with pytest.raises(UnavailableError):
        await office.registry.register("acme", "ed", RegisterToolRequest(tool_id="cursor"))
    assert not office.tools.rows


async def test_lists_come_in_pages_and_tokens_belong_to_their_list() -> None:
    office = Office()
    for number in range(5):
        office.clock.advance(10)
        await office.registry.register("acme", "ed", RegisterToolRequest(tool_id=f"tool-{number}"))
        await office.desk.request("acme", "vera", RequestApprovalRequest(tool_id=f"wish-{number}"))
    seen: list[str] = []
    token = ""
    while True:
        page = await office.registry.list_tools(
            "acme", ListToolsRequest(status=TOOL_STATUS_APPROVED, page_size=2, page_token=token)
        )
        seen += [tool.name for tool in page.tools]
        token = page.next_page_token
        if not token:
            break
        with pytest.raises(InvalidArgumentError, match="page_token"):
            await office.registry.list_tools("acme", ListToolsRequest(page_token=token))
    assert seen == [f"tools/tool-{n}" for n in range(5)]

    first = await office.desk.list_approvals("acme", ListApprovalsRequest(state=APPROVAL_STATE_REQUESTED, page_size=3))
    rest = await office.desk.list_approvals(
        "acme", ListApprovalsRequest(state=APPROVAL_STATE_REQUESTED, page_token=first.next_page_token)
    )
    assert [a.tool for a in [*first.approvals, *rest.approvals]] == [f"tools/wish-{n}" for n in (4, 3, 2, 1, 0)]

    entries = await office.registry.list_audit("acme", ListAuditEntriesRequest(page_size=9))
    last = await office.registry.list_audit("acme", ListAuditEntriesRequest(page_token=entries.next_page_token))
    assert len(entries.entries) + len(last.entries) == 10
    assert len({entry.id for entry in [*entries.entries, *last.entries]}) == 10
    with pytest.raises(InvalidArgumentError, match="page_size"):
        await office.registry.list_audit("acme", ListAuditEntriesRequest(page_size=-1))
