"""What fits is told again without asking any budget, until something could have changed."""

from __future__ import annotations

from typing import Any

import pytest
from finops.budget.v1 import budget_pb2 as pb

from services.budget.handlers import fitting
from services.budget.handlers.remembering import LONGEST
from services.common import money
from tests.unit.budget.process import Process
from tests.unit.budget.test_standing_limits import DOLLAR, begun
from tests.unit.budget.world import World, monthly, use


async def asked_twice(world: World) -> Process:
    process = await begun(world, monthly("100"))
    assert check(process, 1) == check(process, 1)
    return process


def check(process: Process, dollars: int) -> pb.Decision:
    return process.deciding.check("acme", pb.SpendIntent(estimate=money.to_proto(dollars * DOLLAR)))


def nobody_may_be_asked(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a budget was asked")

    monkeypatch.setattr(process.deciding._remembered, "get", refuse)


async def test_any_spend_that_fits_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    process = await asked_twice(World())
    told = check(process, 1)
    nobody_may_be_asked(process, monkeypatch)
    assert check(process, 0) == check(process, 100) == told
    with pytest.raises(AssertionError, match="was asked"):
        check(process, 101)


async def test_spend_a_definition_and_time_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    process = await asked_twice(world)
    world.spend(0, use(), 30 * DOLLAR)
    await process.consume_all()
    assert money.from_proto(check(process, 1).budgets[0].remaining) == 70 * DOLLAR
    await process.create("other", monthly("50"))
    await process.settle_down()
    assert len(check(process, 1).budgets) == 2
    for _ in range(2):
        check(process, 1)
    nobody_may_be_asked(process, monkeypatch)
    assert len(check(process, 1).budgets) == 2
    world.clock.advance(LONGEST)
    with pytest.raises(AssertionError, match="was asked"):
        check(process, 1)


async def test_what_does_not_fit_is_not_remembered_as_fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    process = await begun(World(), monthly("100"))
    for _ in range(3):
        assert check(process, 101).budgets[0].would_exceed
    nobody_may_be_asked(process, monkeypatch)
    with pytest.raises(AssertionError, match="was asked"):
        check(process, 1)


async def test_very_many_are_forgotten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "MOST", 1)
    process = await begun(World(), monthly("100"))
    for user in ("ann", "bob", "ann"):
        intent = pb.SpendIntent(dimensions={"user": user})
        assert process.deciding.check("acme", intent) == process.deciding.check("acme", intent)
    assert len(process.deciding._fitting._known) <= 1
