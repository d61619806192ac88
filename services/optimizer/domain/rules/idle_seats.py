"""Seats that are paid and not used.

    saving = monthly price x seats x P(stays idle)

with P(stays idle) taken day by day through the month (`statistics.idle_months`). Missing telemetry is not idleness: a
seat whose last use or assignment its vendor does not know is left alone.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.common.clock import DAY, Micros, to_datetime
from services.common.money import Picos
from services.optimizer.domain import statistics
from services.optimizer.domain.drafts import Draft, Fact
from services.optimizer.domain.ids import seed

RULE = "idle_seats"

_HELD_WITHIN: Micros = 3 * DAY
"""A seat whose last event is older than this, counted from the newest of its tool, was given back."""

_TOLD_WITHIN: Micros = 7 * DAY
"""A tool whose newest seat event is older than this tells nothing of today."""

_NAMED = 100


@dataclass(frozen=True)
class Seat:
    """A seat as last reported."""

    tenant_id: str
    tool: str
    provider: str
    plan: str
    user: str
    assigned: Micros
    """0: unknown."""
    last_active: Micros
    """0: unknown."""
    pending: bool
    """Its cancellation is under way."""
    seen: Micros
    """Time of its newest event."""
    daily_cost: Picos
    """For the UTC day of that event."""
    priced: bool

    @property
    def monthly_price(self) -> Picos:
        """The day's share, times the days of that month."""
        moment = to_datetime(self.seen)
        return self.daily_cost * monthrange(moment.year, moment.month)[1]


@dataclass(frozen=True)
class Policy:
    """What counts as idle, and what is worth a recommendation."""

    idle_for: Micros
    min_saving: Picos
    """A month, median."""


def drafts(seats: Iterable[Seat], reference: Micros, policy: Policy) -> list[Draft]:
    """One draft at most for each tool and plan.

    Args:
        seats: of one tenant.
        reference: the newest time anything was seen of the tenant.
    """
    by_tool: dict[str, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_tool[seat.tool].append(seat)
    found: list[Draft] = []
    for tool, all_seats in sorted(by_tool.items()):
        newest = max(seat.seen for seat in all_seats)
        if newest < reference - _TOLD_WITHIN:
            continue
        plans: dict[tuple[str, str], list[Seat]] = defaultdict(list)
        for seat in all_seats:
            if seat.seen >= newest - _HELD_WITHIN:
                plans[seat.provider, seat.plan].append(seat)
        for (provider, plan), held in sorted(plans.items()):
            idle = [seat for seat in held if _is_idle(seat, newest, policy)]
            if idle:
                draft = _draft(tool, provider, plan, idle, len(held), newest, policy)
                if draft.saving.median >= policy.min_saving:
                    found.append(draft)
    return found


def _is_idle(seat: Seat, newest: Micros, policy: Policy) -> bool:
    since = newest - policy.idle_for
    return (
        seat.priced
        and seat.daily_cost > 0
        and not seat.pending
        and 0 < seat.assigned <= since
        and 0 < seat.last_active <= since
    )


def _draft(
    tool: str, provider: str, plan: str, idle: Sequence[Seat], held: int, newest: Micros, policy: Policy
) -> Draft:
    ordered = sorted(idle, key=lambda seat: seat.user)
    days = [(newest - seat.last_active) / DAY for seat in ordered]
    prices = [seat.monthly_price for seat in ordered]
    users = [seat.user for seat in ordered]
    named = ", ".join(users[:_NAMED]) + (f" and {len(users) - _NAMED} more" if len(users) > _NAMED else "")
    count = f"{len(users)} idle {plan} seat{'s' if len(users) > 1 else ''}"
    return Draft(
        rule=RULE,
        subject={"tool": tool, "provider": provider, "plan": plan},
        title=f"Return {count} of {tool}",
        action=f"Ask whether they still need it, then return the seats of: {named}.",
        saving=statistics.idle_months(prices, days, seed(ordered[0].tenant_id, RULE, tool, provider, plan)),
        evidence=(
            Fact(
                f"last use known for each: {len(users)} of {held} seats unused for {policy.idle_for // DAY} days or "
                f"more, the longest for {int(max(days))}",
                present=True,
            ),
            Fact("each is still billed, was assigned before that, and is not being cancelled", present=True),
        ),
        claims={f"seats/{tool}/{provider}/{plan}": sum(prices)},
    )
