"""The services behind the console as real gRPC servers over data in memory, and a process that serves both.

`python -m tests.e2e.console_backend --clickhouse URL` prints one line `{"http": url, "keys": {tenant: {role: key}}}`.
Tenant `acme` has an organisation, `globex` a smaller one, `newco` nothing yet.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from finops.anomaly.v1 import anomaly_pb2 as anomaly
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceServicer, add_AnomalyServiceServicer_to_server
from finops.budget.v1 import budget_pb2 as budget
from finops.budget.v1.budget_pb2_grpc import BudgetServiceServicer, add_BudgetServiceServicer_to_server
from finops.cost.v1.cost_pb2 import CostRecord
from finops.governance.v1 import governance_pb2 as governance
from finops.governance.v1.governance_pb2_grpc import GovernanceServiceServicer, add_GovernanceServiceServicer_to_server
from finops.ledger.v1 import ledger_pb2 as ledger
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer, add_LedgerServiceServicer_to_server
from finops.recommendation.v1 import recommendation_pb2 as recommendation
from finops.recommendation.v1.recommendation_pb2_grpc import (
    RecommendationServiceServicer,
    add_RecommendationServiceServicer_to_server,
)
from finops.usage.v1.usage_pb2 import Quantities
from pydantic import SecretStr

from services.common import auth, filters, money
from services.common.auth import Access, Role
from services.common.clickhouse import migrate
from services.common.clock import HOUR, SystemClock, to_datetime
from services.common.component import GrpcService, Service
from services.common.dimensions import BUCKETS, reader
from services.common.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from services.common.host import Host, key_ring
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.console.app import build
from services.console.domain.periods import day_start
from services.console.settings import ConsoleOptions, ConsoleSettings
from tests.e2e.console_data import Tenant, organisation


class World:
    """Every tenant's data. `away` names services that answer UNAVAILABLE."""

    def __init__(self) -> None:
        now = SystemClock().now()
        self.tenants = {"acme": organisation(now), "globex": organisation(now, 0.1)}
        for name in ("anomalies", "recommendations"):
            setattr(self.tenants["globex"], name, [])
        self.away: set[str] = set()

    def of(self, service: str, access: Access = Access.READ) -> Tenant:
        """The caller's tenant."""
        principal = auth.current(access)
        if service in self.away:
            raise UnavailableError(f"{service} is away")
        return self.tenants.setdefault(principal.tenant_id, Tenant())


