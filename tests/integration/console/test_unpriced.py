"""The queue of use without a price over REST."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_it_says_the_same_as_the_sums_of_costs(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    answer = await call.get("/unpriced")
    assert answer["next_page_token"] == ""
    [group] = answer["groups"]
    everything = await call.get("/costs", start="2026-01-01T00:00:00Z", end="2027-12-31T00:00:00Z", group_by="model")
    [row] = [row for row in everything["rows"] if row["unpriced_events"]]
    assert (group["model"], group["events"], group["shadow_cost"]) == (
        row["model"], row["unpriced_events"], row["shadow_cost"],
    )  # fmt: skip
    assert group["buckets"]
    assert group["first_hour"] <= group["last_hour"]


async def test_without_a_key_nothing_is_told(running: Running, http: httpx.AsyncClient) -> None:
    problem(await http.get("/api/v1/unpriced"), 401, "UNAUTHENTICATED")
    running.world.away.add("ledger")
    problem(await As(running, http)("GET", "/unpriced"), 503, "UNAVAILABLE")
