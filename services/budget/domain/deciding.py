"""Whether a spend fits: every matching budget is asked, and the strictest decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from finops.budget.v1 import budget_pb2

from services.budget.domain.budget import Budget
from services.budget.domain.periods import Period, Window
from services.budget.domain.terms import Enforcement, FailureMode
from services.common import money
from services.common.clock import to_datetime
from services.common.money import PICOS_PER_DOLLAR, Picos

_SPANS = {
    Period.DAY: "today",
    Period.WEEK: "this week",
    Period.MONTH: "this month",
    Period.QUARTER: "this quarter",
    Period.YEAR: "this year",
    Period.CUSTOM: "for its range of days",
    Period.ROLLING: "in its rolling window",
}


@dataclass(frozen=True, slots=True)
class Headroom:
    """A budget, or one member of it, in the face of a spend."""

    budget: Budget
    member: str | None
    window: Window
    limit: Picos
    used: Picos
    """Spent, and committed where the budget counts it."""
    reserved: Picos
    """Held and settled."""
    complete: bool
    """False: the sums are being rebuilt, so that more may have been spent."""
    estimate: Picos

    @property
    def remaining(self) -> Picos:
        return self.limit - self.used - self.reserved

    @property
    def exceeded(self) -> bool:
        return self.estimate > self.remaining

    @property
    def denies(self) -> bool:
        terms = self.budget.terms
        unsure = not self.complete and terms.failure_mode is FailureMode.CLOSED
        return terms.enforcement is Enforcement.BLOCK and (self.exceeded or unsure)

    @property
    def warns(self) -> bool:
        """Allowed, but the caller is told: it would be passed, or nobody can be sure that it would not."""
        terms = self.budget.terms
        if terms.enforcement is Enforcement.OBSERVE or self.denies:
            return False
        return self.exceeded or not self.complete


def decide(headrooms: Sequence[Headroom]) -> budget_pb2.Decision:
    """Denies where one of them does; says which, why, and until when."""
    strictest_first = sorted(headrooms, key=lambda h: (not h.denies, h.remaining, h.budget.budget_id))
    denying = [headroom for headroom in strictest_first if headroom.denies]
    decision = budget_pb2.Decision(allowed=not denying, budgets=map(_to_proto, strictest_first))
    telling = denying or [headroom for headroom in strictest_first if headroom.warns]
    if telling:
        decision.reason = _reason(telling[0])
        decision.deciding_budget = telling[0].budget.name
    if denying:
        # The same request fits once the last of those that deny it lets it through.
        times = [_retry(headroom) for headroom in denying]
        decision.retry_unix_micros = max(times) if all(times) else 0
    return decision


def _to_proto(headroom: Headroom) -> budget_pb2.BudgetHeadroom:
    terms = headroom.budget.terms
    return budget_pb2.BudgetHeadroom(
        name=headroom.budget.name,
        display_name=terms.display_name,
        remaining=money.to_proto(headroom.remaining),
        would_exceed=headroom.exceeded,
        enforcement=int(terms.enforcement),  # type: ignore[arg-type]  # numbered alike
        limit=money.to_proto(headroom.limit),
        period_end_unix_micros=headroom.window.end,
        member=headroom.member,
        rebuilding=not headroom.complete,
    )


def _retry(headroom: Headroom) -> int:
    """When a denied request may fit; 0: unknown. A rolling window gives back little by little, a range of days never
    comes again, and what is more than the whole limit does not fit later either."""
    never = headroom.budget.terms.period in (Period.ROLLING, Period.CUSTOM) or headroom.estimate > headroom.limit
    return 0 if never or not headroom.exceeded else headroom.window.end


def _reason(headroom: Headroom) -> str:
    terms = headroom.budget.terms
    title = f"{terms.display_name} ({headroom.budget.name})" if terms.display_name else headroom.budget.name
    of = f" for {terms.per} {headroom.member!r}" if headroom.member is not None else ""
    if not headroom.exceeded:
        consequence = "it denies until they are whole" if headroom.denies else "it allows meanwhile"
        return f"The sums of budget {title}{of} are being rebuilt from the ledger: {consequence}."
    figures = (
        f"Budget {title} allows {_dollars(headroom.limit)}{of} {_SPANS[terms.period]}; {_dollars(headroom.used)} is "
        f"spent and {_dollars(headroom.reserved)} reserved, so that {_dollars(headroom.estimate)} more does not fit."
    )
    return figures if terms.period in (Period.ROLLING, Period.CUSTOM) else f"{figures} It resets on {_end(headroom)}."


def _end(headroom: Headroom) -> str:
    zone = headroom.budget.terms.time_zone
    moment = to_datetime(headroom.window.end).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{moment:%Y-%m-%d %H:%M} ({zone})"


def _dollars(amount: Picos) -> str:
    """As people write it: to the cent, or as many digits as it takes to show a smaller part."""
    whole, rest = divmod(abs(amount), PICOS_PER_DOLLAR)
    digits = f"{rest:012d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}${whole:,}.{digits}"
