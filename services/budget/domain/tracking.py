"""Which accounting windows of a budget are kept in memory: those of its last, current and next period.

The next one is begun ahead of time, so that a turn of the period needs no rebuild and the first spend of the new
period finds its sum. The last one is kept for stragglers: spend that arrives late still crosses that period's
thresholds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

from finops.budget.v1 import budget_pb2

from services.budget.domain.budget import Budget, to_proto
from services.budget.domain.calendar import bucket_at, buckets, following, period_at, preceding
from services.budget.domain.codec import rule_message
from services.budget.domain.limits import carried_from
from services.budget.domain.periods import Window, day_start
from services.budget.domain.scope import scope_hash
from services.budget.domain.terms import Terms, ThresholdRule
from services.common.clock import Micros

BudgetKey = tuple[str, str]
"""(tenant, budget)."""

FOREVER: Micros = 2**62


def home_of(budget: BudgetKey, partitions: int) -> int:
    """The partition of the cost log whose owner does for a budget what only one process may do."""
    return crc32("/".join(budget).encode()) % partitions


class FamilyKey(NamedTuple):
    """One budget's spend of one accounting window, under one meaning of the budget: the whole and all its members."""

    tenant_id: str
    budget_id: str
    scope_hash: str
    period_start: Micros

    @property
    def budget(self) -> BudgetKey:
        return self.tenant_id, self.budget_id


class ScopeKey(NamedTuple):
    """One sum of a family: the whole, or a member of a budget that has `per`."""

    family: FamilyKey
    member: str | None = None


class Span(NamedTuple):
    """A stretch of time, and the sum of a budget's whole that all spend of it belongs to."""

    start: Micros
    end: Micros
    scope: ScopeKey | None
    """None: no kept window lies there."""


class Tracked:
    """A budget and the windows kept of it."""

    def __init__(self, budget: Budget, now: Micros, effective_filter: str | None = None) -> None:
        """Takes the budget's filter joined with its ancestors'; without one it has none."""
        self.budget = budget
        self.budget_key: BudgetKey = budget.key
        self.filter = budget.terms.filter.strip() if effective_filter is None else effective_filter
        """What is counted."""
        self.scope_hash = scope_hash(budget.terms, self.filter)
        self._turn(now)

    since: Micros
    until: Micros
    """The kept windows are those of a moment in [since, until)."""
    _span: Span
    """The last that was asked for."""

    @cached_property
    def message(self) -> budget_pb2.Budget:
        """The budget as the API shows it. Not to be changed."""
        return to_proto(self.budget)

    @cached_property
    def rules(self) -> Sequence[tuple[ThresholdRule, budget_pb2.ThresholdStatus]]:
        """Its thresholds, each also as the API shows one at which nothing has happened. Not to be changed."""
        return [
            (rule, budget_pb2.ThresholdStatus(percent=rule.percent, rule=rule_message(rule)))
            for rule in self.budget.terms.rules
        ]

    def current(self, now: Micros) -> Window:
        """The period of `now`. A custom range is current before and after it too."""
        if self.since <= now < self.until:
            return self._current
        return period_at(self.budget.terms, now) or self._current

    def turn(self, now: Micros) -> bool:
        """Moves the kept windows on to those of `now`. False: they are."""
        if self.since <= now < self.until:
            return False
        self._turn(now)
        return True

    @property
    def last(self) -> Window:
        """The period before the current one; the current one where there is none."""
        return self._last

    @property
    def next(self) -> Window:
        """The period after the current one; the current one where there is none."""
        return self._next

    @property
    def windows(self) -> Sequence[Window]:
        """The accounting windows that are kept, oldest first."""
        return self._kept

    @property
    def needed(self) -> Sequence[Window]:
        """Those that are asked of the ledger where they are not there: stragglers of the last period alone are not
        worth that, what it carried over is."""
        return self._needed

    def buckets(self, window: Window) -> Sequence[Window]:
        """The accounting windows of one of the budget's periods."""
        if window == self._current:
            return self._buckets
        return buckets(self.budget.terms, window)

    def key(self, window: Window) -> FamilyKey:
        """The family of an accounting window."""
        return FamilyKey(self.budget.tenant_id, self.budget.budget_id, self.scope_hash, window.start)

    def keeps(self, family: FamilyKey) -> bool:
        """Whether that is one of this budget's sums, as it is now."""
        return family.scope_hash == self.scope_hash and family.period_start in self._families

    def span_at(self, time: Micros) -> Span:
        """The kept window that spend of this time belongs to, or the span that no kept window lies in."""
        found = self._span
        # Nearly all spend is of the present.
        if not found.start <= time < found.end:
            found = self._span = self._find(time)
        return found

    def _find(self, time: Micros) -> Span:
        place = bisect_right(self._starts, time) - 1
        if place < 0:
            return Span(-FOREVER, self._starts[0], None)
        window = self._kept[place]
        if time < window.end:
            return Span(window.start, window.end, ScopeKey(self._families[window.start]))
        after = self._starts[place + 1] if place + 1 < len(self._starts) else FOREVER
        return Span(window.end, after, None)

    def _turn(self, now: Micros) -> None:
        terms = self.budget.terms
        period = period_at(terms, now)
        if period is None:
            self._alone(terms, now)
        else:
            bucket = bucket_at(terms, now)
            self.since, self.until = bucket if bucket is not None else period
            self._current = period
            self._last = preceding(terms, period) or period
            self._next = following(terms, period) or period
        self._keep(terms)

    def _alone(self, terms: Terms, now: Micros) -> None:
        """The custom range that `now` lies before or after."""
        assert terms.custom_range is not None
        only = period_at(terms, day_start(terms.custom_range.first_day, terms.time_zone))
        assert only is not None
        self._current = self._last = self._next = only
        self.since, self.until = (-FOREVER, only.start) if now < only.start else (only.end, FOREVER)

    def _keep(self, terms: Terms) -> None:
        self._buckets = buckets(terms, self._current)
        coming = {*self._buckets, *buckets(terms, self._next)}
        kept = sorted(coming | set(buckets(terms, self._last)))
        carried = carried_from(self.budget, self._current) is not None
        self._kept: Sequence[Window] = kept
        self._needed: Sequence[Window] = kept if carried else sorted(coming)
        self._starts = [window.start for window in kept]
        self._families = {window.start: self.key(window) for window in kept}
        self._span = Span(0, 0, None)
