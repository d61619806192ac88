"""Each field of a budget: what is refused, and under which name."""

from __future__ import annotations

import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import Money

from services.budget.domain.codec import message_of
from services.budget.domain.rules import masked, signed, terms_of
from services.budget.domain.terms import TemporaryIncrease
from services.common.clock import DAY, parse_rfc3339
from services.common.errors import InvalidArgumentError
from tests.unit.budget.world import monthly

NOW = parse_rfc3339("2026-11-23T12:00:00Z")
DOLLAR = Money(currency_code="USD", units=1)
DAILY = pb.RollingWindow.UNIT_DAY
BURN = pb.ThresholdRule.BASIS_BURN_RATE


def increase(**fields: object) -> pb.TemporaryIncrease:
    whole: dict[str, object] = {
        "amount": DOLLAR, "start_unix_micros": NOW, "expire_unix_micros": NOW + DAY, "reason": "launch",
    }  # fmt: skip
    return pb.TemporaryIncrease(**(whole | fields))  # type: ignore[arg-type]


def change(**fields: object) -> pb.AmountChange:
    return pb.AmountChange(**({"amount": DOLLAR, "effective_unix_micros": NOW} | fields))  # type: ignore[arg-type]


def custom(first: str, last: str, time_zone: str = "", carry_over: pb.CarryOver | None = None) -> pb.Budget:
    days = pb.CustomRange(first_day=first, last_day=last)
    return monthly(period=pb.PERIOD_CUSTOM, custom_range=days, time_zone=time_zone, carry_over=carry_over)


def rolling(unit: object, count: int) -> pb.Budget:
    return monthly(period=pb.PERIOD_ROLLING, rolling_window=pb.RollingWindow(unit=unit, count=count))  # type: ignore[arg-type]


def member(name: str, amount: Money = DOLLAR) -> pb.MemberAmount:
    return pb.MemberAmount(member=name, amount=amount)


WRONG = [
    (monthly(parent="company"), "parent"),
    (monthly(parent="budgets/Company"), "parent"),
    (monthly(per="tenant"), "per"),
    (monthly(per="colour"), "per"),
    (monthly(per="tag:"), "per"),
    (monthly(member_amounts=[member("ann")]), "member_amounts"),
    (monthly(per="user", member_amounts=[member("ann"), member("ann")]), "member_amounts"),
    (monthly(per="user", member_amounts=[member(f"u{n}") for n in range(5_001)]), "member_amounts"),
    (monthly(per="user", member_amounts=[member("ann"), member("bob", Money())]), "member_amounts[1].amount"),
    (monthly(per="user", member_amounts=[member("x" * 513)]), "member_amounts[0].member"),
    (monthly(calendar=pb.Calendar(year_start_month=13)), "calendar.year_start_month"),
    (monthly(calendar=pb.Calendar(year_start_day=29)), "calendar.year_start_day"),
    (monthly(calendar=pb.Calendar(week_start=8)), "calendar.week_start"),  # type: ignore[arg-type]
    (monthly(calendar=pb.Calendar(week_pattern=4)), "calendar.week_pattern"),  # type: ignore[arg-type]
    (monthly(custom_range=pb.CustomRange(first_day="2026-01-01", last_day="2026-01-31")), "custom_range"),
    (monthly(period=pb.PERIOD_CUSTOM), "custom_range"),
    (custom("2026-02-29", "2026-03-01"), "custom_range.first_day"),
    (custom("20260201", "2026-03-01"), "custom_range.first_day"),
    (custom("2026-02-01", "soon"), "custom_range.last_day"),
    (custom("2026-02-02", "2026-02-01"), "custom_range.last_day"),
    (custom("2026-02-02", "2036-12-01"), "custom_range.last_day"),
    (custom("2011-12-30", "2011-12-30", time_zone="Pacific/Apia"), "custom_range"),
    (monthly(rolling_window=pb.RollingWindow(unit=DAILY, count=7)), "rolling_window"),

    (custom("2026-01-01", "2026-01-02", carry_over=pb.CarryOver(unspent=True)), "carry_over"),
    (monthly(carry_over=pb.CarryOver(maximum=DOLLAR)), "carry_over"),
    (monthly(carry_over=pb.CarryOver(unspent=True, maximum=Money(units=-1))), "carry_over.maximum"),
    (monthly(increases=[increase(amount=Money())]), "increases[0].amount"),
    (monthly(increases=[increase(), increase(expire_unix_micros=NOW)]), "increases[1].expire_unix_micros"),
    (monthly(increases=[increase(start_unix_micros=0)]), "increases[0].start_unix_micros"),
    (monthly(increases=[increase(reason=" ")]), "increases[0].reason"),
    (monthly(increases=[increase(reason="x" * 501)]), "increases[0].reason"),
    (monthly(increases=[increase(member="ann")]), "increases[0].member"),
    (monthly(increases=[increase()] * 101), "increases"),
    (monthly(amount_changes=[change(amount=Money(currency_code="EUR", units=1))]), "amount_changes[0].amount"),
    (monthly(amount_changes=[change(effective_unix_micros=0)]), "amount_changes[0].effective_unix_micros"),
    (monthly(amount_changes=[change(effective_unix_micros=2**62)]), "amount_changes[0].effective_unix_micros"),
    (monthly(amount_changes=[change(), change()]), "amount_changes"),
    (monthly(threshold_rules=[pb.ThresholdRule(percent=0)]), "threshold_rules[0].percent"),
    (monthly(threshold_rules=[pb.ThresholdRule(percent=1_001)]), "threshold_rules[0].percent"),
    (monthly(threshold_rules=[pb.ThresholdRule(percent=9, basis=4)]), "threshold_rules[0].basis"),  # type: ignore[arg-type]
    (monthly(threshold_rules=[pb.ThresholdRule(percent=9, rearm=3)]), "threshold_rules[0].rearm"),  # type: ignore[arg-type]
    (monthly(threshold_rules=[pb.ThresholdRule(percent=9, window_hours=3)]), "threshold_rules[0].window_hours"),
    (monthly(threshold_rules=[pb.ThresholdRule(percent=9, basis=BURN, window_hours=745)]),
     "threshold_rules[0].window_hours"),
    (monthly(threshold_rules=[pb.ThresholdRule(percent=9), pb.ThresholdRule(percent=9, basis=1)]), "threshold_rules"),  # type: ignore[arg-type]
    (monthly(threshold_rules=[pb.ThresholdRule(percent=n + 1) for n in range(21)]), "threshold_rules"),
    (monthly(failure_mode=3), "failure_mode"),
    (monthly(labels={"": "x"}), "labels[]"),
    (monthly(labels={"a b": "x"}), "labels[a b]"),
    (monthly(labels={"a": "x" * 256}), "labels[a]"),
    (monthly(labels={f"l{n}": "" for n in range(33)}), "labels"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "field"), WRONG, ids=[f"{n}-{field}" for n, (_, field) in enumerate(WRONG)])
