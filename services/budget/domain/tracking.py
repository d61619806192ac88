"""Which periods of a budget are kept in memory: the last, the current and the next.

The next one is begun ahead of time, so that a turn of the period needs no rebuild and the first spend of the new
period finds its sum. The last one is kept for stragglers: spend that arrives late still crosses that period's
thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.budget.domain.budget import Budget
from services.budget.domain.calendar import following, period_at, preceding
from services.budget.domain.periods import Window, day_start
from services.budget.domain.terms import Terms
from services.common.clock import Micros


class ScopeKey(NamedTuple):
    """One budget's spend of one period, under one meaning of the budget."""

    tenant_id: str
    budget_id: str
    scope_hash: str
    period_start: Micros


class Tracked:
    """A budget and the periods kept of it."""

    def __init__(self, budget: Budget, now: Micros) -> None:
        self.budget = budget
        self._current = _period(budget.terms, now)
        self._surround()

    def current(self, now: Micros) -> Window:
        """The period of `now`; moves on where it has ended."""
        if not self._current.holds(now):
            self._current = _period(self.budget.terms, now)
            self._surround()
        return self._current

    @property
    def last(self) -> Window:
        return self._windows[0]

    @property
    def windows(self) -> Sequence[Window]:
        """Last, current, next."""
        return self._windows

    def key(self, window: Window) -> ScopeKey:
        budget = self.budget
        return ScopeKey(budget.tenant_id, budget.budget_id, budget.scope_hash, window.start)

    def scope_of(self, time: Micros) -> ScopeKey | None:
        """The kept period that spend of this time belongs to."""
        for start, end, key in self._scopes:
            if start <= time < end:
                return key
        return None

    def _surround(self) -> None:
        terms, current = self.budget.terms, self._current
        # A custom range is alone: it stands for its neighbours too.
        self._windows = (preceding(terms, current) or current, current, following(terms, current) or current)
        # Spend is nearly always current: looked at first.
        ordered = dict.fromkeys((current, self._windows[0], self._windows[2]))
        self._scopes = tuple((window.start, window.end, self.key(window)) for window in ordered)


def _period(terms: Terms, now: Micros) -> Window:
    """The period of `now`; a custom range before and after it too."""
    found = period_at(terms, now)
    if found is None and terms.custom_range is not None:
        found = period_at(terms, day_start(terms.custom_range.first_day, terms.time_zone))
    assert found is not None
    return found
