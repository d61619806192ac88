"""Contracts in the four views of cost; the arithmetic is written out beside each figure."""

from __future__ import annotations

from datetime import date

import pytest
from finops.cost.v1.cost_pb2 import Rating, RatingStatus
from finops.pricing.v1.pricing_pb2 import PriceBatchResponse

from services.pricing.domain import serialized
from services.pricing.domain.batches import price_all
from services.pricing.domain.contracts import day_of_year
from services.pricing.domain.fx import Rates, parse_rate
from services.pricing.domain.rating import Pricer
from services.pricing.domain.revisions import Costs
from services.pricing.domain.terms import Allowance, Commitment, Contract, Period, Scope
from tests.unit.pricing.agreements import contract, fixed, percent, picos, rate
from tests.unit.pricing.events import at, usage

MILLION = 1_000_000


def views(rating: Rating) -> tuple[int, int, int, int]:
    """List, contracted, effective, billed."""
    costs = Costs.of(rating)
    return costs.listed, costs.contracted, costs.effective, costs.billed


def gpt4o(pricer: Pricer, *contracts: Contract, rates: Rates | None = None, tenant: str = "acme") -> Rating:
    """A million tokens of input ($2.50 at list) and 100,000 of output ($10 a million: $1.00)."""
    pricer.use_contracts(list(contracts), rates or Rates())
    return pricer.rate(usage("openai", "gpt-4o", input_tokens=MILLION, output_tokens=100_000), tenant)


def test_without_a_contract_every_view_is_the_list_price(pricer: Pricer) -> None:
    rating = gpt4o(pricer)
    assert views(rating) == (picos("3.50"),) * 4
    assert not any(rating.HasField(f"{view}_cost_picos") for view in ("list", "contracted", "billed"))


def test_a_discount_lowers_all_but_the_list_cost(pricer: Pricer) -> None:
    """12.5 percent: $2.50 x 0.875 = $2.1875; $10 x 0.875 = $8.75, a tenth of it $0.875; together $3.0625."""
    rating = gpt4o(pricer, contract(discounts=(percent("12.5", "openai"),)))
    assert views(rating) == (picos("3.50"), picos("3.0625"), picos("3.0625"), picos("3.0625"))
    assert rating.price_id == "openai/gpt-4o@contract"
    assert [(line.price_picos_per_million, line.list_price_picos_per_million) for line in rating.lines] == [
        (picos("2.1875"), picos("2.50")),
        (picos("8.75"), picos("10")),
    ]
    assert not rating.HasField("contracted_cost_picos")


def test_a_marketplace_adds_to_the_contracted_price(pricer: Pricer) -> None:
    """Contracted $3.0625 as above; the marketplace's 3 percent: $2.1875 x 1.03 = $2.253125, $8.75 x 1.03 = $9.0125, a
    tenth $0.90125; together $3.154375, which is what the invoice says."""
    rating = gpt4o(pricer, contract(discounts=(percent("12.5"),), markups=(percent("3"),)))
    assert views(rating) == (picos("3.50"), picos("3.0625"), picos("3.154375"), picos("3.154375"))


def test_a_fixed_price_is_not_discounted(pricer: Pricer) -> None:
    """Input fixed at $2; output at list less 10 percent: $10 x 0.9 / 10 = $0.90."""
    agreed = contract(discounts=(percent("10"),), prices=(fixed("openai", "gpt-4o", input_tokens="2"),))
    assert views(gpt4o(pricer, agreed)) == (picos("3.50"), picos("2.90"), picos("2.90"), picos("2.90"))


def test_a_fixed_price_that_equals_the_list_is_not_discounted_either(pricer: Pricer) -> None:
    agreed = contract(discounts=(percent("10"),), prices=(fixed("openai", "gpt-4o", input_tokens="2.50"),))
    assert views(gpt4o(pricer, agreed))[1] == picos("2.50") + picos("0.90")


def test_in_a_batch_the_lists_own_price_is_discounted(pricer: Pricer) -> None:
    """Batch at list is $1.25; a fixed standard price does not change it, the discount does: $1.125."""
    agreed = contract(discounts=(percent("10"),), prices=(fixed("openai", "gpt-4o", input_tokens="2"),))
    pricer.use_contracts([agreed], Rates())
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=MILLION, batch=True), "acme")
    assert views(rating)[:2] == (picos("1.25"), picos("1.125"))


