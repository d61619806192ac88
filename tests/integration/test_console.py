"""REST and sign-in over HTTP, with peers that are real gRPC servers over data in memory."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.common.auth import TENANT_METADATA
from services.common.settings import ClickHouseSettings
from services.console.api import openapi_document
from services.console.web.sessions import COOKIE
from tests.e2e.console_backend import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

API = "/api/v1"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(clickhouse_url: str) -> AsyncIterator[Running]:
    console = Running(ClickHouseSettings(url=clickhouse_url, database=f"t{uuid.uuid4().hex[:10]}"))
    await console.start()
    yield console
    await console.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        yield client
    running.world.away.clear()


class As:
    """Calls as one key."""

    def __init__(self, running: Running, http: httpx.AsyncClient, tenant: str = "acme", role: str = "viewer") -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {running.keys[tenant][role]}"}

    async def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self._headers, **options.pop("headers", {})}
        return await self._http.request(method, API + path, headers=headers, **options)

    async def get(self, path: str, **parameters: Any) -> Any:
        answer = await self("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


def problem(answer: httpx.Response, status: int, code: str) -> list[str]:
    """Checks a refusal's shape; the fields it names."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    return [detail["field"] for detail in error["details"]]


async def test_costs_are_exact_sums_of_the_entries(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    costs = await call.get("/costs", group_by="team,model")
    assert costs["currency"] == "USD"
    assert costs["read_from"] == "rollup_hourly"
    entries: list[dict[str, Any]] = []
    token = ""
    while True:
        page = await call.get(
            "/entries", start=costs["start"], end=costs["end"], page_size=1_000, page_token=token, team="search"
        )
        entries += page["entries"]
        token = page["next_page_token"]
        if not token:
            break
    rows = [row for row in costs["rows"] if row["team"] == "search"]
    assert sum(Decimal(row["cost"]) for row in rows) == sum(Decimal(entry["cost"]) for entry in entries) > 0
    assert all(len(row["cost"].partition(".")[2]) == 12 for row in rows)
    assert all(row["time"] is None for row in rows)
    for entry in entries[:50]:
        assert sum(Decimal(line["cost"]) for line in entry["lines"]) == Decimal(entry["cost"])
        assert {line["bucket"]: line["quantity"] for line in entry["lines"]}.items() <= entry["quantities"].items()
        assert entry["price_id"] == f"{entry['provider']}/{entry['model']}"
        assert entry["status"] == "priced"


async def test_unpriced_usage_is_flagged_with_its_shadow_price(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    costs = await call.get("/costs", group_by="model", model="house-model-7b")
    (row,) = costs["rows"]
    assert (row["cost"], row["shadow_cost"], row["unpriced_events"]) == ("0.000000000000", "0.360000000000", 1)
    (entry,) = (await call.get("/entries", model="house-model-7b"))["entries"]
    assert (entry["status"], entry["unpriced_buckets"], entry["lines"]) == ("unpriced", ["input_tokens"], [])


async def test_costs_by_day_filtered_by_tag_add_up_to_the_total(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    told = {"timezone": "Europe/Berlin", "tag:feature": "answers", "start": "2026-01-01"}
    total = await call.get("/costs", **told)
    daily = await call.get("/costs", granularity="day", group_by="tag:feature", **told)
    assert sum(Decimal(row["cost"]) for row in daily["rows"]) == Decimal(total["rows"][0]["cost"])
    assert {row["tag:feature"] for row in daily["rows"]} == {"answers"}
    assert all(row["time"].endswith(("T22:00:00Z", "T23:00:00Z")) for row in daily["rows"])


@pytest.mark.parametrize(
    ("path", "parameters", "fields"),
    [
        ("/costs", {"start": "now", "granularity": "year"}, ["start", "granularity"]),
        ("/costs", {"colour": "red"}, ["colour"]),
        ("/costs", {"filter": "team = ("}, ["filter"]),
        ("/entries", {"page_size": "0"}, ["page_size"]),
        ("/entries", {"page_token": "someone's"}, ["page_token"]),
        ("/budgets", {"page_size": "many"}, ["page_size"]),
        ("/anomalies", {"state": "ajar"}, ["state"]),
        ("/recommendations", {"state": "lost"}, ["state"]),
        ("/tools", {"status": "fine"}, ["status"]),
        ("/approvals", {"state": "maybe"}, ["state"]),
        ("/overview", {"movers_by": "colour"}, ["movers_by"]),
        ("/overview", {"timezone": "Mars"}, ["timezone"]),
    ],
)
async def test_wrong_parameters_are_named(
    running: Running, http: httpx.AsyncClient, path: str, parameters: dict[str, str], fields: list[str]
) -> None:
    answer = await As(running, http)("GET", path, params=parameters)
    assert problem(answer, 400, "INVALID_ARGUMENT") == fields


async def test_a_budget_lives_through_its_verbs(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http, role="editor")
    body = {"id": "verbs", "display_name": "Verbs", "filter": 'team = "search"', "amount": "250.5", "period": "quarter"}
    made = await call("POST", "/budgets", json=body)
    assert made.status_code == 201, made.text
    assert made.json() | {"etag": ""} == {
        "id": "verbs", "name": "budgets/verbs", "display_name": "Verbs", "filter": 'team = "search"',
        "amount": "250.500000000000", "period": "quarter", "time_zone": "UTC", "threshold_percents": [50, 80, 100],
        "enforcement": "observe", "create_time": None, "update_time": None, "etag": "",
    }  # fmt: skip
    problem(await call("POST", "/budgets", json=body), 409, "ALREADY_EXISTS")
    changed = await call("PATCH", "/budgets/verbs", json={"amount": "300", "threshold_percents": [90], "etag": "1"})
    assert (changed.json()["amount"], changed.json()["threshold_percents"]) == ("300.000000000000", [90])
    assert changed.json()["display_name"] == "Verbs", "what was not sent stays"
    problem(await call("PATCH", "/budgets/verbs", json={"amount": "1", "etag": "1"}), 409, "ABORTED")
    assert (await call("PATCH", "/budgets/verbs", json={})).json() == changed.json()
    assert (await call.get("/budgets/verbs"))["amount"] == "300.000000000000"
    status = await call.get("/budgets/verbs/status")
    assert status["remaining"] == "250.500000000000"
    assert (await call("DELETE", "/budgets/verbs", params={"etag": "0"})).status_code == 409
    assert (await call("DELETE", "/budgets/verbs")).status_code == 204
    problem(await call("GET", "/budgets/verbs"), 404, "NOT_FOUND")
    problem(await call("DELETE", "/budgets/verbs"), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"amount": 12.5}, ["amount"]),
        ({"amount": "a lot"}, ["amount"]),
        ({"amount": "0.0000000000001"}, ["amount"]),
        ({"amount": "1", "period": "fortnight"}, ["period"]),
        ({"amount": "1", "enforcement": "shout"}, ["enforcement"]),
        ({"amount": "1", "threshold_percents": [50, 0]}, ["threshold_percents[1]"]),
        ({"amount": "1", "tenant_id": "globex"}, ["tenant_id"]),
        ({"amount": "-1"}, ["amount"]),
        ({}, ["amount"]),
    ],
)
async def test_a_wrong_budget_is_refused_by_field(
    running: Running, http: httpx.AsyncClient, body: dict[str, Any], fields: list[str]
) -> None:
    answer = await As(running, http, role="editor")("POST", "/budgets", json=body)
    assert problem(answer, 400, "INVALID_ARGUMENT") == fields


