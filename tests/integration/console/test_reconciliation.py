"""Spend against the bill over REST."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from services.common.clock import DAY, SystemClock, format_rfc3339
from tests.e2e.console_backend import Running
from tests.integration.console.client import As, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_lines_add_up_to_sums_and_explanations_to_differences(running: Running, http: httpx.AsyncClient) -> None:
    answer = await As(running, http).get("/reconciliation")
    assert answer["lines"]
    assert {line["cost_source"] for line in answer["lines"] if line["provider"] == "openai"} == {"openai-costs"}
    for found in [*answer["lines"], *answer["providers"]]:
        explained = sum(Decimal(each["amount"]) for each in found["explanations"])
        assert explained == Decimal(found["reported"]) - Decimal(found["metered"]) == Decimal(found["difference"])
    for provider in answer["providers"]:
        of_provider = [line for line in answer["lines"] if line["provider"] == provider["provider"]]
        assert Decimal(provider["metered"]) == sum(Decimal(line["metered"]) for line in of_provider)
    openai = next(provider for provider in answer["providers"] if provider["provider"] == "openai")
    assert (openai["days"], openai["days_reported"]) == (7, 7)
    assert [each["cause"] for each in openai["explanations"]] == ["unexplained"]
    assert {each["cause"] for p in answer["providers"] if p is not openai for each in p["explanations"]} == {
        "no_report"
    }
    [suspicious] = answer["suspicious"]
    assert (suspicious["tokens"], suspicious["price_id"]) == (50, "free")


async def test_metered_is_what_costs_say(running: Running, http: httpx.AsyncClient) -> None:
    call = As(running, http)
    today = SystemClock().now() // DAY * DAY
    first, last = (format_rfc3339(day)[:10] for day in (today - 3 * DAY, today))
    answer = await call.get("/reconciliation", start=first, end=last, provider="openai")
    [provider] = answer["providers"]
    costs = await call.get("/costs", start=first, end=last, timezone="UTC", provider="openai")
    assert provider["metered"] == costs["rows"][0]["cost"]
    assert (answer["start"], answer["end"]) == (f"{first}T00:00:00Z", f"{last}T00:00:00Z")


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"start": "yesterday"}, ["start"]),
        ({"end": "2026-11-01T00:00:00Z"}, ["end"]),
        ({"start": "2026-11-02", "end": "2026-11-02"}, ["start"]),
        ({"start": "2026-01-01", "end": "2026-11-01"}, ["end"]),
        ({"model": "gpt-4o"}, ["model"]),
        ({"start": "2027-40-01", "providers": "openai"}, ["providers", "start"]),
    ],
)
async def test_what_nobody_reads_is_refused(
    running: Running, http: httpx.AsyncClient, asked: dict[str, str], fields: list[str]
) -> None:
    answer = await As(running, http)("GET", "/reconciliation", params=asked)
    assert problem(answer, 400, "INVALID_ARGUMENT") == fields


async def test_without_a_key_nothing_is_told(running: Running, http: httpx.AsyncClient) -> None:
    problem(await http.get("/api/v1/reconciliation"), 401, "UNAUTHENTICATED")
    running.world.away.add("ledger")
    problem(await As(running, http)("GET", "/reconciliation"), 503, "UNAVAILABLE")
