"""Checking and holding: nobody passes a blocking budget, and no hold leaks."""

from __future__ import annotations

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money

from services.common import money
from services.common.clock import SECOND
from services.common.errors import AlreadyExistsError, InvalidArgumentError
from tests.unit.budget.world import Process, World, monthly, use

DOLLAR = 10**12


def intent(dollars: int, **dimensions: str) -> pb.SpendIntent:
    return pb.SpendIntent(dimensions=dimensions, estimate=money.to_proto(dollars * DOLLAR))


async def blocking(world: World, dollars: str = "10") -> Process:
    process = Process(world)
    await process.create("b", monthly(dollars, 'team = "search"', enforcement=pb.ENFORCEMENT_BLOCK))
    await process.create("seen", monthly("1"))
    await process.assign()
    await process.settle_down()
    return process


def held(process: Process, budget_id: str = "b") -> int:
    return money.from_proto(process.status(budget_id).held) // DOLLAR


async def test_holds_fill_a_budget_to_the_last_dollar_and_not_beyond() -> None:
    process = await blocking(World())
    answers = [process.reserving.reserve("acme", f"r{n}", intent(3, team="search"), 0) for n in range(5)]
    assert [answer.decision.allowed for answer in answers] == [True, True, True, False, False]
    assert [answer.expires > 0 for answer in answers] == [True, True, True, False, False]
    assert held(process) == 9
    assert process.reserving.reserve("acme", "last", intent(1, team="search"), 0).decision.allowed
    assert money.from_proto(process.status("b").remaining) == 0
    assert process.meters.decisions == ["allowed"] * 3 + ["denied"] * 2 + ["allowed"]


async def test_only_blocking_budgets_deny_and_only_matching_ones_count() -> None:
    process = await blocking(World())
    decision = process.reserving.check("acme", intent(11, team="ads"))
    assert decision.allowed
    assert [(b.name, b.would_exceed) for b in decision.budgets] == [("budgets/seen", True)]
    decision = process.reserving.check("acme", intent(11, team="search"))
    assert not decision.allowed
    assert [b.name for b in decision.budgets] == ["budgets/b", "budgets/seen"]
    assert process.reserving.check("globex", intent(11, team="search")) == pb.Decision(allowed=True)


async def test_spend_counts_beside_holds() -> None:
    world = World()
    process = await blocking(world)
    world.spend(0, use(), 4 * DOLLAR, shadow=2 * DOLLAR)
    await process.consume_all()
    assert not process.reserving.check("acme", intent(5, team="search")).allowed
    assert process.reserving.check("acme", intent(4, team="search")).allowed


async def test_the_same_request_again_holds_once() -> None:
    process = await blocking(World())
    first = process.reserving.reserve("acme", "r", intent(6, team="search"), 60)
    assert process.reserving.reserve("acme", "r", intent(6, team="search"), 60) == first
    assert held(process) == 6
    with pytest.raises(AlreadyExistsError):
        process.reserving.reserve("acme", "r", intent(7, team="search"), 60)
    process.reserving.settle("acme", "r", 5 * DOLLAR)
    assert process.reserving.reserve("acme", "r", intent(6, team="search"), 60) == first
    assert held(process) == 0, "a settled request repeated holds nothing again"
    assert process.reserving.reserve("globex", "r", intent(7), 60).decision.allowed


async def test_settle_and_release_give_back_once() -> None:
    process = await blocking(World())
    for request in ("one", "two"):
        process.reserving.reserve("acme", request, intent(4, team="search"), 0)
    for _ in range(2):
        process.reserving.settle("acme", "one", 1)
        process.reserving.release("acme", "two")
        process.reserving.release("acme", "unknown")
    assert held(process) == 0
    assert held(process, "seen") == 0


async def test_a_hold_that_is_never_settled_expires() -> None:
    world = World()
    process = await blocking(world)
    assert (
        process.reserving.reserve("acme", "r", intent(10, team="search"), 30).expires == world.clock.now() + 30 * SECOND
    )
    world.clock.advance(29 * SECOND)
    assert not process.reserving.check("acme", intent(1, team="search")).allowed
    world.clock.advance(SECOND)
    assert process.reserving.check("acme", intent(10, team="search")).allowed
    assert held(process) == 0


async def test_a_denied_request_may_try_again() -> None:
    process = await blocking(World())
    process.reserving.reserve("acme", "first", intent(10, team="search"), 0)
    assert not process.reserving.reserve("acme", "second", intent(1, team="search"), 0).decision.allowed
    process.reserving.release("acme", "first")
    assert process.reserving.reserve("acme", "second", intent(1, team="search"), 0).decision.allowed


async def test_what_is_refused() -> None:
    process = await blocking(World())
    for wrong in (
        pb.SpendIntent(dimensions={"nonsense": "x"}),
        pb.SpendIntent(dimensions={"tenant": "globex"}),
        pb.SpendIntent(estimate=Money(currency_code="EUR", units=1)),
        pb.SpendIntent(estimate=Money(units=-1)),
        pb.SpendIntent(estimate=Money(units=2**62)),
    ):
        with pytest.raises(InvalidArgumentError):
            process.reserving.check("acme", wrong)
    for request_id, ttl in (("", 0), ("x" * 201, 0), ("r", -1), ("r", 86_401)):
        with pytest.raises(InvalidArgumentError):
            process.reserving.reserve("acme", request_id, intent(1), ttl)
    with pytest.raises(InvalidArgumentError):
        process.reserving.settle("acme", "r", -1)
