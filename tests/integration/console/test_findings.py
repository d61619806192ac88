"""Anomalies, recommendations, approvals and tools over REST."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from services.common.event_key import event_key
from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_anomalies_and_recommendations(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    assert [a["id"] for a in (await call.get("/anomalies"))["anomalies"]] == ["a1", "a2", "a3"]
    assert [a["id"] for a in (await call.get("/anomalies", state="closed"))["anomalies"]] == ["a3"]
    one = await call.get("/anomalies/a1")
    assert (one["impact"], one["severity"], one["series"]) == ("493.110000000000", "high", {"team": "search"})
    problem(await call("GET", "/anomalies/nope"), 404, "NOT_FOUND")
    cause = one["cause"]
    assert one["hours_between"] == 412_000
    assert sum(Decimal(part["amount"]) for part in cause["parts"]) == Decimal(cause["actual"]) - Decimal(cause["usual"])
    assert [part["factor"] for part in cause["parts"]] == ["mix", "requests", "price"]
    assert cause["drivers"][0]["value"] == "ann@example.com"
    (event,) = cause["first_events"]
    assert event["key"] == event_key("acme", "search-api", "req-7").hex()
    assert (await call.get("/anomalies/a2"))["cause"] is None
    band = await call.get("/anomalies/a1/band")
    assert (band["unit"], len(band["points"])) == ("USD/hour", 30)
    assert band["points"][0]["expected"] is None and band["points"][1]["low"] < band["points"][1]["high"]
    problem(await call("GET", "/anomalies/nope/band"), 404, "NOT_FOUND")
    found = await call.get("/recommendations", state="open")
    assert [r["id"] for r in found["recommendations"]] == ["r1", "r2"]
    one = await call.get("/recommendations/r1")
    assert [e["present"] for e in one["evidence"]] == [True, True, False]
    assert one["monthly_saving"] == "1870.400000000000"


async def test_forecasts_of_watched_series(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    found = await call.get("/forecasts", team="search", end="2027-03-01T00:00:00Z", coverage=0.9)
    assert (found["expected"], found["low"], found["high"], found["error"]) == (
        "2.000000000000", "1.000000000000", "2.700000000000", 0.125,
    )  # fmt: skip
    assert (found["start_time"], found["end_time"]) == ("2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z")
    assert [day["low"] for day in found["days"]] == ["0.000000000001", None]
    whole = await call.get("/forecasts")
    assert (whole["series"], whole["low"], whole["error"]) == ({}, None, None)
    problem(await call("GET", "/forecasts?team=nobody"), 404, "NOT_FOUND")
    problem(await call("GET", "/forecasts?end=tomorrow"), 400, "INVALID_ARGUMENT")
    problem(await call("GET", "/forecasts?coverage=2"), 400, "INVALID_ARGUMENT")


async def test_an_approval_is_asked_for_and_decided_once(running: Running, http: httpx.AsyncClient) -> None:
    viewer, admin = As(running, http, "globex"), As(running, http, "globex", "admin")
    asked = await viewer("POST", "/approvals", json={"tool": "windsurf", "justification": "trial", "request_id": "w1"})
    assert asked.status_code == 201, asked.text
    assert (asked.json()["id"], asked.json()["state"], asked.json()["requester"]) == (
        "w1",
        "requested",
        "globex viewer",
    )
    problem(await viewer("POST", "/approvals/w1:approve"), 403, "PERMISSION_DENIED")
    decided = await admin("POST", "/approvals/w1:approve", json={"reason": "cheap"})
    assert (decided.json()["state"], decided.json()["reason"]) == ("approved", "cheap")
    problem(await admin("POST", "/approvals/w1:deny"), 400, "FAILED_PRECONDITION")
    problem(await admin("POST", "/approvals/none:deny"), 404, "NOT_FOUND")
    audit = (await viewer.get("/audit", page_size=2))["entries"]
    assert [(entry["action"], entry["actor"]) for entry in audit] == [
        ("approval.approve", "globex admin"),
        ("approval.request", "globex viewer"),
    ]
    assert "w1" in {a["id"] for a in (await viewer.get("/approvals", state="approved"))["approvals"]}


async def test_tools(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http, "globex", "editor")
    made = await call("POST", "/tools", json={"id": "zed", "display_name": "Zed", "category": "ide", "owner": "dev"})
    assert (made.status_code, made.json()["status"]) == (201, "approved")
    assert [t["id"] for t in (await call.get("/tools", status="shadow"))["tools"]] == ["notetaker-ai"]
    problem(await As(running, http, "globex")("POST", "/tools", json={"id": "x"}), 403, "PERMISSION_DENIED")
