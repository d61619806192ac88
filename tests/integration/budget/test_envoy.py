"""External authorization, asked by a real Envoy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money

from services.allinone.engines.ports import free_port
from services.common.auth import Role
from services.common.clickhouse import ClickHouse
from services.common.keyring import KeyRing
from tests.fakes.server import FakeServer, Seen
from tests.integration.budget.envoy import envoy
from tests.integration.budget.harness import Platform, running
from tests.integration.budget.steps import create, eventually, yearly


def upstream() -> FakeServer:
    return FakeServer({"POST /v1/chat/completions": lambda seen: {"id": "chatcmpl-1", "object": "chat.completion"}})


async def test_a_live_envoy_never_lets_through_more_than_the_limit(platform: Platform, tmp_path: Path) -> None:
    async with running(platform) as one, upstream() as provider:
        key = await gateway_key(platform)
        async with envoy(tmp_path, one.address, provider.port, key) as client:
            limit = yearly("1.00", 'team = "search" AND provider = "openai"')
            limit.enforcement, limit.display_name = pb.ENFORCEMENT_BLOCK, "Search"
            await create(one, "search", limit)
            await eventually(lambda: one.ask("Reserve", pb.ReserveRequest(request_id="ready"), key=key))

            # 20 requests of five cents fit a dollar. The clients' own request ids would be the same for all.
            answers = await asyncio.gather(*(ask(client, team="search", request_id="same") for _ in range(60)))
            passed = [answer for answer in answers if answer.status_code == 200]
            denied = [answer for answer in answers if answer.status_code == 429]
            assert (len(passed), len(denied), len(provider.requests)) == (20, 40, 20)
            assert (await one.status("search")).held == Money(currency_code="USD", units=1)
            ids = {answer.headers["x-budget-reservation"] for answer in passed}
            assert ids == {told(seen, "x-budget-reservation") for seen in provider.requests}
            assert ids == {told(seen, "x-request-id") for seen in provider.requests}
            assert len(ids) == 20 and "same" not in ids
            assert {answer.headers["x-budget-name"] for answer in passed} == {"budgets/search"}

            error = denied[0].json()["error"]
            assert error["message"].startswith(
                "Budget Search: $0.00 of $1.00 remain, and this request may cost $0.05. It resets at "
            )
            assert (error["code"], error["estimate"]) == ("budget_exceeded", "0.05")
            assert error["budgets"][0]["name"] == "budgets/search"
            assert denied[0].headers["x-should-retry"] == "false"
            assert int(denied[0].headers["retry-after"]) > 0
            assert denied[0].headers["content-type"] == "application/json"

            assert (await ask(client, team="ads")).status_code == 200

            # Nothing needs a restart: the next request after the answer goes through.
            await one.ask("UpdateBudget", pb.UpdateBudgetRequest(budget=raised(limit, "budgets/search")))
            assert (await ask(client, team="search")).status_code == 200
            assert (await ask(client, team="search", **{"x-estimated-cost": "0.96"})).status_code == 429
            unreadable = await ask(client, team="search", **{"x-estimated-cost": "much"})
            assert unreadable.status_code == 400
            assert "x-estimated-cost" in unreadable.json()["error"]["message"]


async def test_an_envoy_without_an_answer_does_as_it_was_told(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    async with upstream() as provider:
        async with envoy(tmp_path, nobody, provider.port, "no key") as client:
            assert (await ask(client, team="search")).status_code == 503
            assert provider.requests == []
        async with envoy(tmp_path, nobody, provider.port, "no key", failure_mode_allow=True) as client:
            assert (await ask(client, team="search")).status_code == 200


async def ask(client: httpx.AsyncClient, *, team: str, request_id: str = "", **headers: str) -> httpx.Response:
    chosen = {"x-team": team} | ({"x-request-id": request_id} if request_id else {}) | headers
    return await client.post("/v1/chat/completions", json={"model": "gpt-4o"}, headers=chosen)


async def gateway_key(platform: Platform) -> str:
    keyring = KeyRing(platform.auth, ClickHouse(platform.clickhouse))
    key, _ = await keyring.create("acme", Role.GATEWAY, "envoy", "test")
    await keyring.stop()
    return key


def raised(budget: pb.Budget, name: str) -> pb.Budget:
    higher = pb.Budget()
    higher.CopyFrom(budget)
    higher.name = name
    higher.amount.CopyFrom(Money(currency_code="USD", units=2))
    return higher


def told(seen: Seen, header: str) -> str:
    return seen.headers[header]
