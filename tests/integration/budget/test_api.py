"""Calls and streams of the budget service through a real server."""

from __future__ import annotations

import asyncio

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub

from services.common import money
from services.common.auth import Role
from services.common.clickhouse import ClickHouse
from services.common.errors import InvalidArgumentError, NotFoundError, PermissionDeniedError
from services.common.keyring import KeyRing
from services.common.money import PICOS_PER_DOLLAR
from tests.integration.budget.harness import Platform, running
from tests.integration.budget.steps import create, eventually, exact, yearly


async def test_the_api_through_a_real_server(platform: Platform) -> None:
    async with running(platform) as one:
        created = await create(one, "a", yearly("10", 'team = "search"'))
        await create(one, "b", yearly("10"))
        await create(one, "a", yearly("99"), "globex")
        keyring = KeyRing(platform.auth, ClickHouse(platform.clickhouse))
        viewer, _ = await keyring.create("globex", Role.VIEWER, "viewer", "test")
        ingest, _ = await keyring.create("globex", Role.INGEST, "ingest", "test")
        gateway, _ = await keyring.create("globex", Role.GATEWAY, "gateway", "test")
        await keyring.stop()

        seen = await one.ask("GetBudget", pb.GetBudgetRequest(name="budgets/a"), key=viewer)
        assert money.from_proto(seen.budget.amount) == 99 * PICOS_PER_DOLLAR
        with pytest.raises(NotFoundError):
            await one.ask("GetBudget", pb.GetBudgetRequest(name="budgets/b"), key=viewer)
        for method, request in (
            ("CreateBudget", pb.CreateBudgetRequest(budget=yearly("1"))),
            ("DeleteBudget", pb.DeleteBudgetRequest(name="budgets/a")),
            ("UpdateBudget", pb.UpdateBudgetRequest(budget=pb.Budget(name="budgets/a"))),
            ("Reserve", pb.ReserveRequest(request_id="r")),
        ):
            with pytest.raises(PermissionDeniedError):
                await one.ask(method, request, key=viewer)
        for key in (ingest, gateway):
            with pytest.raises(PermissionDeniedError):
                await one.ask("GetBudgetStatus", pb.GetBudgetStatusRequest(name="budgets/a"), key=key)
        whether = pb.CheckRequest(intent=pb.SpendIntent(estimate=money.to_proto(5)))
        assert (await one.ask("Check", whether, key=gateway)).decision.allowed
        with pytest.raises(PermissionDeniedError):
            await one.ask("Check", whether, key=ingest)
        five = pb.ReserveRequest(request_id="r", intent=pb.SpendIntent(estimate=money.to_proto(5)))
        reserved = await eventually(lambda: one.ask("Reserve", five, key=ingest))
        assert reserved.decision.allowed
        assert (await one.status("a", "globex")).held.picos == 5
        await one.ask("Settle", pb.SettleRequest(request_id="r", actual=money.to_proto(4)), key=gateway)
        status = await one.status("a", "globex")
        assert (status.held.picos, status.settled.picos) == (0, 4)
        listed = await one.ask("ListHolds", pb.ListHoldsRequest(name="budgets/a"), key=viewer)
        assert [(hold.request_id, hold.settled, hold.amount.picos) for hold in listed.holds] == [("r", True, 4)]

        first = await one.ask("ListBudgets", pb.ListBudgetsRequest(page_size=1))
        rest = await one.ask("ListBudgets", pb.ListBudgetsRequest(page_token=first.next_page_token))
        assert [b.name for b in [*first.budgets, *rest.budgets]] == ["budgets/a", "budgets/b"]
        with pytest.raises(InvalidArgumentError):
            await one.ask("ListBudgets", pb.ListBudgetsRequest(page_token="not a token"))
        with pytest.raises(InvalidArgumentError) as refused:
            await one.ask("CreateBudget", pb.CreateBudgetRequest(budget=pb.Budget(filter="(")))
        assert {v.field for v in refused.value.violations} == {"budget.filter", "budget.amount", "budget.period"}
        assert created.etag
        await one.ask("DeleteBudget", pb.DeleteBudgetRequest(name="budgets/a", etag=created.etag))
        assert await one.stop() == 0

    async with running(platform) as again:
        listed = await eventually(lambda: again.ask("ListBudgets", pb.ListBudgetsRequest()))
        assert [b.name for b in listed.budgets] == ["budgets/b"]
        assert (await again.status("a", "globex")).budget.amount.units == 99


async def test_a_watch_follows_the_spend_and_ends_with_the_server(platform: Platform) -> None:
    async with running(platform) as one:
        await create(one, "all", yearly("10"))
        await exact(platform, one, "all")
        key = platform.auth.admin_key.get_secret_value()
        stream = BudgetServiceStub(one.channel).WatchBudgetStatus(
            pb.WatchBudgetStatusRequest(), metadata=[("authorization", f"Bearer {key}")]
        )
        seen: list[pb.BudgetStatus] = []

        async def follow() -> None:
            async for answer in stream:
                seen.append(answer.status)

        following = asyncio.create_task(follow())

        async def started() -> None:
            assert seen

        await eventually(started)
        await platform.spend(100, seed=3)

        async def arrived() -> None:
            assert money.from_proto(seen[-1].actual) == platform.spent("acme")[0]

        await eventually(arrived)
        assert await one.stop() == 0
        await asyncio.wait_for(following, 60)
