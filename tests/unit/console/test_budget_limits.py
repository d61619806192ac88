"""What a budget's figures are set against."""

from __future__ import annotations

from finops.budget.v1.budget_pb2 import Budget, BudgetStatus

from services.common.money import to_proto
from services.console.domain.budget_limits import heads_over, holds_for_each, limit, limit_words

DOLLAR = 10**12


def status(per: str = "", **fields: object) -> BudgetStatus:
    budget = Budget(amount=to_proto(100 * DOLLAR), per=per)
    return BudgetStatus(budget=budget, forecast=to_proto(150 * DOLLAR), **fields)  # type: ignore[arg-type]


def test_a_forecast_is_set_against_the_limit_that_holds() -> None:
    assert heads_over(status())
    raised = status(limit=to_proto(200 * DOLLAR))
    assert (limit(raised), heads_over(raised), limit_words(raised)) == (200 * DOLLAR, False, "$200.00")


def test_the_whole_is_not_set_against_each_members_limit() -> None:
    whole = status("user", members=41, members_over=3)
    assert (holds_for_each(whole), heads_over(whole)) == (True, False)
    assert limit_words(whole) == "$100.00 each, 3 of 41 over"
    assert heads_over(status("user", member="ann"))