def test_what_follows_from_a_fixed_price_is_fixed(pricer: Pricer) -> None:
    """Reasoning is billed as output, also where that is fixed."""
    agreed = contract(discounts=(percent("50"),), prices=(fixed("openai", "o3", output_tokens="7"),))
    pricer.use_contracts([agreed], Rates())
    assert pricer.rate(usage("openai", "o3", reasoning_tokens=MILLION), "acme").cost_picos == picos("7")


def test_a_withheld_fraction_is_rounded_half_to_even_a_price(pricer: Pricer) -> None:
    """A third off is no round number: 33.3333 percent of $2.50 leaves $1.6666675 a million tokens, which is exact; of
    three tokens' price nothing is lost either: 3 x 1,666,667.5 = 5,000,002.5 picodollars, half to even 5,000,002."""
    pricer.use_contracts([contract(discounts=(percent("33.3333"),))], Rates())
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=3), "acme")
    assert rating.lines[0].price_picos_per_million == 1_666_667_500_000
    assert views(rating)[:2] == (7_500_000, 5_000_002)


@pytest.mark.parametrize(
    ("terms", "contracted"),
    [
        ((percent("10", "openai", "gpt-4o"), percent("20")), "3.15"),
        ((percent("20"), percent("10", "openai", "gpt-4o")), "2.80"),
        ((percent("10", "openai", "gpt-4"), percent("20", "openai", "gpt-4?")), "2.80"),
        ((percent("10", "anthropic"),), "3.50"),
        ((percent("10", "openai", "*-mini", "gpt-4*"),), "3.15"),
    ],
)
def test_the_first_discount_that_covers_a_model_counts(pricer: Pricer, terms: tuple, contracted: str) -> None:  # type: ignore[type-arg]
    assert views(gpt4o(pricer, contract(discounts=terms)))[1] == picos(contracted)


def test_a_glob_also_covers_the_dated_name(pricer: Pricer) -> None:
    pricer.use_contracts([contract(discounts=(percent("10", "openai", "gpt-4o"),))], Rates())
    rating = pricer.rate(usage("openai", "gpt-4o-2024-08-06", input_tokens=MILLION), "acme")
    assert rating.cost_picos == picos("2.25")


def test_the_contract_that_starts_last_counts_from_its_day_to_its_end(pricer: Pricer) -> None:
    starts, ends = at(2026, 6, 1), at(2026, 7, 1)
    agreed = [
        contract("frame", discounts=(percent("10"),)),
        contract("june", starts=starts, ends=ends, discounts=(percent("20"),)),
    ]
    pricer.use_contracts(agreed, Rates())
    costs = [
        pricer.rate(usage("openai", "gpt-4o", time=time, input_tokens=MILLION), "acme").cost_picos
        for time in (at(2025, 12, 31, 23), at(2026, 1, 1), starts - 1, starts, ends - 1, ends)
    ]
    assert costs == [picos(dollars) for dollars in ("2.50", "2.25", "2.25", "2.00", "2.00", "2.25")]


def test_prices_in_euros_are_converted_at_the_rate_of_the_day(pricer: Pricer) -> None:
    """Two euros a million. Friday 1.10, Monday 1.2345: on Saturday Friday's rate counts."""
    friday, monday = at(2026, 11, 20), at(2026, 11, 23)
    agreed = contract(currency="EUR", prices=(fixed("openai", "gpt-4o", currency="EUR", input_tokens="2"),))
    pricer.use_contracts([agreed], Rates([rate(friday, "1.10"), rate(monday, "1.2345")]))
    ratings = [
        pricer.rate(usage("openai", "gpt-4o", time=time, input_tokens=MILLION), "acme")
        for time in (friday, at(2026, 11, 21, 12), monday - 1, monday)
    ]
    assert [rating.cost_picos for rating in ratings] == [picos(d) for d in ("2.20", "2.20", "2.20", "2.469")]
    assert {views(rating)[0] for rating in ratings} == {picos("2.50")}


def test_before_the_first_rate_the_price_is_withheld(pricer: Pricer) -> None:
    agreed = contract(currency="EUR", prices=(fixed("openai", "gpt-4o", currency="EUR", input_tokens="2"),))
    pricer.use_contracts([agreed], Rates([rate(at(2026, 11, 20), "1.10")]))
    rating = pricer.rate(
        usage("openai", "gpt-4o", time=at(2026, 11, 19), input_tokens=MILLION, output_tokens=1), "acme"
    )
    assert rating.status == RatingStatus.RATING_STATUS_PARTIAL
    assert rating.unpriced_buckets == ["input_tokens"]
    assert rating.assumptions == ["no rate of EUR on or before the day"]


