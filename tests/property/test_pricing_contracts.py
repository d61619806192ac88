"""Contracts hold for any terms and quantities: views are ordered, lines add up, dates are sharp, tenants apart."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache

from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import DAY, Micros
from services.common.dimensions import BUCKETS
from services.common.money import cost_of, round_half_even
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.fx import Rate, Rates
from services.pricing.domain.rating import Pricer
from services.pricing.domain.revisions import Costs
from services.pricing.domain.seats import day_price
from services.pricing.domain.settlement import Books, Settlement, Use
from services.pricing.domain.terms import Commitment, Contract, Credit, Percent, Period, Scope
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.agreements import contract, fixed, rate
from tests.unit.pricing.events import NOON, at, usage


@cache
def pricer() -> Pricer:
    return Pricer(load_price_book(), ShadowOptions().prices())


models = st.sampled_from(
    [("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"), ("openai", "o3"),
     ("github", "copilot-business"), ("aws", "anthropic.claude-3-5-sonnet-20241022-v2:0"), ("nobody", "knows")]
)  # fmt: skip
amounts = st.builds(
    lambda values: Quantities(**values), st.dictionaries(st.sampled_from(BUCKETS), st.integers(0, 10**6))
)
shares = st.integers(1, 10**6).map(lambda millionths: Fraction(millionths, 10**6))


def event(model: tuple[str, str], used: Quantities, *, batch: bool = False, time: Micros = NOON) -> UsageEvent:
    return UsageEvent(
        tenant_id="acme", provider=model[0], model=model[1], quantities=used, batch=batch, time_unix_micros=time
    )


@settings(max_examples=200)
@given(models, amounts, shares, st.none() | shares, st.booleans())
def test_views_are_ordered_and_lines_add_up(
    model: tuple[str, str], used: Quantities, off: Fraction, more: Fraction | None, batch: bool
) -> None:
    """Discounts lower the contracted cost, mark-ups raise the effective one, which is what is billed."""
    markups = () if more is None else (Percent(Scope(), more),)
    pricer().use_contracts([contract(discounts=(Percent(Scope(), off),), markups=markups)], Rates())
    rating = pricer().rate(event(model, used, batch=batch), "acme")
    costs = Costs.of(rating)
    assert costs.listed >= costs.contracted >= 0
    assert costs.effective >= costs.contracted
    assert costs.billed == costs.effective == sum(line.cost_picos for line in rating.lines)
    for line in rating.lines:
        assert line.cost_picos == cost_of(line.quantity, line.price_picos_per_million)
    at_list = pricer().rate(event(model, used, batch=batch), "globex")
    assert costs.listed == at_list.cost_picos
    assert list(at_list.unpriced_buckets) == list(rating.unpriced_buckets)


@settings(max_examples=100)
@given(st.integers(0, 10**9), shares, st.integers(1, 10**15))
def test_a_discounted_price_is_rounded_once(quantity: int, off: Fraction, price: int) -> None:
    pricer().use_contracts([contract(discounts=(Percent(Scope(), off),))], Rates())
    rating = pricer().rate(event(("openai", "gpt-4o"), Quantities(input_tokens=quantity)), "acme")
    assert rating.cost_picos == cost_of(quantity, round_half_even(2_500_000_000_000 * (1 - off)))


days = st.integers(0, 300).map(lambda day: at(2026, 1, 1) + day * DAY)
dollars = st.decimals("0.0001", "1000", places=4)


@settings(max_examples=100)
@given(st.dictionaries(days, dollars, min_size=1, max_size=8), st.integers(0, 400 * DAY))
def test_the_last_rate_on_or_before_the_moment_counts(known: dict[Micros, Decimal], offset: int) -> None:
    time = at(2026, 1, 1) + offset
    agreed = contract(currency="EUR", prices=(fixed("openai", "gpt-4o", currency="EUR", input_tokens="2"),))
    pricer().use_contracts([agreed], Rates(rate(day, str(value)) for day, value in known.items()))
    rating = pricer().rate(usage("openai", "gpt-4o", time=time, input_tokens=10**6), "acme")
    passed = [day for day in known if day <= time]
    if passed:
        assert rating.cost_picos == round_half_even(2 * 10**12 * Fraction(known[max(passed)]))
    else:
        assert rating.unpriced_buckets == ["input_tokens"]


@settings(max_examples=60)
@given(shares, shares, st.integers(1, 28))
def test_a_discounted_months_days_add_up(off: Fraction, more: Fraction, cut: int) -> None:
    """However a month is split between people, its days cost the month."""
    agreed = contract(discounts=(Percent(Scope("github"), off),), markups=(Percent(Scope(), more),))
    pricer().use_contracts([agreed], Rates())
    found = [
        Costs.of(pricer().rate(usage("github", "copilot-business", time=at(2026, 2, day), seats=1), "acme"))
        for day in range(1, 29)
    ]
    contracted = round_half_even(19 * 10**12 * (1 - off))
    assert sum(each.contracted for each in found) == contracted
    assert sum(each.effective for each in found) == round_half_even(contracted * (1 + more))
    first = sum(each.contracted for each in found[:cut])
    assert first == sum(day_price(contracted, day, 28) for day in range(1, cut + 1))


@settings(max_examples=100)
@given(models, amounts, st.lists(shares, max_size=3), st.lists(shares, max_size=3))
def test_a_tenants_rating_never_depends_on_anothers_contracts(
    model: tuple[str, str], used: Quantities, own: list[Fraction], others: list[Fraction]
) -> None:
    def terms(tenant: str, found: list[Fraction]) -> list[Contract]:
        return [contract(f"c{n}", tenant=tenant, discounts=(Percent(Scope(), share),)) for n, share in enumerate(found)]

    pricer().use_contracts(terms("acme", own), Rates())
    alone = pricer().rate(event(model, used), "acme")
    foreign = [Rate("globex", "EUR", at(2026, 1, 1), Decimal(9))]
    pricer().use_contracts([*terms("globex", others), *terms("acme", own)], Rates(foreign))
    assert pricer().rate(event(model, used), "acme") == alone


spent = st.tuples(st.integers(0, 90), st.sampled_from(["gpt-4o", "o3"]), st.integers(-(10**6), 10**9))


@settings(max_examples=200)
@given(st.lists(spent, max_size=20), st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 60)), max_size=4))
def test_credits_never_pay_more_than_they_are_nor_than_was_spent(
    rows: list[tuple[int, str, int]], granted: list[tuple[int, int]]
) -> None:
    start = at(2026, 6, 1)
    credits = tuple(Credit(f"c{n}", Scope(), amount, start + day * DAY, 0) for n, (amount, day) in enumerate(granted))
    sums: dict[tuple[int, str], int] = {}
    for day, model, cost in rows:
        sums[start + day * DAY, model] = sums.get((start + day * DAY, model), 0) + cost
    uses = [Use(day, "openai", model, "", cost, 0, 0) for (day, model), cost in sorted(sums.items())]
    now = start + 91 * DAY
    found = Settlement(
        [contract(starts=start, credits=credits)], pricer().agreements.called, Rates(), now, Books(uses)
    ).balances()
    for credit in credits:
        paid = -sum(balance.amount for balance in found if balance.id == credit.id)
        assert 0 <= paid <= credit.amount
    assert -sum(balance.amount for balance in found) <= sum(max(0, use.cost) for use in uses)
    assert len({balance.name for balance in found}) == len(found)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 10**9)), max_size=20),
    st.integers(1, 10**10),
    st.sampled_from([Period.MONTH, Period.YEAR]),
)
def test_all_that_is_billed_for_a_payment_in_advance_becomes_cost(
    rows: list[tuple[int, int]], amount: int, period: Period
) -> None:
    """Once its periods are over, effective and billed cost of use and postings add up to the same."""
    start, end = at(2026, 6, 1), at(2026, 9, 1)
    uses = [Use(start + day * DAY, "openai", "o3", "", cost, 0, 0, prepaid=cost) for day, cost in sorted(rows)]
    term = Commitment("c", Scope("openai"), amount, period, prepaid=True)
    found = Settlement(
        [contract(starts=start, ends=end, commitments=(term,))], pricer().agreements.called, Rates(), end, Books(uses)
    ).balances()
    effective = sum(use.cost for use in uses) + sum(balance.amounts[0] for balance in found)
    billed = sum(balance.amounts[1] for balance in found)
    assert effective == billed
    assert billed >= amount
    assert len({balance.name for balance in found}) == len(found)
