"""What a budget's figures may be set against."""

from __future__ import annotations

from finops.budget.v1.budget_pb2 import BudgetStatus

from services.common.money import Picos, from_proto
from services.console.domain import figures


def limit(status: BudgetStatus) -> Picos:
    """The amount that holds now: with increases, and what the period before left."""
    return from_proto(status.limit if status.HasField("limit") else status.budget.amount)


def holds_for_each(status: BudgetStatus) -> bool:
    """Whether the limit is that of each member, and the status that of all of them together."""
    return bool(status.budget.per) and not status.HasField("member")


def heads_over(status: BudgetStatus) -> bool:
    """Whether the forecast passes the limit."""
    return not holds_for_each(status) and from_proto(status.forecast) > limit(status)


def limit_words(status: BudgetStatus) -> str:
    """`$200.00`, or `$200.00 each, 3 of 41 over`."""
    amount = figures.dollars(limit(status))
    return f"{amount} each, {status.members_over} of {status.members} over" if holds_for_each(status) else amount
