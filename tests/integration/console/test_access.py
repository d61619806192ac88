"""Keys, roles and tenants: who may see and do what."""

from __future__ import annotations

import httpx
import pytest

from services.common.auth import TENANT_METADATA
from services.console.api import openapi_document
from tests.e2e.console_backend import Running
from tests.integration.console.client import API, As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_key_is_shown_once_works_and_is_revoked(running: Running, http: httpx.AsyncClient) -> None:
    admin = As(running, http, role="admin")
    made = (await admin("POST", "/keys", json={"name": "robot", "role": "viewer"})).json()
    listed = (await admin.get("/keys"))["keys"]
    assert {"id": made["id"], "name": "robot", "role": "viewer"} in listed
    assert made["key"] not in str(listed)
    robot = {"Authorization": f"Bearer {made['key']}"}
    assert (await http.get(f"{API}/budgets", headers=robot)).status_code == 200
    rotated = (await admin("POST", f"/keys/{made['id']}:rotate", json={})).json()
    assert (rotated["name"], rotated["role"]) == ("robot", "viewer")
    assert rotated["key"] != made["key"]
    problem(await admin("POST", f"/keys/{made['id']}:rotate", json={}), 404, "NOT_FOUND")
    problem(await admin("POST", f"/keys/{rotated['id']}:rotate", json={"overlap_hours": -1}), 400, "INVALID_ARGUMENT")
    overlapping = (await admin("POST", f"/keys/{rotated['id']}:rotate", json={"overlap_hours": 1})).json()
    assert {rotated["id"], overlapping["id"]} <= {key["id"] for key in (await admin.get("/keys"))["keys"]}
    made = overlapping
    assert (await admin("DELETE", f"/keys/{made['id']}")).status_code == 204
    problem(await http.get(f"{API}/budgets", headers=robot), 401, "UNAUTHENTICATED")
    problem(await admin("DELETE", f"/keys/{made['id']}"), 404, "NOT_FOUND")
    problem(await admin("POST", "/keys", json={"name": "x", "role": "service"}), 400, "INVALID_ARGUMENT")
    problem(await As(running, http, role="editor")("GET", "/keys"), 403, "PERMISSION_DENIED")


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