async def test_budgets_come_in_pages(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    first = await call.get("/budgets", page_size=3)
    second = await call.get("/budgets", page_size=3, page_token=first["next_page_token"])
    names = [budget["id"] for budget in first["budgets"] + second["budgets"]]
    assert names == ["search-monthly", "all", "support", "legal"]
    assert second["next_page_token"] == ""


async def test_anomalies_and_recommendations(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    assert [a["id"] for a in (await call.get("/anomalies"))["anomalies"]] == ["a1", "a2", "a3"]
    assert [a["id"] for a in (await call.get("/anomalies", state="closed"))["anomalies"]] == ["a3"]
    one = await call.get("/anomalies/a1")
    assert (one["impact"], one["severity"], one["series"]) == ("493.110000000000", "high", {"team": "search"})
    problem(await call("GET", "/anomalies/nope"), 404, "NOT_FOUND")
    found = await call.get("/recommendations", state="open")
    assert [r["id"] for r in found["recommendations"]] == ["r1", "r2"]
    one = await call.get("/recommendations/r1")
    assert [e["present"] for e in one["evidence"]] == [True, True, False]
    assert one["monthly_saving"] == "1870.400000000000"


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


async def test_a_key_is_shown_once_works_and_is_revoked(running: Running, http: httpx.AsyncClient) -> None:
    admin = As(running, http, role="admin")
    made = (await admin("POST", "/keys", json={"name": "robot", "role": "viewer"})).json()
    listed = (await admin.get("/keys"))["keys"]
    assert {"id": made["id"], "name": "robot", "role": "viewer"} in listed
    assert made["key"] not in str(listed)
    robot = {"Authorization": f"Bearer {made['key']}"}
    assert (await http.get(f"{API}/budgets", headers=robot)).status_code == 200
    assert (await admin("DELETE", f"/keys/{made['id']}")).status_code == 204
    problem(await http.get(f"{API}/budgets", headers=robot), 401, "UNAUTHENTICATED")
    problem(await admin("DELETE", f"/keys/{made['id']}"), 404, "NOT_FOUND")
    problem(await admin("POST", "/keys", json={"name": "x", "role": "service"}), 400, "INVALID_ARGUMENT")
    problem(await As(running, http, role="editor")("GET", "/keys"), 403, "PERMISSION_DENIED")


async def test_the_overview_agrees_with_the_costs(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    overview = await call.get("/overview")
    assert overview["unavailable"] == {}
    month = (await call.get("/costs", start=(await call.get("/costs"))["end"][:8] + "01"))["rows"]
    assert overview["spend"]["month_to_date"] == month[0]["cost"]
    assert Decimal(overview["spend"]["forecast"]) >= Decimal(overview["spend"]["month_to_date"])
    assert {b["budget"]["id"] for b in overview["budgets_at_risk"]} == {"search-monthly", "support"}
    assert [a["id"] for a in overview["open_anomalies"]] == ["a1", "a2"]
    assert overview["savings"] == {
        "open": 2, "monthly_low": "1348.000000000000", "monthly": "2136.400000000000",
        "monthly_high": "2676.000000000000",
    }  # fmt: skip
    assert len(overview["top_movers"]) == 6


async def test_what_is_away_is_said_and_the_rest_is_shown(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    running.world.away = {"budget", "optimizer"}
    overview = await call.get("/overview")
    assert set(overview["unavailable"]) == {"budgets", "savings"}
    assert overview["budgets_at_risk"] is None
    assert overview["spend"] is not None
    answer = await call("GET", "/budgets")
    problem(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    running.world.away = {"ledger", "budget", "anomaly", "optimizer"}
    problem(await call("GET", "/overview"), 503, "UNAVAILABLE")


async def test_tenants_never_see_each_other(running: Running, http: httpx.AsyncClient) -> None:
    acme, newco = As(running, http, role="admin"), As(running, http, "newco", "admin")
    for path, name in {
        "/costs": "rows",
        "/entries": "entries",
        "/budgets": "budgets",
        "/anomalies": "anomalies",
        "/recommendations": "recommendations",
        "/tools": "tools",
        "/approvals": "approvals",
        "/audit": "entries",
    }.items():
        assert (await acme.get(path))[name], path
        assert (await newco.get(path))[name] == [], path
    for method, path in (
        ("GET", "/budgets/all"), ("GET", "/budgets/all/status"), ("PATCH", "/budgets/all"), ("DELETE", "/budgets/all"),
        ("GET", "/anomalies/a1"), ("GET", "/recommendations/r1"), ("POST", "/approvals/p1:approve"),
    ):  # fmt: skip
        body = {"amount": "1"} if method == "PATCH" else None
        problem(await newco(method, path, json=body), 404, "NOT_FOUND")
    key = (await acme.get("/keys"))["keys"][0]
    problem(await newco("DELETE", f"/keys/{key['id']}"), 404, "NOT_FOUND")
    assert not {k["id"] for k in (await acme.get("/keys"))["keys"]} & {
        k["id"] for k in (await newco.get("/keys"))["keys"]
    }
    claimed = await newco("GET", "/budgets", headers={TENANT_METADATA: "acme"})
    problem(claimed, 403, "PERMISSION_DENIED")
    named = await newco("GET", "/costs", params={"tenant": "acme"})
    assert named.json()["rows"] == []


async def test_the_platforms_own_key_acts_for_a_named_tenant(running: Running, http: httpx.AsyncClient) -> None:
    service = As(running, http, "aifinops", "service")
    for tenant, some in (("acme", True), ("newco", False)):
        answer = await service("GET", "/budgets", headers={TENANT_METADATA: tenant})
        assert bool(answer.json()["budgets"]) is some


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "UNAUTHENTICATED"),
        ({"Authorization": "Basic abc"}, 401, "UNAUTHENTICATED"),
        ({"Authorization": "Bearer afk_wrong"}, 401, "UNAUTHENTICATED"),
    ],
)
async def test_without_a_key_nothing_is_told(
    http: httpx.AsyncClient, headers: dict[str, str], status: int, code: str
) -> None:
    for path, operations in openapi_document()["paths"].items():
        for method in operations:
            answer = await http.request(method, API + path.replace("{", "").replace("}", ""), headers=headers)
            problem(answer, status, code)


async def test_roles(running: Running, http: httpx.AsyncClient) -> None:
    problem(await As(running, http, role="ingest")("GET", "/costs"), 403, "PERMISSION_DENIED")
    problem(await As(running, http, role="viewer")("POST", "/budgets", json={"amount": "1"}), 403, "PERMISSION_DENIED")
    problem(await As(running, http, role="viewer")("DELETE", "/budgets/all"), 403, "PERMISSION_DENIED")
    problem(await As(running, http, role="editor")("POST", "/approvals/p1:approve"), 403, "PERMISSION_DENIED")


async def test_odd_requests_are_refused_in_the_same_shape(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http, role="editor")
    problem(await call("GET", "/nothing"), 404, "NOT_FOUND")
    problem(await call("PUT", "/budgets", json={}), 405, "INVALID_ARGUMENT")
    problem(await call("POST", "/budgets", content=b"{", headers={"Content-Type": "application/json"}), 400,
            "INVALID_ARGUMENT")  # fmt: skip
    big = b'{"display_name": "' + b"x" * 70_000 + b'"}'
    problem(await call("POST", "/budgets", content=big), 413, "INVALID_ARGUMENT")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b"x" * 1_024

    problem(await call("POST", "/budgets", content=unannounced()), 413, "INVALID_ARGUMENT")


async def test_answers_are_what_the_document_says(running: Running, http: httpx.AsyncClient) -> None:
    served = (await http.get(f"{API}/openapi.json")).json()
    assert served == openapi_document()
    assert "422" not in str(served)
    call = As(running, http, role="admin")
    examples = {"{budget_id}": "all", "{anomaly_id}": "a1", "{recommendation_id}": "r1"}
    for template, operations in served["paths"].items():
        if "get" not in operations:
            continue
        path = template
        for placeholder, example in examples.items():
            path = path.replace(placeholder, example)
        operation = operations["get"]
        assert operation["summary"]
        assert {"400", "401", "403", "503"} <= operation["responses"].keys()
        model = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        _conforms(await call.get(path), served["components"]["schemas"], model)


def _conforms(answer: Any, schemas: dict[str, Any], model: str) -> None:
    schema = schemas[model]
    assert set(schema["required"]) <= answer.keys(), model
    if not schema.get("additionalProperties"):
        assert answer.keys() <= schema["properties"].keys(), model
    for name, described in schema["properties"].items():
        items = described.get("items", {})
        if "$ref" in items:
            for item in answer[name][:20]:
                _conforms(item, schemas, items["$ref"].rpartition("/")[2])


async def test_signing_in_and_out(running: Running) -> None:
    async with httpx.AsyncClient(base_url=running.url) as browser:
        page = await browser.get("/costs?range=7d")
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=/costs%3Frange%3D7d")
        wrong = await browser.post("/login", data={"key": "afk_nope", "next": "/"})
        assert wrong.status_code == 401
        assert "unknown or has been revoked" in wrong.text
        ingest = await browser.post("/login", data={"key": running.keys["acme"]["ingest"]})
        assert ingest.status_code == 403
        assert "only send events" in ingest.text
        assert (await browser.post("/login", data={"key": running.keys["aifinops"]["service"]})).status_code == 403
        assert (await browser.post("/login", content=b"key=" + b"x" * 10_000)).status_code == 401
        assert COOKIE not in browser.cookies
        good = await browser.post("/login", data={"key": running.keys["acme"]["viewer"], "next": "/costs"})
        assert (good.status_code, good.headers["location"]) == (303, "/costs")
        cookie = good.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert running.keys["acme"]["viewer"] not in cookie
        assert (await browser.get("/budgets")).status_code == 200
        assert (await browser.get("/keys")).headers["location"] == "/", "for admins only"
        foreign = await browser.post("/logout", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert (await browser.get("/budgets")).status_code == 200
        assert (await browser.post("/logout")).headers["location"] == "/login"
        assert (await browser.get("/budgets")).status_code == 303


async def test_a_message_cannot_carry_markup_into_the_sign_in_page(running: Running, http: httpx.AsyncClient) -> None:
    answer = await http.get("/login", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_ui_asks_nobody_else_for_anything(running: Running, http: httpx.AsyncClient) -> None:
    await http.post("/login", data={"key": running.keys["acme"]["admin"]})
    page = (await http.get("/")).text
    outside = [part for part in page.split('"') if part.startswith(("http://", "https://", "//"))]
    assert [part for part in outside if not part.startswith(("http://www.w3.org/", running.url))] == []


async def test_a_process_can_serve_one_console_after_another(clickhouse_url: str) -> None:
    for _ in range(2):
        console = Running(ClickHouseSettings(url=clickhouse_url, database=f"t{uuid.uuid4().hex[:10]}"))
        await console.start()
        async with httpx.AsyncClient(base_url=console.url) as browser:
            signed_in = await browser.post("/login", data={"key": console.keys["acme"]["viewer"]})
            assert signed_in.status_code == 303
            assert (await browser.get("/budgets")).status_code == 200
        await console.stop()
