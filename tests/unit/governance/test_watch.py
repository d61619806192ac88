"""Usage, watched: shadow tools once ever, violations once a day, coalesced use."""

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
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import DAY, HOUR, ManualClock, Micros
from services.common.errors import UnavailableError
from services.governance.domain.usage import Span, ToolKey, UserKey, WrittenSpans
from services.governance.handlers.watch import UsageWatch
from tests.unit.governance.fakes import MemoryEvents, MemoryTools, MemoryTrail, MemoryUsage

T0 = 20_000 * DAY


class Post:
    def __init__(self) -> None:
        self.tools, self.usage, self.trail, self.events = MemoryTools(), MemoryUsage(), MemoryTrail(), MemoryEvents()
        self.restart()

    def restart(self) -> None:
        """A new process: only tables and log remain."""
        self.watch = UsageWatch(
            self.tools, self.usage, self.trail, self.events, WrittenSpans(100, HOUR), ManualClock(T0 + 9 * DAY)
        )

    def told(self) -> list[str | None]:
        return [event.WhichOneof("subject") for event in self.events.log]


def _use(tool: str, user: str = "ann", at: Micros = T0, tenant: str = "acme") -> UsageEvent:
    return UsageEvent(tenant_id=tenant, tool=tool, user=user, time_unix_micros=at)


def _registered(status: ToolStatus, at: Micros = T0) -> Tool:
    return Tool(name="tools/cursor", display_name="Cursor", status=status, create_unix_micros=at, update_unix_micros=at)


async def test_an_unregistered_tool_is_found_once_ever() -> None:
    post = Post()
    await post.watch.apply([_use("cursor", "ann", T0 + 5), _use("cursor", "bob", T0 + 1), _use("", "eve")])
    await post.watch.apply([_use("cursor", "cid", T0 + DAY)])
    post.restart()
    await post.watch.apply([_use("cursor", "ann", T0 + 5), _use("cursor", "bob", T0 + 1)])
    [found] = post.events.log
    tool = found.shadow_tool_found
    assert (tool.name, tool.users, tool.status) == ("tools/cursor", 2, TOOL_STATUS_SHADOW)
    assert (found.time_unix_micros, tool.last_seen_unix_micros) == (T0 + 1, T0 + 5)
    assert post.trail.actions() == ["tool.shadow_found"]
    assert post.trail.entries[0][1].actor == "system"


async def test_a_crash_between_telling_and_storing_tells_once() -> None:
    post = Post()
    post.trail.away = True
    with pytest.raises(UnavailableError):
        await post.watch.apply([_use("cursor")])
    post.trail.away = False
    post.restart()
    await post.watch.apply([_use("cursor")])
    assert post.told() == ["shadow_tool_found"]
    assert post.tools.rows[ToolKey("acme", "cursor")].status == TOOL_STATUS_SHADOW


async def test_tenants_have_their_own_shadow_tools() -> None:
    post = Post()
    await post.watch.apply([_use("cursor"), _use("cursor", tenant="globex")])
    assert sorted(event.tenant_id for event in post.events.log) == ["acme", "globex"]
    assert len({event.event_id for event in post.events.log}) == 2


@pytest.mark.parametrize("status", [TOOL_STATUS_APPROVED, TOOL_STATUS_REQUESTED])
async def test_registered_and_requested_tools_are_no_finding(status: ToolStatus) -> None:
    post = Post()
    await post.tools.put("acme", [_registered(status)])
    await post.watch.apply([_use("cursor", at=T0 + DAY)])
    assert post.told() == []


async def test_a_denied_tool_is_a_violation_once_a_day_and_only_after_its_denial() -> None:
    post = Post()
    await post.tools.put("acme", [_registered(TOOL_STATUS_DENIED, T0 + HOUR)])
    await post.watch.apply([_use("cursor", at=T0)])
    assert post.told() == []
    await post.watch.apply([_use("cursor", at=T0 + 2 * HOUR), _use("cursor", "bob", at=T0 + 3 * HOUR)])
    await post.watch.apply([_use("cursor", at=T0 + 4 * HOUR)])
    post.restart()
    await post.watch.apply([_use("cursor", at=T0 + 5 * HOUR), _use("cursor", at=T0 + DAY)])
    assert post.told() == ["policy_violated", "policy_violated"]
    first, second = post.events.log
    assert first.time_unix_micros == T0 + 2 * HOUR
    assert second.policy_violated.dimensions == {"tool": "cursor", "user": "ann"}
    assert post.trail.actions() == ["policy.violated", "policy.violated"]


async def test_use_is_written_once_a_batch_and_only_when_it_moved() -> None:
    post = Post()
    await post.watch.apply([_use("cursor", at=T0 + n) for n in range(50)])
    await post.watch.apply([_use("cursor", at=T0 + HOUR)])
    assert post.usage.writes == [{UserKey("acme", "cursor", "ann"): Span(T0, T0 + 49)}]
    await post.watch.apply([_use("cursor", at=T0 + 2 * HOUR)])
    await post.watch.apply([_use("cursor", at=T0 - 1)])
    assert post.usage.writes[1:] == [
        {UserKey("acme", "cursor", "ann"): Span(T0 + 2 * HOUR, T0 + 2 * HOUR)},
        {UserKey("acme", "cursor", "ann"): Span(T0 - 1, T0 - 1)},
    ]


def test_forgotten_spans_are_written_again() -> None:
    written = WrittenSpans(capacity=1, resolution=HOUR)
    ann, bob = UserKey("acme", "x", "ann"), UserKey("acme", "x", "bob")
    written.remember(ann, Span(0, 1))
    assert not written.worth_writing(ann, Span(0, 1))
    written.remember(bob, Span(0, 1))
    assert written.worth_writing(ann, Span(0, 1))
