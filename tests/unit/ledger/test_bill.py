"""Bills by hand: each test's arithmetic is written beside it. Amounts in dollars."""

from __future__ import annotations

from fractions import Fraction

from services.common.clock import DAY
from services.common.money import PICOS_PER_DOLLAR, parse_dollars
from services.ledger.domain.bill_cells import Cause
from services.ledger.domain.bill_reconciliation import Line, reconcile
from services.ledger.domain.bill_rows import (
    Account,
    Charge,
    MeteredRow,
    ReportedRow,
    Tenancy,
    bucket_of,
    charge_of,
    family,
)

M = 10**6
CENT = PICOS_PER_DOLLAR // 100


def _of(day: int = 1, provider: str = "openai") -> Tenancy:
    return Tenancy("acme", provider, day * DAY)


def _cost(
    dollars: str, *, bucket: str = "", key: str = "k1", model: str = "gpt-4o", source: str = "openai-costs",
    day: int = 1, slack: int = 0, charge: Charge = Charge.USE, **tokens: int,
) -> ReportedRow:  # fmt: skip
    account = Account("p1", key, model)
    return ReportedRow(_of(day), account, source, True, parse_dollars(dollars), slack, tokens, charge, bucket)


def _usage(dollars: str = "0", *, key: str = "k1", model: str = "gpt-4o", day: int = 1, **tokens: int) -> ReportedRow:
    return ReportedRow(
        _of(day), Account("p1", key, model), "openai-usage", False, parse_dollars(dollars), tokens=tokens
    )


def _metered(
    dollars: str, *, project: str = "p1", key: str = "k1", model: str = "gpt-4o", day: int = 1, shadow: str = "0",
    seats: str = "0", booked: str = "0", **tokens: int,
) -> MeteredRow:  # fmt: skip
    money = [parse_dollars(text) for text in (dollars, shadow, seats, booked)]
    return MeteredRow(_of(day), Account(project, key, model), *money, tokens)


def _why(line: Line) -> dict[str, Fraction]:
    assert sum(line.explanations.values()) == line.reported - line.metered
    return {cause.name: Fraction(amount, PICOS_PER_DOLLAR) for cause, amount in line.explanations.items()}


def _dollars(text: str) -> Fraction:
    return Fraction(text)


def test_what_agrees_needs_no_explanation() -> None:
    # 4 million tokens of input at $2.50 a million.
    [line] = reconcile([_cost("10"), _usage(input_tokens=4 * M)], [_metered("10", input_tokens=4 * M)])
    assert (line.reported, line.metered, _why(line)) == (parse_dollars("10"), parse_dollars("10"), {})
    assert (line.cost_source, line.usage_source) == ("openai-costs", "openai-usage")


def test_usage_beside_an_amount_is_never_added_to_it() -> None:
    # The ledger rates the usage report at $10 as well; the bill is $10, not $20.
    [line] = reconcile([_cost("10"), _usage("10", input_tokens=4 * M)], [_metered("10", input_tokens=4 * M)])
    assert line.reported == parse_dollars("10")


def test_of_two_bills_the_vendors_own_counts() -> None:
    rows = [_cost("11", source="focus"), _cost("10"), _usage(input_tokens=4 * M)]
    [line] = reconcile(rows, [_metered("10", input_tokens=4 * M)])
    assert (line.reported, line.cost_source) == (parse_dollars("10"), "openai-costs")


def test_an_agents_own_figures_are_no_bill() -> None:
    [line] = reconcile([_cost("10", source="claude-code")], [_metered("3", input_tokens=M)])
    assert _why(line) == {"NO_REPORT": -3}


def test_missing_events_count_at_the_bills_price_of_each_bucket() -> None:
    # Billed: 4M input for $10 and 1M output for $10. Metered: 3M and 0.9M, at the same prices $7.50 + $9.
    # Missing: 1M input at 10/4M = $2.50, 0.1M output at $10/1M = $1.
    reported = [
        _cost("10", bucket="input_tokens"), _cost("10", bucket="output_tokens"),
        _usage(input_tokens=4 * M, output_tokens=M),
    ]  # fmt: skip
    [line] = reconcile(reported, [_metered("16.5", input_tokens=3 * M, output_tokens=900_000)])
    assert _why(line) == {"MISSING_EVENTS": _dollars("3.5")}


def test_missing_and_extra_events_stand_beside_each_other() -> None:
    # Input: 1M too few at $2.50. Output: 0.5M too many at $10 a million, so $5 less was billed for it.
    reported = [
        _cost("10", bucket="input_tokens"), _cost("10", bucket="output_tokens"),
        _usage(input_tokens=4 * M, output_tokens=M),
    ]  # fmt: skip
    [line] = reconcile(reported, [_metered("22.5", input_tokens=3 * M, output_tokens=1_500_000)])
    assert _why(line) == {"MISSING_EVENTS": _dollars("2.5"), "EXTRA_EVENTS": -5}


