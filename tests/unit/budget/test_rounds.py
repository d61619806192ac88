"""Whose turn it is to be read again."""

from __future__ import annotations

import pytest

from services.budget.domain.tracking import BudgetKey, Tracked
from services.budget.handlers import rounds
from services.budget.handlers.rounds import Rounds
from services.common.clock import HOUR, SECOND, Micros
from tests.unit.budget.process import Process
from tests.unit.budget.world import World, monthly


class Readings:
    """Something that is read of each budget once an hour."""

    def __init__(self, world: World, process: Process) -> None:
        self.at: dict[BudgetKey, Micros] = {}
        self.impossible: set[str] = set()
        self.gone: list[str] = []
        self.ranked = 0
        self._clock = world.clock
        self.rounds = Rounds(process.catalog, world.clock, self._rank, lambda key: self.gone.append(key[1]))

    def _rank(self, tracked: Tracked, now: Micros) -> tuple[int, Micros] | None:
        self.ranked += 1
        at = self.at.get(tracked.budget.key)
        if at is None:
            return 0, 0
        return (1, at) if now - at > HOUR else None

    async def take(self, most: int = 10) -> list[str]:
        found = await self.rounds.take(most, lambda tracked, now: tracked.budget.budget_id not in self.impossible)
        for tracked in found:
            self.at[tracked.budget.key] = self._clock.now()
        return [tracked.budget.budget_id for tracked in found]


async def begun(*budgets: str) -> tuple[World, Process, Readings]:
    world = World()
    process = Process(world)
    for budget in budgets:
        await process.create(budget, monthly("100"))
    return world, process, Readings(world, process)


async def test_everyone_has_a_turn_and_those_never_read_come_first() -> None:
    world, process, readings = await begun("a", "b", "c")
    assert await readings.take(2) == ["a", "b"]
    world.clock.advance(SECOND)
    assert await readings.take(2) == ["c"]
    assert await readings.take(2) == []
    world.clock.advance(HOUR)
    await process.create("d", monthly("100"))
    assert await readings.take(3) == ["d", "a", "b"]
    world.clock.advance(rounds.EVERY)
    assert await readings.take(3) == ["c"]


async def test_between_two_rounds_only_what_changed_is_looked_at() -> None:
    world, process, readings = await begun("a", "b", "c")
    await readings.take()
    readings.ranked = 0
    world.clock.advance(SECOND)
    assert await readings.take() == []
    assert readings.ranked == 0
    await process.create("d", monthly("100"))
    assert await readings.take() == ["d"]
    assert readings.ranked == 1


async def test_one_that_is_hastened_need_not_wait_for_the_next_round() -> None:
    world, _, readings = await begun("a", "b")
    await readings.take()
    world.clock.advance(SECOND)
    del readings.at["acme", "b"]
    assert await readings.take() == []
    readings.rounds.hasten(("acme", "b"))
    assert await readings.take() == ["b"]


async def test_impossible_ones_keep_their_turn_and_nobody_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "SLICE", 2)
    world, _, readings = await begun("a", "b", "c", "d")
    readings.impossible = {"a", "b", "c"}
    assert await readings.take() == ["d"]
    readings.impossible = set()
    assert sorted(await readings.take()) == ["a", "b"]
    world.clock.advance(rounds.EVERY)
    assert await readings.take() == ["c"]


async def test_deleted_budgets_are_told_of_and_have_no_turn() -> None:
    _, process, readings = await begun("a", "b")
    await readings.take(1)
    await process.definitions.delete("acme", "budgets/b", "")
    assert await readings.take() == []
    assert readings.gone == ["b"]


async def test_a_clock_that_is_set_back_does_not_stop_the_rounds() -> None:
    world, _, readings = await begun("a")
    await readings.take()
    world.clock.advance(-HOUR)
    del readings.at["acme", "a"]
    assert await readings.take() == ["a"]
