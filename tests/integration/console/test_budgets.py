"""Budgets over REST."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
