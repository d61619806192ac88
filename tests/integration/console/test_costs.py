"""Costs and entries, the overview drawn from them, and what wrong parameters are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
        ("/overview", {"team": "search", "start": "2026-01-01"}, ["start", "team"]),
        ("/costs", {"compare": "yesteryear", "with_rest": "true"}, ["compare", "with_rest"]),
        ("/entries", {"group_by": "team"}, ["group_by"]),
    ],
)
async def test_wrong_parameters_are_named(
    running: Running, http: httpx.AsyncClient, path: str, parameters: dict[str, str], fields: list[str]
) -> None:
    answer = await As(running, http)("GET", path, params=parameters)
    assert problem(answer, 400, "INVALID_ARGUMENT") == fields


async def test_the_overview_agrees_with_the_costs(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    overview = await call.get("/overview")
    assert overview["unavailable"] == {}
    end = datetime.fromisoformat((await call.get("/costs"))["end"])
    # It is not a part of the period: in a month's last hour it is the next month's beginning.
    last = end - timedelta(microseconds=1)
    month = (await call.get("/costs", start=f"{last:%Y-%m}-01"))["rows"]
    assert overview["spend"]["month_to_date"] == month[0]["cost"]
    forecast = overview["forecast"]
    assert Decimal(forecast["low"]) <= Decimal(forecast["expected"]) <= Decimal(forecast["high"])
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
    assert set(overview["unavailable"]) == {"budgets", "forecast", "savings"}
    assert overview["budgets_at_risk"] is overview["forecast"] is None
    assert overview["spend"] is not None
    answer = await call("GET", "/budgets")
    problem(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    running.world.away = {"ledger", "budget", "anomaly", "optimizer"}
    problem(await call("GET", "/overview"), 503, "UNAVAILABLE")