class Ledger(LedgerServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def QueryCosts(self, request: ledger.QueryCostsRequest, _context: Any) -> ledger.QueryCostsResponse:
        tenant = self._world.of("ledger")
        readers = [reader(name) for name in request.group_by]
        groups: dict[tuple[tuple[str, ...], int], list[CostRecord]] = {}
        for record in _within(tenant, request.start_unix_micros, request.end_unix_micros, request.filter):
            bucket = _bucket(request.granularity, record.usage.time_unix_micros, request.time_zone)
            groups.setdefault((tuple(read(record.usage) for read in readers), bucket), []).append(record)
        rows = [_row(group, bucket, records) for (group, bucket), records in groups.items()]
        return ledger.QueryCostsResponse(rows=rows, read_from="rollup_hourly")

    async def ListCostEntries(
        self, request: ledger.ListCostEntriesRequest, _context: Any
    ) -> ledger.ListCostEntriesResponse:
        tenant = self._world.of("ledger")
        found = list(_within(tenant, request.start_unix_micros, request.end_unix_micros, request.filter))
        found.sort(key=lambda record: -record.usage.time_unix_micros)
        page, token = _page(found, request.page_size, request.page_token)
        return ledger.ListCostEntriesResponse(entries=page, next_page_token=token)


def _within(tenant: Tenant, start: int, end: int, condition: str) -> Iterable[CostRecord]:
    try:
        passes = filters.predicate(filters.parse(condition), reader)
    except filters.FilterError as error:
        raise InvalidArgumentError.of("filter", str(error)) from error
    return (r for r in tenant.hours if start <= r.usage.time_unix_micros < end and passes(r.usage))


def _bucket(granularity: int, moment: int, zone_name: str) -> int:
    tz = ZoneInfo(zone_name or "UTC")
    day = to_datetime(moment).astimezone(tz).date()
    match granularity:
        case ledger.GRANULARITY_HOUR:
            return moment // HOUR * HOUR
        case ledger.GRANULARITY_DAY:
            return day_start(day, tz)
        case ledger.GRANULARITY_WEEK:
            return day_start(day.fromordinal(day.toordinal() - day.weekday()), tz)
        case ledger.GRANULARITY_MONTH:
            return day_start(day.replace(day=1), tz)
        case _:
            return 0


def _row(group: tuple[str, ...], bucket: int, records: list[CostRecord]) -> ledger.CostRow:
    return ledger.CostRow(
        group=group,
        time_unix_micros=bucket,
        cost=money.to_proto(sum(r.cost_delta_picos for r in records)),
        shadow_cost=money.to_proto(sum(r.shadow_cost_delta_picos for r in records)),
        quantities=Quantities(**{name: sum(getattr(r.quantity_delta, name) for r in records) for name in BUCKETS}),
        events=len(records),
        unpriced_events=sum(r.unpriced_events_delta for r in records),
    )


def _page(items: list[Any], size: int, token: str) -> tuple[list[Any], str]:
    if token and not token.isdigit():
        raise InvalidArgumentError.of("page_token", "not one of ours")
    start = int(token or 0)
    end = start + (size or 100)
    return items[start:end], str(end) if end < len(items) else ""


class Budgets(BudgetServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def CreateBudget(self, request: budget.CreateBudgetRequest, _context: Any) -> budget.CreateBudgetResponse:
        tenant = self._world.of("budget", Access.EDIT)
        made = budget.Budget()
        made.CopyFrom(request.budget)
        made.name = f"budgets/{request.budget_id or uuid.uuid4().hex[:8]}"
        if made.name in tenant.budgets:
            raise AlreadyExistsError(f"{made.name} exists")
        if money.from_proto(made.amount) <= 0:
            raise InvalidArgumentError.of("budget.amount", "must be more than zero")
        made.etag = "1"
        if not made.threshold_percents:
            made.threshold_percents.extend((50, 80, 100))
        now = SystemClock().now()
        tenant.budgets[made.name] = budget.BudgetStatus(
            budget=made,
            period_start_unix_micros=now - HOUR,
            period_end_unix_micros=now + HOUR,
            remaining=made.amount,
        )
        return budget.CreateBudgetResponse(budget=made)

    async def GetBudget(self, request: budget.GetBudgetRequest, _context: Any) -> budget.GetBudgetResponse:
        return budget.GetBudgetResponse(budget=self._find(request.name).budget)

    async def ListBudgets(self, request: budget.ListBudgetsRequest, _context: Any) -> budget.ListBudgetsResponse:
        found = [status.budget for status in self._world.of("budget").budgets.values()]
        page, token = _page(found, request.page_size, request.page_token)
        return budget.ListBudgetsResponse(budgets=page, next_page_token=token)

    async def UpdateBudget(self, request: budget.UpdateBudgetRequest, _context: Any) -> budget.UpdateBudgetResponse:
        found = self._find(request.budget.name, Access.EDIT).budget
        if request.budget.etag and request.budget.etag != found.etag:
            raise AbortedError("somebody else changed this budget: read it again")
        for path in request.update_mask.paths:
            if path == "threshold_percents":
                found.threshold_percents[:] = request.budget.threshold_percents
            elif path == "amount":
                found.amount.CopyFrom(request.budget.amount)
            else:
                setattr(found, path, getattr(request.budget, path))
        found.etag = str(int(found.etag) + 1)
        return budget.UpdateBudgetResponse(budget=found)

    async def DeleteBudget(self, request: budget.DeleteBudgetRequest, _context: Any) -> budget.DeleteBudgetResponse:
        found = self._find(request.name, Access.EDIT)
        if request.etag and request.etag != found.budget.etag:
            raise AbortedError("somebody else changed this budget: read it again")
        del self._world.of("budget").budgets[request.name]
        return budget.DeleteBudgetResponse()

    async def GetBudgetStatus(
        self, request: budget.GetBudgetStatusRequest, _context: Any
    ) -> budget.GetBudgetStatusResponse:
        return budget.GetBudgetStatusResponse(status=self._find(request.name))

    def _find(self, name: str, access: Access = Access.READ) -> budget.BudgetStatus:
        found = self._world.of("budget", access).budgets.get(name)
        if found is None:
            raise NotFoundError(f"no {name}")
        return found


class Anomalies(AnomalyServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def ListAnomalies(
        self, request: anomaly.ListAnomaliesRequest, _context: Any
    ) -> anomaly.ListAnomaliesResponse:
        found = [a for a in self._world.of("anomaly").anomalies if request.state in (0, a.state)]
        page, token = _page(found, request.page_size, request.page_token)
        return anomaly.ListAnomaliesResponse(anomalies=page, next_page_token=token)

    async def GetAnomaly(self, request: anomaly.GetAnomalyRequest, _context: Any) -> anomaly.GetAnomalyResponse:
        for found in self._world.of("anomaly").anomalies:
            if found.name == request.name:
                return anomaly.GetAnomalyResponse(anomaly=found)
        raise NotFoundError(f"no {request.name}")


class Recommendations(RecommendationServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def ListRecommendations(
        self, request: recommendation.ListRecommendationsRequest, _context: Any
    ) -> recommendation.ListRecommendationsResponse:
        found = [r for r in self._world.of("optimizer").recommendations if request.state in (0, r.state)]
        page, token = _page(found, request.page_size, request.page_token)
        return recommendation.ListRecommendationsResponse(recommendations=page, next_page_token=token)

    async def GetRecommendation(
        self, request: recommendation.GetRecommendationRequest, _context: Any
    ) -> recommendation.GetRecommendationResponse:
        for found in self._world.of("optimizer").recommendations:
            if found.name == request.name:
                return recommendation.GetRecommendationResponse(recommendation=found)
        raise NotFoundError(f"no {request.name}")


class Governance(GovernanceServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def RegisterTool(
        self, request: governance.RegisterToolRequest, _context: Any
    ) -> governance.RegisterToolResponse:
        tenant = self._world.of("governance", Access.EDIT)
        tool = governance.Tool()
        tool.CopyFrom(request.tool)
        tool.name, tool.status = f"tools/{request.tool_id}", governance.TOOL_STATUS_APPROVED
        tenant.tools[tool.name] = tool
        self._record(tenant, "tool.register", tool.name, tool.display_name)
        return governance.RegisterToolResponse(tool=tool)

    async def ListTools(self, request: governance.ListToolsRequest, _context: Any) -> governance.ListToolsResponse:
        found = [t for t in self._world.of("governance").tools.values() if request.status in (0, t.status)]
        page, token = _page(found, request.page_size, request.page_token)
        return governance.ListToolsResponse(tools=page, next_page_token=token)

    async def RequestApproval(
        self, request: governance.RequestApprovalRequest, _context: Any
    ) -> governance.RequestApprovalResponse:
        tenant = self._world.of("governance")
        approval = governance.Approval(
            name=f"approvals/{request.request_id or uuid.uuid4().hex}",
            tool=f"tools/{request.tool_id}",
            display_name=request.display_name,
            category=request.category,
            requester=auth.current(Access.READ).key_name,
            justification=request.justification,
            state=governance.APPROVAL_STATE_REQUESTED,
            create_unix_micros=SystemClock().now(),
        )
        tenant.approvals[approval.name] = approval
        self._record(tenant, "approval.request", approval.name, approval.tool)
        return governance.RequestApprovalResponse(approval=approval)

    async def Decide(self, request: governance.DecideRequest, _context: Any) -> governance.DecideResponse:
        tenant = self._world.of("governance", Access.ADMINISTER)
        approval = tenant.approvals.get(request.name)
        if approval is None:
            raise NotFoundError(f"no {request.name}")
        if approval.state != governance.APPROVAL_STATE_REQUESTED:
            raise FailedPreconditionError(f"{request.name} is decided already")
        approves = request.verdict == governance.VERDICT_APPROVE
        approval.state = governance.APPROVAL_STATE_APPROVED if approves else governance.APPROVAL_STATE_DENIED
        approval.decided_by, approval.reason = auth.current(Access.READ).key_name, request.reason
        approval.decide_unix_micros = SystemClock().now()
        self._record(tenant, "approval.approve" if approves else "approval.deny", approval.name, request.reason)
        return governance.DecideResponse(approval=approval)

    async def ListApprovals(
        self, request: governance.ListApprovalsRequest, _context: Any
    ) -> governance.ListApprovalsResponse:
        found = [a for a in self._world.of("governance").approvals.values() if request.state in (0, a.state)]
        page, token = _page(found, request.page_size, request.page_token)
        return governance.ListApprovalsResponse(approvals=page, next_page_token=token)

    async def ListAuditEntries(
        self, request: governance.ListAuditEntriesRequest, _context: Any
    ) -> governance.ListAuditEntriesResponse:
        page, token = _page(self._world.of("governance").audit, request.page_size, request.page_token)
        return governance.ListAuditEntriesResponse(entries=page, next_page_token=token)

    def _record(self, tenant: Tenant, action: str, subject: str, detail: str) -> None:
        entry = governance.AuditEntry(
            id=uuid.uuid4().hex,
            time_unix_micros=SystemClock().now(),
            actor=auth.current(Access.READ).key_name,
            action=action,
            subject=subject,
            detail=detail,
        )
        tenant.audit.insert(0, entry)


def peers(world: World) -> Service:
    """The services the console asks, as one."""
    served: list[tuple[str, Any, Callable[[Any, Any], None]]] = [
        ("finops.ledger.v1.LedgerService", Ledger(world), add_LedgerServiceServicer_to_server),
        ("finops.budget.v1.BudgetService", Budgets(world), add_BudgetServiceServicer_to_server),
        ("finops.anomaly.v1.AnomalyService", Anomalies(world), add_AnomalyServiceServicer_to_server),
        (
            "finops.recommendation.v1.RecommendationService",
            Recommendations(world),
            add_RecommendationServiceServicer_to_server,
        ),
        ("finops.governance.v1.GovernanceService", Governance(world), add_GovernanceServiceServicer_to_server),
    ]
    return Service("peers", grpc=[GrpcService(*each) for each in served])


class Running:
    """A console and its peers in this process. `keys[tenant][role]` are API keys."""

    def __init__(self, clickhouse: ClickHouseSettings, http_port: int = 0, refresh_seconds: float = 1.0) -> None:
        self.world = World()
        service_key, _ = auth.new_api_key("aifinops", Role.SERVICE, "service")
        admin_key, _ = auth.new_api_key("acme", Role.ADMIN, "first admin")
        grpc_port = _free_port()
        target = f"127.0.0.1:{grpc_port}"
        self._settings = ConsoleSettings(
            kafka=KafkaSettings(bootstrap_servers="unused:9092"),
            clickhouse=clickhouse,
            auth=AuthSettings(
                service_key=SecretStr(service_key),
                admin_key=SecretStr(admin_key),
                admin_tenant="acme",
                refresh_seconds=0.5,
            ),
            grpc=GrpcSettings(host="127.0.0.1", port=grpc_port),
            http=HttpSettings(host="127.0.0.1", port=http_port),
            peers=PeerSettings(ledger=target, budget=target, anomaly=target, optimizer=target, governance=target),
            console=ConsoleOptions(refresh_seconds=refresh_seconds),
        )
        self.keyring = key_ring(self._settings)
        self.host = Host(
            "console", self._settings, [build(self._settings, self.keyring), peers(self.world)], self.keyring
        )
        self.keys: dict[str, dict[str, str]] = {"acme": {"admin": admin_key}, "aifinops": {"service": service_key}}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.host.http.port}"

    async def start(self) -> None:
        await migrate(self._settings.clickhouse, ["services.common.migrations"])
        await self.host.start()
        for tenant in ("acme", "globex", "newco"):
            for role in (Role.ADMIN, Role.EDITOR, Role.VIEWER, Role.INGEST):
                if role.value not in self.keys.setdefault(tenant, {}):
                    text, _ = await self.keyring.create(tenant, role, f"{tenant} {role.value}", "tests")
                    self.keys[tenant][role.value] = text

    async def stop(self) -> None:
        await self.host.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _serve(url: str, database: str, port: int) -> None:
    running = Running(ClickHouseSettings(url=url, database=database), port)
    await running.start()
    print(json.dumps({"http": running.url, "keys": running.keys}), flush=True)
    never: Awaitable[None] = asyncio.Event().wait()  # type: ignore[assignment]
    await never


def main() -> None:
    """Serves until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clickhouse", required=True)
    parser.add_argument("--database", default="console_tests")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.clickhouse, arguments.database, arguments.port))


if __name__ == "__main__":
    main()