def test_where_nothing_else_has_a_price_the_missing_rate_is_told_too(pricer: Pricer) -> None:
    agreed = contract(
        currency="EUR", prices=(fixed("openai", "gpt-4o", currency="EUR", input_tokens="2", requests="9"),)
    )
    pricer.use_contracts([agreed], Rates())
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=MILLION, requests=1), "acme")
    assert rating.status == RatingStatus.RATING_STATUS_UNPRICED
    assert rating.unpriced_buckets == ["input_tokens", "requests"]
    assert rating.assumptions == ["no rate of EUR on or before the day"]


def test_tenants_never_see_each_others(pricer: Pricer) -> None:
    euros = fixed("openai", "gpt-4o", currency="EUR", input_tokens="2")
    agreed = [
        contract("c", tenant="acme", currency="EUR", prices=(euros,)),
        contract("c", tenant="globex", discounts=(percent("50"),)),
    ]
    rates = Rates([rate(at(2026, 1, 1), "1.5"), rate(at(2026, 1, 1), "9", tenant="globex")])
    costs = {tenant: views(gpt4o(pricer, *agreed, rates=rates, tenant=tenant)) for tenant in ("acme", "globex", "x")}
    # Two euros at 1.5 dollars and output at list; half of it; the list.
    assert costs["acme"][1] == picos("3") + picos("1")
    assert costs["globex"][1] == picos("1.75")
    assert costs["x"] == (picos("3.50"),) * 4


def test_what_an_allowance_covers_costs_nothing_by_the_unit(pricer: Pricer) -> None:
    allowance = Allowance("credits", Scope("github"), "credit_micros", (("copilot-business", 1_900 * MILLION),), 0, 1)
    pricer.use_contracts([contract(allowances=(allowance,))], Rates())
    rating = pricer.rate(usage("github", "agent", credit_micros=2_500_000), "acme")
    assert (rating.status, views(rating)) == (RatingStatus.RATING_STATUS_PRICED, (0, 0, 0, 0))
    assert rating.assumptions == [
        "credit_micros within the allowance of contract c; what exceeds it is settled",
    ]


def test_what_was_paid_in_advance_is_not_billed_again(pricer: Pricer) -> None:
    """Effective $3.50 as ever, billed nothing; in a batch of events too; and other models as before."""
    term = Commitment("min", Scope("openai", ("gpt-4*",)), picos("100"), Period.MONTH, prepaid=True)
    rating = gpt4o(pricer, contract(discounts=(percent("50", "anthropic"),), commitments=(term,)))
    assert views(rating) == (picos("3.50"), picos("3.50"), picos("3.50"), 0)
    events = [usage("openai", "gpt-4o", input_tokens=n) for n in range(1, 9)]
    batch = serialized.ratings(price_all(pricer, events, "acme"), len(events))
    assert list(PriceBatchResponse.FromString(batch).ratings) == [pricer.rate(event, "acme") for event in events]
    assert not pricer.rate(usage("openai", "o3", input_tokens=1), "acme").HasField("billed_cost_picos")


def test_a_new_book_keeps_the_contracts(pricer: Pricer) -> None:
    before = gpt4o(pricer, contract(discounts=(percent("10"),)))
    pricer.use_book(pricer.book)
    assert pricer.rate(usage("openai", "gpt-4o", input_tokens=MILLION, output_tokens=100_000), "acme") == before


def test_a_price_that_64_bits_cannot_hold_is_withheld(pricer: Pricer) -> None:
    agreed = contract(markups=(percent("1000"),), prices=(fixed("openai", "gpt-4o", input_tokens="9000000"),))
    pricer.use_contracts([agreed], Rates())
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=1), "acme")
    assert rating.unpriced_buckets == ["input_tokens"]


def test_years_of_a_contract() -> None:
    assert day_of_year(date(2026, 3, 15), date(2026, 3, 15)) == (1, 365)
    assert day_of_year(date(2026, 3, 15), date(2027, 3, 14)) == (365, 365)
    assert day_of_year(date(2026, 3, 15), date(2028, 3, 14)) == (366, 366)
    assert day_of_year(date(2024, 2, 29), date(2025, 3, 1)) == (1, 365)
    assert day_of_year(date(2024, 2, 29), date(2025, 2, 28)) == (366, 366)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "NaN", "Infinity", "1000001", "1.0000000000001"])
def test_a_rate_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        parse_rate(text)
