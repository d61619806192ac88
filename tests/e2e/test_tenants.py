"""Two tenants with the same ids never see each other, by any path."""

from __future__ import annotations

import uuid
from decimal import Decimal

import grpc
import pytest
from finops.anomaly.v1 import anomaly_pb2, anomaly_pb2_grpc
from finops.budget.v1 import budget_pb2, budget_pb2_grpc
from finops.governance.v1 import governance_pb2, governance_pb2_grpc
from finops.ledger.v1 import ledger_pb2, ledger_pb2_grpc
from finops.recommendation.v1 import recommendation_pb2, recommendation_pb2_grpc

from services.common.auth import TENANT_METADATA
from tests.e2e.conftest import tenant_client
from tests.e2e.events import event, total
from tests.e2e.running import Client, Cluster, eventually

LISTS = ("budgets", "anomalies", "recommendations", "tools", "approvals", "audit", "keys", "entries", "costs")


def _spend(client: Client) -> Decimal:
    return sum((Decimal(row["cost"]) for row in client.costs()), Decimal(0))


@pytest.fixture(scope="module")
def pair(cluster: Cluster) -> tuple[Client, Client]:
    """Acme and Globex, with the same event ids, budget id, tool id and approval request id, but other amounts."""
    suffix = uuid.uuid4().hex[:6]
    acme, globex = tenant_client(cluster, f"acme-{suffix}"), tenant_client(cluster, f"globex-{suffix}")
    for client, count in ((acme, 20), (globex, 35)):
        client.post(
            "/api/v1/budgets",
            {"id": "all", "display_name": client.key[-6:], "amount": "5.00", "period": "month"},
        )
        client.post("/api/v1/tools", {"id": "openai-api", "display_name": client.key[-6:], "category": "api"})
        client.post(
            "/api/v1/approvals",
            {"tool": "cursor", "display_name": client.key[-6:], "category": "ide", "justification": client.key[-6:],
             "request_id": "same"},
        )  # fmt: skip
        client.send([event(number) for number in range(count)])
    for client, count in ((acme, 20), (globex, 35)):
        eventually(lambda c=client: _spend(c), lambda s, n=count: s == total([event(i) for i in range(n)]))
    return acme, globex


def test_http_lists_hold_only_ones_own(pair: tuple[Client, Client]) -> None:
    acme, globex = pair
    for name in LISTS:
        assert globex.key[-6:] not in acme.http.get(f"/api/v1/{name}").text, name
        assert acme.key[-6:] not in globex.http.get(f"/api/v1/{name}").text, name
    assert acme.get("/api/v1/budgets/all/status")["budget"]["display_name"] == acme.key[-6:]
    for client, count in ((acme, 20), (globex, 35)):
        status = eventually(
            lambda c=client: c.get("/api/v1/budgets/all/status"),
            lambda s, n=count: Decimal(s["actual"]) == total([event(i) for i in range(n)]),
        )
        assert not status["rebuilding"]


def test_a_key_cannot_name_another_tenant(pair: tuple[Client, Client]) -> None:
    acme, globex = pair
    tenant = globex.tenant
    answer = acme.http.get("/api/v1/costs", headers={TENANT_METADATA: tenant})
    assert answer.status_code == 403
    answer = acme.http.post("/v1/events", json=event(1), headers={TENANT_METADATA: tenant})
    assert answer.status_code == 403
    assert acme.http.get("/api/v1/costs", params={"filter": f'tenant = "{tenant}"'}).json()["rows"] == []
    acme.send(event(1, tenant_id=tenant, tenant=tenant))
    assert _spend(globex) == total([event(i) for i in range(35)])
    foreign_key = globex.get("/api/v1/keys")["keys"][0]["id"]
    assert acme.http.delete(f"/api/v1/keys/{foreign_key}").status_code == 404


def test_grpc_answers_hold_only_ones_own(pair: tuple[Client, Client], cluster: Cluster) -> None:
    acme, globex = pair
    own = [("authorization", f"Bearer {acme.key}")]
    crossing = [*own, (TENANT_METADATA, globex.tenant)]
    with grpc.insecure_channel(cluster.grpc("ledger")) as channel:
        calls = [
            (budget_pb2_grpc.BudgetServiceStub(channel).ListBudgets, budget_pb2.ListBudgetsRequest()),
            (anomaly_pb2_grpc.AnomalyServiceStub(channel).ListAnomalies, anomaly_pb2.ListAnomaliesRequest()),
            (
                recommendation_pb2_grpc.RecommendationServiceStub(channel).ListRecommendations,
                recommendation_pb2.ListRecommendationsRequest(),
            ),
            (governance_pb2_grpc.GovernanceServiceStub(channel).ListTools, governance_pb2.ListToolsRequest()),
            (governance_pb2_grpc.GovernanceServiceStub(channel).ListApprovals, governance_pb2.ListApprovalsRequest()),
            (
                governance_pb2_grpc.GovernanceServiceStub(channel).ListAuditEntries,
                governance_pb2.ListAuditEntriesRequest(),
            ),
        ]
        for method, request in calls:
            assert globex.key[-6:] not in str(method(request, metadata=own, timeout=10))
            with pytest.raises(grpc.RpcError) as refused:
                method(request, metadata=crossing, timeout=10)
            assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        ledger = ledger_pb2_grpc.LedgerServiceStub(channel)
        for internal in (
            lambda: ledger.HasEvents(ledger_pb2.HasEventsRequest(event_keys=[b"x" * 16]), metadata=own, timeout=10),
            lambda: ledger.GetPositions(ledger_pb2.GetPositionsRequest(), metadata=own, timeout=10),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                internal()
            assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
