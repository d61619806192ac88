"""What these tests do and wait for again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from finops.budget.v1 import budget_pb2 as pb

from services.common import money
from services.common.errors import ApiError
from services.common.kafka.topics import BUDGET_ALERTS
from tests.integration.budget.harness import Platform, Running


async def eventually(check: Callable[[], Any], seconds: float = 45) -> Any:
    """Waits until `check` neither fails nor is refused."""
    last: BaseException | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    return await check()
                except (AssertionError, ApiError) as error:
                    last = error
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {last}") from last


def yearly(dollars: str, scope_filter: str = "") -> pb.Budget:
    amount = money.to_proto(money.parse_dollars(dollars))
    return pb.Budget(filter=scope_filter, amount=amount, period=pb.PERIOD_YEAR)


async def create(one: Running, budget_id: str, budget: pb.Budget, tenant: str = "acme") -> pb.Budget:
    request = pb.CreateBudgetRequest(budget_id=budget_id, budget=budget)
    answer = await eventually(lambda: one.ask("CreateBudget", request, tenant))
    created: pb.Budget = answer.budget
    return created


async def exact(platform: Platform, one: Running, budget_id: str, tenant: str = "acme", scope_filter: str = "") -> None:
    """Waits until the status equals the exact sum of everything sent."""

    async def check() -> None:
        status = await one.status(budget_id, tenant)
        shown = money.from_proto(status.actual), money.from_proto(status.shadow)
        assert (shown, status.rebuilding) == (platform.spent(tenant, scope_filter), False)

    await eventually(check)


async def alerts(platform: Platform) -> list[pb.BudgetAlert]:
    return [pb.BudgetAlert.FromString(value) for value in await platform.logged(BUDGET_ALERTS)]


async def load(platform: Platform, seed: int) -> None:
    """2,000 records over two seconds and more."""
    for part in range(40):
        await platform.spend(50, seed + 1_000 * part)
        await asyncio.sleep(0.05)
