"""Whose turn it is to have something read again from the ledger."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from services.budget.domain.tracking import BudgetKey, Tracked
from services.budget.handlers.catalog import Catalog
from services.common.clock import SECOND, Clock, Micros

EVERY: Micros = 10 * SECOND
"""How often all budgets are looked at; those that are changed or hastened have their turn at once."""
SLICE = 200
"""Budgets looked at before other work of the process gets its turn."""

Rank = Callable[[Tracked, Micros], tuple[int, Micros] | None]
"""How urgent a budget is at a time, the least first; None: it is not its turn."""


class Rounds:
    """Budgets in the order of their urgency."""

    def __init__(self, catalog: Catalog, clock: Clock, rank: Rank, forget: Callable[[BudgetKey], None]) -> None:
        """`forget` is told of budgets that are gone."""
        self._catalog = catalog
        self._clock = clock
        self._rank = rank
        self._forget = forget
        self._changed = catalog.follow()
        self._waiting: deque[BudgetKey] = deque()
        self._looked: Micros | None = None

    def hasten(self, budget: BudgetKey) -> None:
        """Has a look at it soon."""
        self._changed.add(budget)

    async def take(self, most: int, possible: Callable[[Tracked, Micros], bool]) -> Sequence[Tracked]:
        """The next ones, at most so many. One that is not possible keeps its turn; of very many such ones, most wait
        for the next round."""
        now = self._clock.now()
        await self._look(now)
        found: list[Tracked] = []
        passed = 0
        while self._waiting and len(found) < most:
            tracked = self._catalog.get(*self._waiting.popleft())
            if tracked is None or self._rank(tracked, now) is None:
                continue
            if possible(tracked, now):
                found.append(tracked)
                continue
            passed += 1
            if passed <= SLICE:
                self.hasten(tracked.budget.key)
            if passed % SLICE == 0:
                await asyncio.sleep(0)
        return found

    async def _look(self, now: Micros) -> None:
        changed = set(self._changed)
        self._changed.clear()
        for key in changed:
            if self._catalog.get(*key) is None:
                self._forget(key)
        if self._looked is not None and 0 <= now - self._looked < EVERY:
            self._waiting.extendleft(changed)
            return
        self._looked = now
        due: list[tuple[tuple[int, Micros], BudgetKey]] = []
        for number, tracked in enumerate(self._catalog.all(), start=1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            rank = self._rank(tracked, now)
            if rank is not None:
                due.append((rank, tracked.budget.key))
        self._waiting = deque(key for _, key in sorted(due))
