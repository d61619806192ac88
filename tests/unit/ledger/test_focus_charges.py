"""What an event counts, as charges."""

from __future__ import annotations

import pytest
from finops.cost.v1.cost_pb2 import CostRecord, Rating

from services.common.dimensions import BUCKETS
from services.ledger.domain.focus.charges import Amounts, Category, Charge, Status, charges
from services.ledger.domain.focus.units import unit_of
from tests.unit.ledger.focus_samples import DOLLAR, GPT_4O, amount, line, priced, rating, record, samples

USAGE = {"input_tokens": 900, "cache_read_tokens": 100, "output_tokens": 50, "requests": 1}


def total(found: list[tuple[Charge, Amounts]]) -> Amounts:
    made = Amounts()
    for _, amounts in found:
        made = made.plus(amounts)
    return made


def views(rated: Rating) -> tuple[int, int, int, int]:
    cost = rated.cost_picos
    return (
        rated.list_cost_picos if rated.HasField("list_cost_picos") else cost,
        rated.contracted_cost_picos if rated.HasField("contracted_cost_picos") else cost,
        cost,
        rated.billed_cost_picos if rated.HasField("billed_cost_picos") else cost,
    )


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.usage.source_event_id)
def test_charges_add_up_to_the_rating(sample: CostRecord) -> None:
    sums = total(charges(sample))
    assert (sums.listed, sums.contracted, sums.effective, sums.billed) == views(sample.rating)
    assert sums.events == 1
    assert sums.unpriced_events == bool(sample.rating.unpriced_buckets)
    assert sums.shadow == sample.rating.shadow_cost_picos


def test_a_bucket_is_a_charge_at_its_price() -> None:
    found = {charge.bucket: (charge, amounts) for charge, amounts in charges(record("e", USAGE, priced(USAGE)))}
    assert set(found) == set(USAGE)
    charge, amounts = found["output_tokens"]
    assert (charge.list_price, charge.contracted_price, charge.status) == (10 * DOLLAR, 10 * DOLLAR, Status.PRICED)
    assert (amounts.quantity, amounts.effective) == (50, 500_000_000)  # 50 / 1,000,000 x $10
    requests, counted = found["requests"]
    assert (requests.status, counted.quantity, counted.listed) == (Status.FREE, 1, 0)


def test_a_contract_s_price_stands_beside_the_list_s() -> None:
    agreed = line("input_tokens", 1_000, 2 * DOLLAR, listed=GPT_4O["input_tokens"])
    [(charge, amounts)] = charges(record("e", {"input_tokens": 1_000}, rating(agreed, list=2_500_000_000)))
    assert (charge.list_price, charge.contracted_price) == (GPT_4O["input_tokens"], 2 * DOLLAR)
    assert (amounts.listed, amounts.contracted, amounts.effective, amounts.billed) == (
        2_500_000_000, 2_000_000_000, 2_000_000_000, 2_000_000_000,
    )  # fmt: skip


def test_a_mark_up_is_no_part_of_the_contract_s_price() -> None:
    """$2.50 less 12.5 percent is $2.1875, and 3 percent more $2.253125; $10 becomes $8.75 and $9.0125."""
    rated = rating(
        line("input_tokens", 1_000_000, 2_253_125_000_000, listed=GPT_4O["input_tokens"]),
        line("output_tokens", 100_000, 9_012_500_000_000, listed=GPT_4O["output_tokens"]),
        list=3_500_000_000_000,
        contracted=3_062_500_000_000,
    )
    usage = {"input_tokens": 1_000_000, "output_tokens": 100_000}
    found = charges(record("e", usage, rated))
    assert [(charge.list_price, charge.contracted_price) for charge, _ in found] == [
        (2_500_000_000_000, 2_187_500_000_000),
        (10_000_000_000_000, 8_750_000_000_000),
    ]
    assert [(amounts.listed, amounts.contracted, amounts.effective, amounts.billed) for _, amounts in found] == [
        (2_500_000_000_000, 2_187_500_000_000, 2_253_125_000_000, 2_253_125_000_000),
        (1_000_000_000_000, 875_000_000_000, 901_250_000_000, 901_250_000_000),
    ]


def test_what_lines_do_not_explain_is_an_adjustment() -> None:
    rated = priced(USAGE)
    rated.billed_cost_picos = rated.cost_picos + 123
    [adjustment] = [each for each in charges(record("e", USAGE, rated)) if each[0].category is Category.ADJUSTMENT]
    assert adjustment[1] == Amounts(quantity=1, billed=123)


def test_what_a_commitment_covers_is_billed_at_nothing() -> None:
    rated = priced(USAGE)
    rated.billed_cost_picos = 0
    found = charges(record("e", USAGE, rated))
    assert all(amounts.billed == 0 for _, amounts in found)
    assert {charge.category for charge, _ in found} == {Category.USAGE}


def test_a_seat_is_bought_and_used() -> None:
    day = 633_333_333_333
    found = charges(record("e", {"seats": 1}, rating(line("seats", 1, day * 1_000_000))))
    assert [(charge.category, amounts._replace(events=0)) for charge, amounts in found] == [
        (Category.USAGE, Amounts(quantity=1, effective=day)),
        (Category.PURCHASE, Amounts(quantity=1, listed=day, contracted=day, billed=day)),
    ]


def test_usage_without_a_price_says_so() -> None:
    found = charges(record("e", USAGE, rating(unpriced=("input_tokens", "output_tokens"), shadow=777)))
    said = {charge.bucket: (charge.status, amounts.unpriced_events, amounts.shadow) for charge, amounts in found}
    assert said["input_tokens"] == (Status.UNPRICED, 1, 777)
    assert said["output_tokens"] == (Status.UNPRICED, 0, 0)
    assert said["cache_read_tokens"][0] is Status.FREE


@pytest.mark.parametrize(
    ("event", "category"),
    [
        ("billed", Category.USAGE),
        ("by-hand", Category.ADJUSTMENT),
        ("credit", Category.CREDIT),
        ("tax", Category.TAX),
    ],
)
def test_an_amount_s_category(event: str, category: Category) -> None:
    sample = next(each for each in samples() if each.usage.source_event_id == event)
    [found] = [charge for charge, _ in charges(sample) if charge.status is Status.AMOUNT]
    assert found.category is category


def test_an_amount_keeps_the_quantities_it_was_billed_for() -> None:
    found = charges(record("e", USAGE, amount(7)))
    assert {charge.bucket: amounts.quantity for charge, amounts in found} == {**USAGE, "": 1}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_units_keep_quantities_exact(bucket: str) -> None:
    unit = unit_of(bucket)
    assert 1_000_000 % unit.consumed == 1_000_000 % unit.priced == 0


def test_a_payment_in_advance_is_a_purchase_and_no_use() -> None:
    found = charges(record("e", {}, amount(0, billed=9 * DOLLAR), tags={"charge": "Purchase"}))
    assert [(charge.category, amounts) for charge, amounts in found] == [
        (Category.PURCHASE, Amounts(quantity=1, billed=9 * DOLLAR, events=1))
    ]
