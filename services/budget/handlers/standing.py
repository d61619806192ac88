"""How a budget stands: the one place that puts its limit, its spend and what is held on it together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import NamedTuple, Protocol

from services.budget.domain.limits import carried_from, left_over, limit_at, next_change
from services.budget.domain.periods import Window
from services.budget.domain.sums import Amounts
from services.budget.domain.tracking import Tracked
from services.budget.handlers.totals import Total, Totals
from services.common.clock import DAY, Micros
from services.common.money import Picos


class Book(Protocol):
    """What is reserved and not yet in the sums."""

    def held(self, tenant_id: str, budget_id: str, member: str | None = None) -> Picos:
        """Open reservations."""
        ...

    def settled(self, tenant_id: str, budget_id: str, member: str | None = None) -> Picos:
        """Settled ones whose usage event has not come in yet."""
        ...


class Books(Protocol):
    """Who tells what is reserved."""

    def of(self, tenant_id: str) -> Book:
        """The book that a tenant's figures come from; another one may say something else."""
        ...


class Committing(Protocol):
    """What is committed for the rest of a period."""

    def committed(self, tracked: Tracked, window: Window, now: Micros, member: str | None = None) -> Picos: ...


class Standing(NamedTuple):
    """A budget, or one member of it, in one of its periods."""

    window: Window
    limit: Picos
    """What may be spent: the amount that holds, `increased` and `carried_over` included."""
    increased: Picos
    carried_over: Picos
    actual: Picos
    shadow: Picos
    held: Picos
    settled: Picos
    committed: Picos
    """From now to the period's end."""
    counts_committed: bool
    complete: bool
    """False: the sums are being rebuilt, so that the true spend may be more."""

    @property
    def spend(self) -> Picos:
        """So far: priced, and unpriced at the shadow price."""
        return self.actual + self.shadow

    @property
    def used(self) -> Picos:
        """What thresholds look at: spend, and what is committed where the budget counts it."""
        return self.spend + self.committed if self.counts_committed else self.spend

    @property
    def remaining(self) -> Picos:
        """What may still be spent; negative where the limit was passed."""
        return self.limit - self.used - self.held - self.settled

    @property
    def used_ratio(self) -> float:
        """`used` as a share of the limit; infinite where the limit is nothing."""
        return self.used / self.limit if self.limit > 0 else math.inf

    @property
    def over(self) -> bool:
        """At the limit, or over it; nobody is over it who has spent nothing."""
        return self.used > 0 and self.used >= self.limit


class Standings:
    """Tells how budgets stand, from memory."""

    def __init__(self, totals: Totals, books: Books, committing: Committing) -> None:
        self._totals = totals
        self._books = books
        self._committing = committing
        self._basis: dict[str, tuple[object, object]] = {}

    def of(self, tracked: Tracked, now: Micros, member: str | None = None) -> Standing:
        """In the period of `now`: the whole budget, or one member of a budget that has `per`."""
        return self.within(tracked, tracked.current(now), now, member)

    def within(self, tracked: Tracked, window: Window, now: Micros, member: str | None = None) -> Standing:
        """In one of the periods that are kept of it. Reservations and commitments are the present's, whatever the
        period."""
        return self._standing(tracked, window, now, member, self._total(tracked, window, member))

    def basis(self, tenant_id: str) -> object:
        """What all figures of a tenant rest on: while it is the same, each stays until `Changes` tells of its budget,
        or time moves it (`until`)."""
        found = self._totals.basis(), self._books.of(tenant_id)
        # The same object while it is the same, since it is compared for each budget.
        known = self._basis.get(tenant_id)
        if known != found:
            known = self._basis[tenant_id] = found
        return known

    def until(self, tracked: Tracked, now: Micros) -> Micros:
        """When time alone may change how a budget stands: by its period, its limit, or the days that seats are
        committed for."""
        if not tracked.since <= now < tracked.until:
            return now
        return min(tracked.until, next_change(tracked.budget.terms, now), now - now % DAY + DAY)

    def members(self, tracked: Tracked, now: Micros) -> Mapping[str, Standing]:
        """Every member with spend in the period of `now`, or with an amount of its own."""
        window = tracked.current(now)
        complete = self._total(tracked, window).complete
        sums: dict[str, Amounts] = dict.fromkeys(tracked.budget.terms.amount_by_member, (0, 0))
        for bucket in tracked.buckets(window):
            for member, (actual, shadow) in self._totals.members(tracked.key(bucket)).items():
                before = sums.get(member, (0, 0))
                sums[member] = (before[0] + actual, before[1] + shadow)
        return {
            member: self._standing(tracked, window, now, member, Total(*amounts, complete))
            for member, amounts in sums.items()
        }

    def names(self, tracked: Tracked, now: Micros) -> Set[str]:
        """The same members, without how they stand."""
        found = set(tracked.budget.terms.amount_by_member)
        for bucket in tracked.buckets(tracked.current(now)):
            found |= self._totals.names(tracked.key(bucket))
        return found

    def _standing(self, tracked: Tracked, window: Window, now: Micros, member: str | None, total: Total) -> Standing:
        budget = tracked.budget
        book = self._books.of(budget.tenant_id)
        limit = limit_at(
            budget.terms, window, now, member=member, left_before=self._left_before(tracked, window, member)
        )
        return Standing(
            window=window,
            limit=limit.total,
            increased=limit.increased,
            carried_over=limit.carried_over,
            actual=total.actual,
            shadow=total.shadow,
            held=book.held(budget.tenant_id, budget.budget_id, member),
            settled=book.settled(budget.tenant_id, budget.budget_id, member),
            committed=self._committing.committed(tracked, window, now, member),
            counts_committed=budget.terms.count_committed,
            complete=total.complete,
        )

    def _left_before(self, tracked: Tracked, window: Window, member: str | None) -> Picos | None:
        """What the period before left, where that is carried over and its sum is whole."""
        before = carried_from(tracked.budget, window)
        if before is None:
            return None
        total = self._total(tracked, before, member)
        if not total.complete:
            return None
        return left_over(tracked.budget.terms, before, total.actual + total.shadow, member)

    def _total(self, tracked: Tracked, window: Window, member: str | None = None) -> Total:
        """Over all accounting windows of a period."""
        totals = [self._totals.total(tracked.key(bucket), member) for bucket in tracked.buckets(window)]
        if len(totals) == 1:
            return totals[0]
        return Total(
            sum(total.actual for total in totals),
            sum(total.shadow for total in totals),
            all(total.complete for total in totals),
        )
