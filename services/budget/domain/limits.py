"""What may be spent in a period: the amount in effect, increases that hold, and what was carried over.

Carried over is what the period before left of its own amount and increases, not of what it was itself left: two
periods are enough to know it, and a correction of long ago does not ripple through all limits since.
"""

from __future__ import annotations

from typing import NamedTuple

from services.budget.domain.budget import Budget
from services.budget.domain.calendar import preceding
from services.budget.domain.periods import Window
from services.budget.domain.terms import CarryOver, Terms
from services.common.clock import Micros
from services.common.money import MAX_INT64, Picos


class Limit(NamedTuple):
    """The limit of a moment, by where it comes from."""

    base: Picos
    """`amount`, its last effective change, or the member's own."""
    increased: Picos = 0
    carried_over: Picos = 0
    """Negative where the period before was overspent; never more than takes the limit to zero."""

    @property
    def total(self) -> Picos:
        """Never negative."""
        return self.base + self.increased + self.carried_over


def limit_at(
    terms: Terms, window: Window, now: Micros, *, member: str | None = None, left_before: Picos | None = None
) -> Limit:
    """The limit of a period as it stands now; of one that is over as it stood at its end, of one to come as it starts.

    Args:
        terms: the budget's.
        window: one of its periods.
        now: decides which changes and increases hold.
        member: whose, of a budget that has `per`. None: the amount that holds for each member without one of its own;
            the whole of such a budget has no limit.
        left_before: `left_over` of the period in `carried_from`; None: there is none.
    """
    moment = min(max(now, window.start), window.end - 1)
    base = amount_at(terms, moment, member)
    if not terms.increases and left_before is None:
        return Limit(base)
    increased = sum(i.amount for i in terms.increases if i.holds(moment) and i.concerns(member))
    carried = 0 if left_before is None else _carried(terms.carry_over, left_before)
    return Limit(base, increased, max(carried, -base - increased))


def amount_at(terms: Terms, moment: Micros, member: str | None = None) -> Picos:
    """The amount in effect, without increases and what was carried over."""
    if member is not None and member in terms.amount_by_member:
        return terms.amount_by_member[member]
    if not terms.amount_changes:
        return terms.amount
    effective = [change.amount for change in terms.amount_changes if change.effective <= moment]
    return effective[-1] if effective else terms.amount


def next_change(terms: Terms, now: Micros) -> Micros:
    """When the amount or the increases may be others than now; the end of time: never."""
    if not terms.amount_changes and not terms.increases:
        return MAX_INT64
    moments = [change.effective for change in terms.amount_changes]
    for increase in terms.increases:
        moments += (increase.start, increase.expires)
    return min((moment for moment in moments if moment > now), default=MAX_INT64)


def carried_from(budget: Budget, window: Window) -> Window | None:
    """The period whose spend decides what is carried over to this one; None: nothing is.

    A period that was over before the budget was made leaves nothing.
    """
    carry_over = budget.terms.carry_over
    if not (carry_over.unspent or carry_over.overspent):
        return None
    before = preceding(budget.terms, window)
    return before if before is not None and before.end > budget.created else None


def left_over(terms: Terms, window: Window, spend: Picos, member: str | None = None) -> Picos:
    """What a period leaves of its own amount and increases; negative: it was overspent by so much.

    An increase that ended within the period leaves nothing, but what was spent with it is not overspent.
    """
    last = window.end - 1
    amount = amount_at(terms, last, member)
    mine = [i for i in terms.increases if i.concerns(member)]
    unspent = amount + sum(i.amount for i in mine if i.holds(last)) - spend
    if unspent >= 0:
        return unspent
    return min(amount + sum(i.amount for i in mine if i.start < window.end and i.expires > window.start) - spend, 0)


def _carried(carry_over: CarryOver, left: Picos) -> Picos:
    if not (carry_over.unspent if left > 0 else carry_over.overspent):
        return 0
    most = abs(left) if carry_over.maximum is None else carry_over.maximum
    return max(-most, min(left, most))
