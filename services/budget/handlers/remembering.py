"""Figures worked out before, for those who ask the same again before anything has changed."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from services.budget.domain.tracking import BudgetKey
from services.budget.handlers.changes import Changes
from services.common.clock import MINUTE, Micros

LONGEST: Micros = MINUTE
"""Should a change ever go untold, so long would it go unseen."""

MOST = 100_000

T = TypeVar("T")


class _Known(NamedTuple, Generic[T]):
    value: T
    basis: object
    since: Micros
    until: Micros


class Remembered(Generic[T]):
    """One value of a budget, or of one member of it, until one of its figures changes."""

    def __init__(self, changes: Changes, most: int = MOST) -> None:
        """Once `most` values were put, all are forgotten."""
        self._most = most
        self._known: dict[BudgetKey, dict[str | None, _Known[T]]] = {}
        self._puts = 0
        changes.listen(self._forget)

    def get(self, budget: BudgetKey, member: str | None, basis: object, now: Micros) -> T | None:
        """What holds now.

        Args:
            basis: what the figures of all budgets rest on; another one than when the value was put: it holds no more.
        """
        of_budget = self._known.get(budget)
        known = None if of_budget is None else of_budget.get(member)
        if known is None or not known.since <= now < known.until or known.basis != basis:
            return None
        return known.value

    def put(
        self, budget: BudgetKey, member: str | None, value: T, *, basis: object, since: Micros, until: Micros
    ) -> None:
        """Keeps a value of `since`, which time alone does not change before `until`."""
        self._puts += 1
        if self._puts > self._most:
            self._known.clear()
            self._puts = 1
        self._known.setdefault(budget, {})[member] = _Known(value, basis, since, min(until, since + LONGEST))

    def _forget(self, tenant_id: str, budget_id: str, member: str | None) -> None:
        of_budget = self._known.get((tenant_id, budget_id))
        if of_budget is None:
            return
        if member is None:
            del self._known[tenant_id, budget_id]
        else:
            of_budget.pop(member, None)
