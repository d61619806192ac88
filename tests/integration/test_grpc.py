"""The gRPC server as a plain client meets it: keys, roles, errors with details, health, reflection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from finops.governance.v1 import governance_pb2, governance_pb2_grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from services.common import auth
from services.common.auth import Access, Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.component import GrpcService
from services.common.errors import FieldViolation, InvalidArgumentError, UnavailableError
from services.common.grpc import client
from services.common.grpc.server import GrpcServer
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings

NAME = "finops.governance.v1.GovernanceService"


class Answering(governance_pb2_grpc.GovernanceServiceServicer):
    """Answers each method in another way."""

    async def ListTools(self, request: Any, context: Any) -> Any:
        principal = auth.current(Access.READ)
        return governance_pb2.ListToolsResponse(next_page_token=principal.tenant_id)

    async def RegisterTool(self, request: Any, context: Any) -> Any:
        raise InvalidArgumentError("2 fields are wrong", violations=[FieldViolation("tool_id", "is empty")])

    async def Decide(self, request: Any, context: Any) -> Any:
        auth.current(Access.ADMINISTER)
        raise RuntimeError("a fault of ours, with a secret in it")

    async def ListApprovals(self, request: Any, context: Any) -> Any:
        raise UnavailableError("Kafka is away", retry_after_seconds=2)


@pytest.fixture
async def keyring(clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings) -> AsyncIterator[KeyRing]:
    await migrate(clickhouse_settings, ["services.common.migrations"])
    ring = KeyRing(auth_settings.model_copy(update={"refresh_seconds": 0.1}), ClickHouse(clickhouse_settings))
    await ring.start()
    # The task that reads keys may not have come to its turn yet.
    await ring.refresh()
    yield ring
    await ring.stop()


@pytest.fixture
async def channel(keyring: KeyRing) -> AsyncIterator[grpc.aio.Channel]:
    service = GrpcService(NAME, Answering(), governance_pb2_grpc.add_GovernanceServiceServicer_to_server)
    server = GrpcServer(GrpcSettings(host="127.0.0.1", port=0), [service], keyring)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened
    await server.stop()


def bearer(key: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {key}")]


async def failure(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_the_tenant_comes_from_the_key(
    channel: grpc.aio.Channel, keyring: KeyRing, auth_settings: AuthSettings
) -> None:
    stub = governance_pb2_grpc.GovernanceServiceStub(channel)
    admin = auth_settings.admin_key.get_secret_value()
    answer = await stub.ListTools(governance_pb2.ListToolsRequest(), metadata=bearer(admin))
    assert answer.next_page_token == "acme"
    text, _ = await keyring.create("globex", Role.VIEWER, "dashboard", "test")
    answer = await stub.ListTools(governance_pb2.ListToolsRequest(), metadata=bearer(text))
    assert answer.next_page_token == "globex"
    crossing = [*bearer(text), (auth.TENANT_METADATA, "acme")]
    refused = await failure(stub.ListTools(governance_pb2.ListToolsRequest(), metadata=crossing))
    assert refused.code() is grpc.StatusCode.PERMISSION_DENIED
    refused = await failure(stub.Decide(governance_pb2.DecideRequest(), metadata=bearer(text)))
    assert refused.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_revoked_key_is_refused(
    channel: grpc.aio.Channel, keyring: KeyRing, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    stub = governance_pb2_grpc.GovernanceServiceStub(channel)
    elsewhere = KeyRing(auth_settings, ClickHouse(clickhouse_settings))
    text, key = await elsewhere.create("acme", Role.ADMIN, "short-lived", "test")
    await stub.ListTools(governance_pb2.ListToolsRequest(), metadata=bearer(text))
    await keyring.revoke("acme", key.key_id, "test")
    refused = await failure(stub.ListTools(governance_pb2.ListToolsRequest(), metadata=bearer(text)))
    assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
    await elsewhere.stop()


async def test_no_key_no_answer(channel: grpc.aio.Channel) -> None:
    stub = governance_pb2_grpc.GovernanceServiceStub(channel)
    for metadata in ([], bearer("afk_nonsense"), [("authorization", "Basic eA==")]):
        refused = await failure(stub.ListTools(governance_pb2.ListToolsRequest(), metadata=metadata))
        assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
        assert "Bearer" in (refused.details() or "") or "unknown" in (refused.details() or "")


async def test_errors_carry_their_details(channel: grpc.aio.Channel, auth_settings: AuthSettings) -> None:
    stub = governance_pb2_grpc.GovernanceServiceStub(channel)
    admin = bearer(auth_settings.admin_key.get_secret_value())
    refused = await failure(stub.RegisterTool(governance_pb2.RegisterToolRequest(), metadata=admin))
    status = rpc_status.from_call(refused)
    assert status is not None
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad)
    assert [(v.field, v.description) for v in bad.field_violations] == [("tool_id", "is empty")]
    as_error = client.to_api_error(refused)
    assert as_error.violations == (FieldViolation("tool_id", "is empty"),)
    away = await failure(stub.ListApprovals(governance_pb2.ListApprovalsRequest(), metadata=admin))
    assert away.code() is grpc.StatusCode.UNAVAILABLE
    assert isinstance(client.to_api_error(away), UnavailableError)


async def test_our_faults_tell_nothing(channel: grpc.aio.Channel, auth_settings: AuthSettings) -> None:
    stub = governance_pb2_grpc.GovernanceServiceStub(channel)
    admin = bearer(auth_settings.admin_key.get_secret_value())
    failed = await failure(stub.Decide(governance_pb2.DecideRequest(), metadata=admin))
    assert failed.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in (failed.details() or "")


async def test_health_and_reflection_need_no_key(channel: grpc.aio.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(service=NAME))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
    answers = reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    async for listed in answers:
        assert NAME in [service.name for service in listed.list_services_response.service]
