"""Governance on real engines: the calls under roles and tenants, findings across SIGKILL."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_REQUESTED,
    TOOL_STATUS_APPROVED,
    TOOL_STATUS_DENIED,
    TOOL_STATUS_SHADOW,
    VERDICT_APPROVE,
    VERDICT_DENY,
    DecideRequest,
    EvaluatePolicyRequest,
    GovernanceEvent,
    ListApprovalsRequest,
    ListAuditEntriesRequest,
    ListToolsRequest,
    RegisterToolRequest,
    RequestApprovalRequest,
    Tool,
)
from finops.governance.v1.governance_pb2_grpc import GovernanceServiceStub
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common import host
from services.common.auth import Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import SECOND, SystemClock
from services.common.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from services.common.grpc.client import Channel, call
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import COSTS, GOVERNANCE, create_topics
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings, HttpSettings, KafkaSettings
from services.governance.app import build
from services.governance.settings import GovernanceOptions, GovernanceSettings
from tests.integration.killable import KillableService

MIGRATIONS = ["services.common.migrations", "services.governance.migrations"]


class Running:
    def __init__(self, stub: GovernanceServiceStub, keyring: KeyRing, admin_key: str) -> None:
        self.stub = stub
        self.keyring = keyring
        self.admin_key = admin_key

    async def key(self, tenant_id: str, role: Role) -> str:
        text, _ = await self.keyring.create(tenant_id, role, f"{role.value} of {tenant_id}", "test")
        return text


@asynccontextmanager
async def running(kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings) -> AsyncIterator[Running]:
    await create_topics(kafka)
    await migrate(clickhouse, MIGRATIONS)
    settings = GovernanceSettings(
        kafka=kafka,
        clickhouse=clickhouse,
        auth=auth,
        grpc=GrpcSettings(host="127.0.0.1", port=0),
        http=HttpSettings(host="127.0.0.1", port=0),
        governance=GovernanceOptions(refresh_seconds=0.2),
    )
    keyring = host.key_ring(settings)
    process = host.Host("test", settings, [build(settings, keyring)], keyring)
    await process.start()
    channel = Channel(f"127.0.0.1:{process.grpc.port}")
    try:
        await until(lambda: _true(process.ready()))
        yield Running(GovernanceServiceStub(channel.channel()), keyring, auth.admin_key.get_secret_value())
    finally:
        await channel.stop()
        await process.stop()


async def _true(value: bool) -> bool:
    return value


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.1)


async def events(kafka: KafkaSettings) -> list[GovernanceEvent]:
    partition = Partition(kafka.topic(GOVERNANCE), 0)
    return [GovernanceEvent.FromString(r.value or b"") async for batch in read(kafka, [partition]) for r in batch]


def used(tool: str, user: str, at: int, tenant: str = "acme") -> Outgoing:
    record = CostRecord(usage=UsageEvent(tenant_id=tenant, tool=tool, user=user, time_unix_micros=at), revision=1)
    return Outgoing(COSTS, f"{tenant}{tool}{user}{at}".encode(), record.SerializeToString())


async def produce(kafka: KafkaSettings, records: list[Outgoing]) -> None:
    producer = Producer(kafka, client_id="test")
    await producer.start()
    await producer.produce(records)
    await producer.stop()


async def test_the_workflow_under_roles(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    async with running(kafka_settings, clickhouse_settings, auth_settings) as service:
        stub, admin = service.stub, service.admin_key
        viewer, editor = await service.key("acme", Role.VIEWER), await service.key("acme", Role.EDITOR)
        stranger = await service.key("globex", Role.ADMIN)

        with pytest.raises(PermissionDeniedError):
            await call(stub.RegisterTool, RegisterToolRequest(tool_id="copilot"), key=viewer)
        registered = await call(
            stub.RegisterTool, RegisterToolRequest(tool_id="copilot", tool=Tool(category="ide")), key=editor
        )
        assert registered.tool.status == TOOL_STATUS_APPROVED
        with pytest.raises(AlreadyExistsError):
            await call(stub.RegisterTool, RegisterToolRequest(tool_id="copilot"), key=editor)
        with pytest.raises(InvalidArgumentError) as caught:
            await call(stub.RegisterTool, RegisterToolRequest(tool_id=""), key=editor)
        assert caught.value.violations[0].field == "tool_id"

        asked = RequestApprovalRequest(tool_id="cursor", category="ide", justification="faster", request_id="r1")
        approval = (await call(stub.RequestApproval, asked, key=viewer)).approval
        assert (await call(stub.RequestApproval, asked, key=viewer)).approval == approval
        decision = DecideRequest(name=approval.name, verdict=VERDICT_APPROVE, reason="fine")
        with pytest.raises(PermissionDeniedError):
            await call(stub.Decide, decision, key=editor)
        with pytest.raises(NotFoundError):
            await call(stub.Decide, decision, key=stranger)
        waiting = await call(stub.ListApprovals, ListApprovalsRequest(state=APPROVAL_STATE_REQUESTED), key=viewer)
        assert [a.name for a in waiting.approvals] == [approval.name]
        decided = (await call(stub.Decide, decision, key=admin)).approval
        assert (decided.decided_by, decided.reason) == ("first admin", "fine")
        with pytest.raises(FailedPreconditionError):
            await call(stub.Decide, DecideRequest(name=approval.name, verdict=VERDICT_DENY), key=admin)
        stored = (await call(stub.ListApprovals, ListApprovalsRequest(), key=viewer)).approvals
        assert list(stored) == [decided]

        verdict = await call(stub.EvaluatePolicy, EvaluatePolicyRequest(dimensions={"tool": "cursor"}), key=viewer)
        assert verdict.allowed
        verdict = await call(stub.EvaluatePolicy, EvaluatePolicyRequest(dimensions={"tool": "cursor"}), key=stranger)
        assert not verdict.allowed
        assert not (await call(stub.ListTools, ListToolsRequest(), key=stranger)).tools
        assert not (await call(stub.ListAuditEntries, ListAuditEntriesRequest(), key=stranger)).entries

        trail = (await call(stub.ListAuditEntries, ListAuditEntriesRequest(), key=viewer)).entries
        assert [(e.actor, e.action) for e in trail] == [
            ("first admin", "approval.approve"),
            ("viewer of acme", "approval.request"),
            ("editor of acme", "tool.register"),
        ]
        page = await call(stub.ListAuditEntries, ListAuditEntriesRequest(page_size=2), key=viewer)
        rest = await call(stub.ListAuditEntries, ListAuditEntriesRequest(page_token=page.next_page_token), key=viewer)
        assert [*page.entries, *rest.entries] == list(trail)

        async def both_told() -> bool:
            return len(await events(kafka_settings)) == 2

        await until(both_told)
        told = await events(kafka_settings)
        assert [e.WhichOneof("subject") for e in told] == ["approval_requested", "approval_decided"]
        assert told[1].approval_decided == decided


async def test_shadow_tools_users_and_violations_from_usage(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    now = SystemClock().now()
    async with running(kafka_settings, clickhouse_settings, auth_settings) as service:
        stub, admin = service.stub, service.admin_key
        stranger = await service.key("globex", Role.ADMIN)
        await call(stub.RegisterTool, RegisterToolRequest(tool_id="copilot"), key=admin)
        await produce(
            kafka_settings,
            [
                used("cursor", "ann", now - 60 * SECOND),
                used("cursor", "bob", now - 30 * SECOND),
                used("copilot", "ann", now),
                used("", "eve", now),
                Outgoing(COSTS, b"poison", b"\xff\xff\xff"),
            ],
        )

        async def found() -> bool:
            shadow = await call(stub.ListTools, ListToolsRequest(status=TOOL_STATUS_SHADOW), key=admin)
            return [(t.name, t.users) for t in shadow.tools] == [("tools/cursor", 2)]

        await until(found)
        [tool] = (await call(stub.ListTools, ListToolsRequest(status=TOOL_STATUS_SHADOW), key=admin)).tools
        assert (tool.first_seen_unix_micros, tool.last_seen_unix_micros) == (now - 60 * SECOND, now - 30 * SECOND)
        everything = (await call(stub.ListTools, ListToolsRequest(), key=admin)).tools
        assert [(t.name, t.users) for t in everything] == [("tools/copilot", 1), ("tools/cursor", 2)]
        assert not (await call(stub.ListTools, ListToolsRequest(), key=stranger)).tools

        approval = (await call(stub.RequestApproval, RequestApprovalRequest(tool_id="cursor"), key=admin)).approval
        await call(stub.Decide, DecideRequest(name=approval.name, verdict=VERDICT_DENY), key=admin)
        later = SystemClock().now() + SECOND
        await produce(kafka_settings, [used("cursor", "ann", later), used("cursor", "ann", later + 1)])

        async def violated() -> bool:
            return [e.WhichOneof("subject") for e in await events(kafka_settings)].count("policy_violated") == 1

        await until(violated)
        denied = (await call(stub.ListTools, ListToolsRequest(status=TOOL_STATUS_DENIED), key=admin)).tools
        assert [t.name for t in denied] == ["tools/cursor"]
    told = await events(kafka_settings)
    assert sorted(str(e.WhichOneof("subject")) for e in told) == [
        "approval_decided", "approval_requested", "policy_violated", "shadow_tool_found",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_finding_is_told_twice_across_sigkill_and_resends(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    await create_topics(kafka_settings)
    await migrate(clickhouse_settings, MIGRATIONS)
    service = KillableService("governance", kafka_settings, clickhouse_settings, auth_settings)
    now = SystemClock().now()
    names = [f"tool-{n}" for n in range(40)]
    chance = random.Random(7)
    for _ in range(3):
        await service.start()
        await produce(kafka_settings, [used(name, f"user-{n % 5}", now + n) for n, name in enumerate(names)])
        before = len(await events(kafka_settings))

        async def progressed(before: int = before) -> bool:
            return len(await events(kafka_settings)) > before or before == len(names)

        await until(progressed)
        await asyncio.sleep(chance.uniform(0, 0.2))
        await service.kill()
    await service.start()
    clickhouse = ClickHouse(clickhouse_settings)

    async def all_stored() -> bool:
        rows = await clickhouse.query("SELECT count() FROM tools FINAL WHERE status = 'shadow'")
        return bool(rows[0][0] == len(names))

    await until(all_stored, 60)
    await service.stop()
    told = await events(kafka_settings)
    assert sorted(e.shadow_tool_found.name for e in told) == sorted(f"tools/{name}" for name in names)
    [[users]] = await clickhouse.query("SELECT uniqExact(user) FROM tool_usage")
    assert users == 5
    await clickhouse.stop()