def test_reasoning_is_output() -> None:
    reported = [_cost("10"), _usage(output_tokens=M)]
    [line] = reconcile(reported, [_metered("10", output_tokens=400_000, reasoning_tokens=600_000)])
    assert _why(line) == {}


def test_without_counted_tokens_missing_events_cannot_be_told() -> None:
    [line] = reconcile([_cost("10")], [_metered("7", input_tokens=3 * M)])
    assert _why(line) == {"UNEXPLAINED": 3}


def test_what_nobody_metered_and_nobody_counted_is_unexplained() -> None:
    reported = [_cost("10"), _usage(input_tokens=4 * M), _cost("1.25", model="web search tool calls")]
    lines = reconcile(reported, [_metered("10", input_tokens=4 * M)])
    assert {line.account.model: _why(line) for line in lines} == {
        "gpt-4o": {}, "web search tool calls": {"UNEXPLAINED": _dollars("1.25")},
    }  # fmt: skip


def test_what_was_metered_and_is_not_on_the_bill_is_extra() -> None:
    reported = [_cost("10"), _usage(input_tokens=4 * M)]
    metered = [_metered("10", input_tokens=4 * M), _metered("2", model="o3", input_tokens=M)]
    lines = reconcile(reported, metered)
    assert {line.account.model: _why(line) for line in lines} == {"gpt-4o": {}, "o3": {"EXTRA_EVENTS": -2}}


def test_unpriced_use_explains_as_much_as_its_shadow() -> None:
    # Billed $10; metered $4 with a price, and more that would cost $5. One dollar is the price's: 10 against 9.
    [line] = reconcile([_cost("10"), _usage(input_tokens=4 * M)], [_metered("4", shadow="5", input_tokens=4 * M)])
    assert _why(line) == {"UNPRICED": 5, "PRICE": 1}


def test_a_shadow_beyond_the_difference_explains_just_that() -> None:
    [line] = reconcile([_cost("10"), _usage(input_tokens=4 * M)], [_metered("4", shadow="60", input_tokens=4 * M)])
    assert _why(line) == {"UNPRICED": 6}


def test_a_day_nobody_reported() -> None:
    lines = reconcile(
        [_cost("10"), _usage(input_tokens=4 * M)],
        [_metered("10", input_tokens=4 * M), _metered("8", day=2, input_tokens=3 * M)],
    )
    assert [_why(line) for line in lines] == [{}, {"NO_REPORT": -8}]
    assert lines[1].cost_source == ""


def test_rounding_explains_no_more_than_it_can_hide() -> None:
    # Two rows in whole cents may hide a cent together.
    for metered, why in (("9.991", {"ROUNDING": _dollars("0.009")}), ("9.989", {"PRICE": _dollars("0.011")})):
        reported = [_cost("10", slack=CENT), _usage(input_tokens=4 * M)]
        [line] = reconcile(reported, [_metered(metered, input_tokens=4 * M)])
        assert _why(line) == why


def test_a_steady_proportion_on_three_days_is_a_discount() -> None:
    # A tenth less each day; on the fourth day a quarter less, which is another price.
    reported, metered = [], []
    for day, (billed, used) in enumerate((("9", "10"), ("18", "20"), ("2.7", "3"), ("7.5", "10")), 1):
        reported += [_cost(billed, day=day), _usage(day=day, input_tokens=M)]
        metered.append(_metered(used, day=day, input_tokens=M))
    assert [_why(line) for line in reconcile(reported, metered)] == [
        {"DISCOUNT": -1}, {"DISCOUNT": -2}, {"DISCOUNT": _dollars("-0.3")}, {"PRICE": _dollars("-2.5")},
    ]  # fmt: skip


def test_two_days_are_no_discount_yet() -> None:
    reported = [row for day in (1, 2) for row in (_cost("9", day=day), _usage(day=day, input_tokens=M))]
    lines = reconcile(reported, [_metered("10", day=day, input_tokens=M) for day in (1, 2)])
    assert [_why(line) for line in lines] == [{"PRICE": -1}, {"PRICE": -1}]


def test_a_steadily_higher_price_is_no_discount() -> None:
    reported = [row for day in (1, 2, 3) for row in (_cost("11", day=day), _usage(day=day, input_tokens=M))]
    lines = reconcile(reported, [_metered("10", day=day, input_tokens=M) for day in (1, 2, 3)])
    assert [_why(line) for line in lines] == [{"PRICE": 1}] * 3


