"""Budgets over REST."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNSET = {
    "parent", "per", "member_amounts", "calendar", "custom_range", "rolling_window", "carry_over", "increases",
    "amount_changes", "threshold_rules", "count_committed", "failure_mode", "labels",
}  # fmt: skip


async def test_a_budget_lives_through_its_verbs(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http, role="editor")
    body = {"id": "verbs", "display_name": "Verbs", "filter": 'team = "search"', "amount": "250.5", "period": "quarter"}
    made = await call("POST", "/budgets", json=body)
    assert made.status_code == 201, made.text
    shown = {name: held for name, held in made.json().items() if name not in UNSET}
    assert shown | {"etag": ""} == {
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


async def test_every_term_of_a_budget_is_written_as_it_is_read(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http, role="editor")
    terms = {
        "parent": "budgets/all",
        "per": "user",
        "member_amounts": [{"member": "ann", "amount": "500.000000000000"}],
        "calendar": {"year_start_month": 4, "year_start_day": 6, "week_start": "sunday", "week_pattern": "445"},
        "custom_range": {"first_day": "2026-11-01", "last_day": "2026-12-31"},
        "rolling_window": {"unit": "day", "count": 7},
        "carry_over": {"unspent": True, "overspent": False, "maximum": "10.000000000000"},
        "increases": [
            {
                "amount": "5.000000000000", "start": "2026-11-24T00:00:00Z", "expire": "2026-11-25T00:00:00Z",
                "reason": "launch", "author": "", "member": "",
            }
        ],
        "amount_changes": [{"effective": "2026-12-01T00:00:00Z", "amount": "7.000000000000", "reason": ""}],
        "threshold_rules": [{"basis": "burn_rate", "percent": 200, "rearm": "when_back_below", "window_hours": 6}],
        "count_committed": True,
        "failure_mode": "closed",
        "labels": {"cost-centre": "4711"},
    }  # fmt: skip
    made = await call("POST", "/budgets", json={"id": "terms", "amount": "200", **terms})
    assert made.status_code == 201, made.text
    assert {name: held for name, held in made.json().items() if name in UNSET} == terms
    wrong = {"increases": [{"amount": "x", "start": "soon", "expire": "later", "reason": ""}]}
    assert problem(await call("PATCH", "/budgets/terms", json=wrong), 400, "INVALID_ARGUMENT") == [
        "increases[0].amount"
    ]
    unclear = await call("PATCH", "/budgets/terms", json={"clear": ["amount"]})
    assert problem(unclear, 400, "INVALID_ARGUMENT") == ["clear"]
    members = await call.get("/budgets/terms/members", only_over=True)
    assert members == {"statuses": [], "next_page_token": ""}
    assert (await call("POST", "/budgets/terms:rebuild")).json() == {"rebuilding": 1}
    assert (await call("POST", "/budgets:reconcile", params={"dry_run": True})).json()["drifts"] == []
    viewer = As(running, http)
    problem(await viewer("POST", "/budgets/terms:rebuild"), 403, "PERMISSION_DENIED")
    assert (await call("DELETE", "/budgets/terms")).status_code == 204


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
