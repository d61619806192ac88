"""What may be spent, by the decision's rule: amount in effect + increases that hold + what was carried over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.budget.domain.budget import Budget
from services.budget.domain.calendar import following, period_at, preceding
from services.budget.domain.limits import Limit, carried_from, left_over, limit_at
from services.budget.domain.periods import Period, Window
from services.budget.domain.terms import AmountChange, CarryOver, MemberAmount, TemporaryIncrease, Terms
from services.common.clock import DAY, Micros, parse_rfc3339
from services.common.money import PICOS_PER_DOLLAR as DOLLAR
from services.common.money import Picos


def day(text: str) -> Micros:
    return parse_rfc3339(f"2026-{text}T00:00:00Z")


NOVEMBER = Window(day("11-01"), day("12-01"))
DECEMBER = Window(day("12-01"), parse_rfc3339("2027-01-01T00:00:00Z"))
NOON = day("11-23") + DAY // 2
MONTHLY = Terms("", "", 100 * DOLLAR, Period.MONTH)
BOTH = CarryOver(unspent=True, overspent=True)


def increase(dollars: int, start: str, expires: str, member: str = "") -> TemporaryIncrease:
    return TemporaryIncrease(dollars * DOLLAR, day(start), day(expires), "launch", "ops", member)


def change(dollars: int, effective: str) -> AmountChange:
    return AmountChange(day(effective), dollars * DOLLAR, "new plan")


def test_the_plain_amount() -> None:
    assert limit_at(MONTHLY, NOVEMBER, NOON) == Limit(100 * DOLLAR)


@pytest.mark.parametrize(
    ("now", "dollars"),
    [
        (day("11-10") - 1, 100),
        (day("11-10"), 200),  # From that moment on.
        (day("11-20") - 1, 200),
        (day("11-20"), 50),
        (day("12-24"), 50),  # The period is over: as it stood at its end.
        (day("10-01"), 100),  # It is to come: as it will start.
    ],
)
def test_amounts_change_at_their_moment(now: Micros, dollars: int) -> None:
    terms = replace(MONTHLY, amount_changes=(change(200, "11-10"), change(50, "11-20")))
    assert limit_at(terms, NOVEMBER, now).total == dollars * DOLLAR


@pytest.mark.parametrize(
    ("now", "dollars"),
    [(day("11-10") - 1, 0), (day("11-10"), 30), (day("11-15"), 37), (day("11-20") - 1, 37), (day("11-20"), 7)],
)
def test_increases_hold_from_their_start_until_they_expire(now: Micros, dollars: int) -> None:
    terms = replace(MONTHLY, increases=(increase(30, "11-10", "11-20"), increase(7, "11-15", "12-15")))
    assert limit_at(terms, NOVEMBER, now) == Limit(100 * DOLLAR, dollars * DOLLAR)


def test_members_have_their_own_amounts_and_increases() -> None:
    terms = replace(
        MONTHLY,
        per="user",
        member_amounts=(MemberAmount("ann", 500 * DOLLAR), MemberAmount("", DOLLAR)),
        amount_changes=(change(120, "11-02"),),
        increases=(increase(5, "11-01", "12-01"), increase(40, "11-01", "12-01", "bob")),
    )
    totals = {
        member: limit_at(terms, NOVEMBER, NOON, member=member).total // DOLLAR for member in ("ann", "bob", "eve", "")
    }
    assert totals == {"ann": 505, "bob": 165, "eve": 125, "": 6}
    assert limit_at(terms, NOVEMBER, NOON).total == 125 * DOLLAR


@pytest.mark.parametrize(
    ("carry_over", "left", "carried"),
    [
        (CarryOver(), 40, 0),
        (CarryOver(), -40, 0),
        (CarryOver(unspent=True), 40, 40),
        (CarryOver(unspent=True), -40, 0),
        (CarryOver(overspent=True), 40, 0),
        (CarryOver(overspent=True), -40, -40),
        (CarryOver(True, True, 25 * DOLLAR), 40, 25),
        (CarryOver(True, True, 25 * DOLLAR), -40, -25),
        (CarryOver(True, True, 25 * DOLLAR), 24, 24),
        (CarryOver(True, True, 0), 40, 0),
        (BOTH, 0, 0),
        (BOTH, -1_000, -100),  # A limit does not go below zero.
    ],
)
def test_what_is_carried_over(carry_over: CarryOver, left: int, carried: int) -> None:
    limit = limit_at(replace(MONTHLY, carry_over=carry_over), NOVEMBER, NOON, left_before=left * DOLLAR)
    assert limit == Limit(100 * DOLLAR, 0, carried * DOLLAR)
    assert limit.total >= 0


@pytest.mark.parametrize(
    ("spend", "left"),
    [(0, 107), (60, 47), (107, 0), (120, 0), (137, 0), (150, -13)],
)
def test_an_ended_increase_forgives_what_was_spent_with_it_and_leaves_nothing(spend: int, left: int) -> None:
    terms = replace(MONTHLY, increases=(increase(30, "11-10", "11-20"), increase(7, "11-15", "12-15")))
    assert left_over(terms, NOVEMBER, spend * DOLLAR) == left * DOLLAR


def test_what_a_period_leaves_is_told_by_its_own_amount() -> None:
    terms = replace(
        MONTHLY,
        carry_over=BOTH,
        amount_changes=(change(80, "11-15"), change(999, "12-01")),
        member_amounts=(MemberAmount("ann", 500 * DOLLAR),),
    )
    assert left_over(terms, NOVEMBER, 60 * DOLLAR) == 20 * DOLLAR
    assert left_over(terms, NOVEMBER, 60 * DOLLAR, "ann") == 440 * DOLLAR
    assert left_over(terms, DECEMBER, 60 * DOLLAR) == 939 * DOLLAR


def test_a_period_before_the_budget_leaves_nothing() -> None:
    terms = replace(MONTHLY, carry_over=CarryOver(unspent=True))
    made_in_november = Budget("acme", "b", terms, NOON, NOON, 1)
    assert carried_from(made_in_november, NOVEMBER) is None
    assert carried_from(made_in_november, DECEMBER) == NOVEMBER
    assert carried_from(replace(made_in_november, terms=MONTHLY), DECEMBER) is None


dollars = st.integers(0, 300).map(lambda amount: amount * DOLLAR)


@given(st.lists(dollars, min_size=1, max_size=8), st.none() | dollars)
def test_two_periods_are_enough(spends: list[Picos], maximum: Picos | None) -> None:
    """Period after period, by adding up only what the one before was given of its own."""
    terms = replace(MONTHLY, carry_over=CarryOver(True, True, maximum))
    window = period_at(terms, NOON)
    for before in spends:
        assert window is not None
        after = following(terms, window)
        assert after is not None and preceding(terms, after) == window
        carried = terms.amount - before
        if maximum is not None:
            carried = max(-maximum, min(carried, maximum))
        limit = limit_at(terms, after, after.start, left_before=left_over(terms, window, before))
        assert limit.total == max(0, terms.amount + carried)
        window = after
