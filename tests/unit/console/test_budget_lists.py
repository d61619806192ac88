"""Terms of which a budget has many, as rows of the form and back."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from finops.budget.v1 import budget_pb2 as pb

from services.common import money
from services.common.clock import to_micros
from services.common.errors import InvalidArgumentError
from services.common.money import PICOS_PER_DOLLAR
from services.console.domain import budget_lists as lists

BERLIN = ZoneInfo("Europe/Berlin")


def test_two_burn_rates_of_one_percentage_stay_two() -> None:
    burn, again = pb.ThresholdRule.BASIS_BURN_RATE, pb.ThresholdRule.REARM_WHEN_BACK_BELOW
    rules = [
        pb.ThresholdRule(basis=burn, percent=300, window_hours=6, rearm=again),
        pb.ThresholdRule(basis=burn, percent=300, window_hours=48),
        pb.ThresholdRule(basis=pb.ThresholdRule.BASIS_ACTUAL, percent=80, rearm=again),
    ]
    term = lists.rules()
    rows = [dict(row) for row in term.rows(rules)]
    assert term.messages(rows, rules) == rules
    rows[0]["percent"] = "350"
    del rows[2]
    changed = term.messages(rows, rules)
    assert [(rule.percent, rule.window_hours, rule.rearm) for rule in changed] == [(350, 6, again), (300, 48, 0)]


def test_a_row_nobody_touched_keeps_what_it_does_not_show() -> None:
    start = to_micros(datetime(2026, 12, 1, 9, tzinfo=UTC)) + 123_456
    before = [
        pb.TemporaryIncrease(
            amount=money.to_proto(5 * PICOS_PER_DOLLAR), start_unix_micros=start, expire_unix_micros=start + 10**9,
            reason="launch", author="ann", member="bob",
        )
    ]  # fmt: skip
    term = lists.increases(BERLIN)
    (row,) = term.rows(before)
    assert row["start"] == "2026-12-01T10:00:00"
    assert term.messages([row], before) == before
    (touched,) = term.messages([{**row, "amount": "$1,000.50"}], before)
    assert money.from_proto(touched.amount) == 1_000_500 * PICOS_PER_DOLLAR // 1_000
    assert (touched.start_unix_micros, touched.author) == (start - 123_456, ""), "who changed it is the author now"


def test_rows_that_are_alike_stay_as_many_as_they_are() -> None:
    rule = pb.ThresholdRule(basis=pb.ThresholdRule.BASIS_FORECAST, percent=100)
    rows = lists.rules().rows([rule])
    assert len(lists.rules().messages([*rows, *rows], [rule])) == 2


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"effective": "", "amount": "1", "reason": ""}, "row 1: a day and a time are missing"),
        ({"effective": "2026-12-01T00:00", "amount": "much", "reason": ""}, "row 1: 'much' is not a decimal"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(row: lists.Row, told: str) -> None:
    with pytest.raises(InvalidArgumentError, match=told):
        lists.amount_changes(BERLIN).messages([row], [])


def test_a_member_that_was_forgotten_is_asked_for_but_one_without_a_name_that_was_there_stays() -> None:
    with pytest.raises(InvalidArgumentError, match="row 1: whose amount is it"):
        lists.members().messages([{"member": " ", "amount": "500"}], [])
    nameless = pb.MemberAmount(member="", amount=money.to_proto(500))
    assert lists.members().messages(lists.members().rows([nameless]), [nameless]) == [nameless]


def test_moments_are_those_of_the_budgets_zone_through_changes_of_the_clocks() -> None:
    (change,) = lists.amount_changes(BERLIN).messages(
        [{"effective": "2026-10-25T02:30:00", "amount": "7", "reason": "autumn"}], []
    )
    assert change.effective_unix_micros == to_micros(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)), "the earlier of two"
    (own,) = lists.members().messages([{"member": " ann ", "amount": "500"}], [])
    assert (own.member, lists.plain(money.from_proto(own.amount))) == ("ann", "500")
