"""How long a key goes on being accepted after it was revoked or rotated, by each service of a running platform."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

import grpc
import httpx
from finops.anomaly.v1 import anomaly_pb2, anomaly_pb2_grpc
from finops.budget.v1 import budget_pb2, budget_pb2_grpc
from finops.governance.v1 import governance_pb2, governance_pb2_grpc
from finops.ledger.v1 import ledger_pb2, ledger_pb2_grpc
from finops.pricing.v1 import pricing_pb2, pricing_pb2_grpc
from finops.recommendation.v1 import recommendation_pb2, recommendation_pb2_grpc

from services.common.auth import key_id_of
from tests.e2e.events import event
from tests.e2e.running import AIFINOPS, Up

AT_ONCE_SECONDS = 2.0

Call = Callable[[str], bool]
"""Presents a key; False: it is refused."""


def _calls(up: Up, channel: grpc.Channel) -> dict[str, Call]:
    """One call to each service."""

    def http(method: str, path: str, **content: Any) -> Call:
        def call(key: str) -> bool:
            headers = {"Authorization": f"Bearer {key}"}
            answer = httpx.request(
                method, up.addresses["http"] + path, headers=headers, trust_env=False, timeout=30, **content
            )
            assert answer.status_code in (200, 202, 401), answer.text
            return answer.status_code != 401

        return call

    def rpc(method: Any, request: Any) -> Call:
        def call(key: str) -> bool:
            try:
                method(request, metadata=[("authorization", f"Bearer {key}")], timeout=30)
            except grpc.RpcError as error:
                if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                    return False
                raise
            return True

        return call

    return {
        "ingest": http("POST", "/v1/events", json=event(1, id="with-a-key", project="keys")),
        "console": http("GET", "/api/v1/costs"),
        "pricing": rpc(pricing_pb2_grpc.PricingServiceStub(channel).ListPrices, pricing_pb2.ListPricesRequest()),
        "ledger": rpc(
            ledger_pb2_grpc.LedgerServiceStub(channel).ListCostEntries,
            ledger_pb2.ListCostEntriesRequest(start_unix_micros=1, end_unix_micros=2),
        ),
        "budget": rpc(budget_pb2_grpc.BudgetServiceStub(channel).ListBudgets, budget_pb2.ListBudgetsRequest()),
        "anomaly": rpc(anomaly_pb2_grpc.AnomalyServiceStub(channel).ListAnomalies, anomaly_pb2.ListAnomaliesRequest()),
        "optimizer": rpc(
            recommendation_pb2_grpc.RecommendationServiceStub(channel).ListRecommendations,
            recommendation_pb2.ListRecommendationsRequest(),
        ),
        "governance": rpc(
            governance_pb2_grpc.GovernanceServiceStub(channel).ListTools, governance_pb2.ListToolsRequest()
        ),
    }


def _until_refused(calls: dict[str, Call], key: str, since: float) -> dict[str, float]:
    """Seconds until each service refused the key."""
    found: dict[str, float] = {}
    while len(found) < len(calls):
        for name, call in calls.items():
            if name not in found and not call(key):
                found[name] = time.monotonic() - since
        assert time.monotonic() - since < 30, f"still accepted by {calls.keys() - found.keys()}"
    return found


def _key(*arguments: str) -> str:
    done = subprocess.run([*AIFINOPS, "key", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def seconds_until_refused(up: Up) -> dict[str, dict[str, float]]:
    """By how it was ended, and service: seconds until the key was refused. Each had held it."""
    with grpc.insecure_channel(up.addresses["grpc"]) as channel:
        client = up.client()
        calls = _calls(up, channel)

        def everywhere(key: str) -> None:
            """A new key works at once, and every process holds it before it is revoked."""
            for call in calls.values():
                assert call(key)

        made = client.post("/api/v1/keys", {"name": "gateway", "role": "editor"})
        everywhere(made["key"])
        revoked = time.monotonic()
        assert client.http.delete(f"/api/v1/keys/{made['id']}").status_code == 204
        assert not calls["console"](made["key"])
        over_http = _until_refused(calls, made["key"], revoked)

        text = _key("create", "--name", "gateway", "--role", "editor", "--data", str(up.data))
        everywhere(text)
        successor = _key("rotate", key_id_of(text), "--data", str(up.data))
        by_command = _until_refused(calls, text, time.monotonic())
        everywhere(successor)
        names = [key["name"] for key in client.get("/api/v1/keys")["keys"]]
        assert names.count("gateway") == 1
        client.close()
    return {"revoked over HTTP": over_http, "rotated by command": by_command}