def test_metered_use_without_the_bills_keys_is_set_against_them() -> None:
    # $10 without a key, against $6 (k1, 2.4M) and $6 (k2, 2.4M) on the bill: half each. Of the tokens 0.4M are missing
    # under each key: at 6/2.4M = $2.50 a million, $1.
    reported = [_cost("6", key=key) for key in ("k1", "k2")] + [
        _usage(key=k, input_tokens=2_400_000) for k in ("k1", "k2")
    ]
    lines = reconcile(reported, [_metered("10", project="search", key="", input_tokens=4 * M)])
    assert {line.account.key: _why(line) for line in lines} == {
        "": {"UNATTRIBUTED": -10},
        "k1": {"MISSING_EVENTS": 1, "UNATTRIBUTED": 5},
        "k2": {"MISSING_EVENTS": 1, "UNATTRIBUTED": 5},
    }  # fmt: skip


def test_keys_that_the_bill_never_names_are_not_compared() -> None:
    reported = [_cost("10", key=""), _usage(key="k1", input_tokens=M), _usage(key="k2", input_tokens=3 * M)]
    metered = [_metered("4", key="a", input_tokens=M), _metered("6", key="b", input_tokens=3 * M)]
    [line] = reconcile(reported, metered)
    assert (line.account, _why(line)) == (Account("p1", "", "gpt-4o"), {})


def test_snapshots_of_a_model_are_one_model() -> None:
    reported = [_cost("10", model="gpt-4o-2024-08-06"), _usage(model="gpt-4o-2024-08-06", input_tokens=M)]
    [line] = reconcile(reported, [_metered("10", input_tokens=M)])
    assert (line.account.model, _why(line)) == ("gpt-4o", {})


def test_taxes_credits_purchases_seats_and_bookings_stand_apart() -> None:
    # Use agrees at $10. Beside it: tax 1.90, credit -2, a commitment 50, seats 19 billed of which 18 were amortised,
    # and an adjustment of $3 booked here. 10 + 1.9 - 2 + 50 + 19 = 78.9 against 10 + 18 + 3 = 31: 47.9.
    reported = [
        _cost("10"), _usage(input_tokens=4 * M), _cost("1.9", charge=Charge.TAX), _cost("-2", charge=Charge.CREDIT),
        _cost("50", charge=Charge.PURCHASE), _cost("19", charge=Charge.SEATS),
    ]  # fmt: skip
    [line] = reconcile(reported, [_metered("31", seats="18", booked="3", input_tokens=4 * M)])
    assert line.reported - line.metered == parse_dollars("47.9")
    assert _why(line) == {
        "DISCOUNT": -2, "SEATS": 1, "TAX": _dollars("1.9"), "PURCHASE": 50, "BOOKED": -3,
    }  # fmt: skip


def test_a_report_of_usage_alone_is_rated_by_the_ledger() -> None:
    # 4M reported, rated at $10; 3M metered, $7.50.
    [line] = reconcile([_usage("10", input_tokens=4 * M)], [_metered("7.5", input_tokens=3 * M)])
    assert (line.cost_source, line.reported, _why(line)) == (
        "openai-usage", parse_dollars("10"), {"MISSING_EVENTS": _dollars("2.5")},
    )  # fmt: skip


def test_a_bill_with_its_own_quantities_needs_no_other_report() -> None:
    # FOCUS: one row a meter. 2M of 3M input tokens were metered: 1M at 6/3M = $2.
    row = _cost("6", source="focus", bucket="input_tokens", input_tokens=3 * M)
    [line] = reconcile([row], [_metered("4", input_tokens=2 * M)])
    assert (_why(line), line.usage_source) == ({"MISSING_EVENTS": 2}, "")


def test_reading_what_rows_say_of_themselves() -> None:
    assert bucket_of("cache_creation.ephemeral_1h_input_tokens", "", {}) == "cache_write_1h_tokens"
    assert bucket_of("", "gpt-4o-2024-08-06, cached input", {}) == "cache_read_tokens"
    assert bucket_of("", "web search tool calls", {}) == ""
    assert bucket_of("", "", {"credit_micros": 5}) == "credit_micros"
    assert [charge_of(word, "") for word in ("Tax", "Credit", "Purchase", "")] == [
        Charge.TAX, Charge.CREDIT, Charge.PURCHASE, Charge.USE,
    ]  # fmt: skip
    assert charge_of("", "UserMonths") is Charge.SEATS
    assert [family(m) for m in ("gpt-4o-2024-08-06", "claude-sonnet-4-20250514", "o3@20250416", "GPT-4o")] == [
        "gpt-4o", "claude-sonnet-4", "o3", "gpt-4o",
    ]  # fmt: skip


def test_causes_are_those_of_the_contract() -> None:
    from finops.ledger.v1.ledger_pb2 import BillCause

    assert {f"BILL_CAUSE_{cause.name}": cause.value for cause in Cause} == {
        name: value for name, value in BillCause.items() if value
    }