def test_each_wrong_field_is_named(message: pb.Budget, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        terms_of(message)
    assert [violation.field for violation in raised.value.violations] == [f"budget.{field}"]


@pytest.mark.parametrize(
    "message",
    [
        monthly(per="tag:feature", member_amounts=[member(""), member("answers")], increases=[increase(member="ann")]),
        custom("2026-02-28", "2026-02-28"),
        monthly(carry_over=pb.CarryOver(overspent=True, maximum=DOLLAR)),
        monthly(amount_changes=[change(effective_unix_micros=NOW + 1), change()]),
        monthly(threshold_rules=[pb.ThresholdRule(percent=150, basis=BURN), pb.ThresholdRule(percent=80)]),
        monthly(labels={"team/owner": "search", "a": ""}, parent="budgets/company", count_committed=True),
    ],
    ids=["members", "one-day", "carry-over", "changes", "rules", "labels"],
)
def test_what_is_allowed_reads_the_same_again(message: pb.Budget) -> None:
    terms = terms_of(message)
    assert terms_of(message_of(terms)) == terms


def test_rules_of_both_kinds_are_each_there_once() -> None:
    terms = terms_of(monthly(threshold_percents=[50, 80], threshold_rules=[
        pb.ThresholdRule(percent=80), pb.ThresholdRule(percent=80, basis=pb.ThresholdRule.BASIS_FORECAST),
    ]))  # fmt: skip
    assert [(rule.basis.name, rule.percent) for rule in terms.rules] == [
        ("ACTUAL", 50), ("ACTUAL", 80), ("FORECAST", 80),
    ]  # fmt: skip
    assert terms.thresholds == (50, 80)


def test_a_mask_clears_what_the_message_leaves_out() -> None:
    before = monthly(per="user", labels={"a": "b"}, carry_over=pb.CarryOver(unspent=True), increases=[increase()])
    cleared = masked(before, pb.Budget(labels={"c": "d"}), ["labels", "carry_over", "increases"])
    assert dict(cleared.labels) == {"c": "d"}
    assert not cleared.HasField("carry_over")
    assert not cleared.increases
    assert cleared.per == "user"


def test_the_author_of_an_increase_is_whoever_asked_for_it_first() -> None:
    granted = TemporaryIncrease(10**12, NOW, NOW + DAY, "launch", "ann")
    wanted = terms_of(monthly(increases=[increase(author="mallory"), increase(reason="more", author="ann")]))
    assert [i.author for i in signed(wanted, [granted], "bob").increases] == ["ann", "bob"]
