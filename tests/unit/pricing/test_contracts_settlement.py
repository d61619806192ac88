"""Settlement: overage, credits and commitments, each figure worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.common.clock import DAY
from services.pricing.domain.fx import Rates
from services.pricing.domain.posting import Posted, posting, withdrawal
from services.pricing.domain.rating import Pricer
from services.pricing.domain.revisions import Costs
from services.pricing.domain.settlement import Balance, Books, Settlement, Use
from services.pricing.domain.terms import Allowance, Commitment, Contract, Credit, Period, Scope
from tests.unit.pricing.agreements import contract, picos, rate
from tests.unit.pricing.events import at

MILLION = 10**6
JUNE, JULY, AUGUST = at(2026, 6, 1), at(2026, 7, 1), at(2026, 8, 1)
NOW = at(2026, 6, 20)

COPILOT = Allowance(
    "credits", Scope("github"), "credit_micros",
    (("copilot-business", 1_900 * MILLION), ("copilot-enterprise", 3_900 * MILLION)), 0, picos("0.01"),
)  # fmt: skip
"""A credit is a million of its millionths, so that its price for a million is that of one: a cent."""


def held(user: str, plan: str = "copilot-business", *, seats: int = 1, start: int = JUNE) -> Use:
    return Use(start, "github", plan, user, picos("1"), 0, seats)


def credits(user: str, units: int) -> Use:
    return Use(JUNE, "github", "claude-sonnet-4.5", user, 0, units * MILLION, 0)


def spend(day: int, dollars: str, provider: str = "openai", model: str = "gpt-4o") -> Use:
    return Use(day, provider, model, "", picos(dollars), 0, 0)


def covered(day: int, dollars: str) -> Use:
    """Use of a model under a commitment paid in advance."""
    return Use(day, "openai", "gpt-4o", "", picos(dollars), 0, 0, prepaid=picos(dollars))


def allowance(pricer: Pricer, term: Allowance, uses: Sequence[Use]) -> list[Balance]:
    """Those of June."""
    settlement = Settlement([contract(starts=JUNE, allowances=(term,))], pricer.agreements.called, Rates(), NOW)
    settlement.books = Books(users=dict.fromkeys(settlement.wanted(), uses))
    return settlement.balances()


def of_days(pricer: Pricer, days: Sequence[Use], *contracts: Contract, now: int = NOW) -> list[Balance]:
    return Settlement(contracts, pricer.agreements.called, Rates(), now, Books(days=days)).balances()


def test_within_the_pool_nothing_is_owed(pricer: Pricer) -> None:
    """Two business seats include 3,800 credits: one person's 3,000 are fine."""
    (found,) = allowance(pricer, COPILOT, [held("ann"), held("bob"), credits("ann", 3_000)])
    assert (found.agreed, found.used, found.amount) == (3_800 * MILLION, 3_000 * MILLION, 0)
    assert (found.start, found.end) == (JUNE, JULY)


def test_what_exceeds_the_pool_costs_a_cent_a_credit(pricer: Pricer) -> None:
    """1,900 + 3,900 = 5,800 included; 6,050.5 used; 250.5 x $0.01 = $2.505."""
    uses = [held("ann"), held("bob", "enterprise"), credits("ann", 6_000), credits("eve", 50)]
    uses.append(Use(JUNE, "github-copilot", "gpt-5", "eve", 0, MILLION // 2, 0))
    (found,) = allowance(pricer, COPILOT, uses)
    assert (found.agreed, found.used, found.amount) == (5_800 * MILLION, 6_050_500_000, picos("2.505"))


def test_a_seat_held_some_days_counts_once_and_nameless_ones_by_their_fullest_day(pricer: Pricer) -> None:
    """Ann's three days of a seat are one license; 2 nameless seats, then 5, are 5: 6 x 1,900 = 11,400."""
    uses = [held("ann", seats=3), held("", seats=2), held("", seats=5, start=JUNE + DAY)]
    (found,) = allowance(pricer, COPILOT, uses)
    assert found.agreed == 11_400 * MILLION


def test_other_providers_credits_do_not_count(pricer: Pricer) -> None:
    (found,) = allowance(pricer, COPILOT, [held("ann"), Use(JUNE, "cursor", "auto", "ann", 0, 9_000 * MILLION, 0)])
    assert (found.used, found.amount) == (0, 0)


def test_each_user_has_their_own_where_they_do_not_share(pricer: Pricer) -> None:
    """The premium requests of old: 300 a business seat, $0.04 beyond. Ann 350: 50 x $0.04 = $2. Bob's 10 spare her
    none. Eve has no seat: 7 x $0.04 = $0.28."""
    term = Allowance(
        "premium", Scope("github"), "credit_micros", (("copilot-business", 300 * MILLION),), 0, picos("0.04"), True
    )
    found = allowance(
        pricer, term, [held("ann"), held("bob"), credits("ann", 350), credits("bob", 290), credits("eve", 7)]
    )
    assert {balance.user: (balance.agreed, balance.amount) for balance in found} == {
        "ann": (300 * MILLION, picos("2")), "bob": (300 * MILLION, 0), "eve": (0, picos("0.28")),
    }  # fmt: skip
    assert found[0].name == "c/allowance/premium/2026-06-01/ann"


def test_overage_in_euros_is_converted_at_the_months_first_day(pricer: Pricer) -> None:
    """100 credits beyond at 0.01 euros, 1.10 dollars each: $1.10."""
    agreed = contract(starts=JUNE, currency="EUR", allowances=(COPILOT,))
    rates = Rates([rate(JUNE, "1.10"), rate(JUNE + DAY, "2")])
    settlement = Settlement([agreed], pricer.agreements.called, rates, NOW)
    settlement.books = Books(users={wanted: [credits("ann", 100)] for wanted in settlement.wanted()})
    assert settlement.balances()[0].amount == picos("1.10")


def test_a_credit_pays_until_it_is_used_up(pricer: Pricer) -> None:
    """$100: June's $70 are paid, of July's $50 only $30, of August's nothing."""
    agreed = contract(starts=JUNE, credits=(Credit("welcome", Scope("openai"), picos("100"), JUNE, 0),))
    days = [spend(JUNE, "30"), spend(JUNE + DAY, "40"), spend(JULY, "50"), spend(AUGUST, "9")]
    found = of_days(pricer, days, agreed, now=AUGUST + 1)
    assert [(b.agreed, b.used, b.amount) for b in found] == [
        (picos("100"), picos("70"), -picos("70")), (picos("30"), picos("30"), -picos("30")), (0, 0, 0),
    ]  # fmt: skip
    assert [b.time for b in found] == [JUNE, JULY, AUGUST]


def test_a_credit_pays_only_within_its_validity_and_scope(pricer: Pricer) -> None:
    """Valid June 2 and 3 for gpt-4*: neither June 1 nor 4, nor another provider's or model's."""
    term = Credit("c", Scope("openai", ("gpt-4*",)), picos("100"), JUNE + DAY, JUNE + 3 * DAY)
    days = [
        spend(JUNE, "1"), spend(JUNE + DAY, "2"), spend(JUNE + DAY, "4", model="o3"), spend(JUNE + 2 * DAY, "8"),
        spend(JUNE + 2 * DAY, "16", "anthropic", "claude-sonnet-4-5"), spend(JUNE + 3 * DAY, "32"),
    ]  # fmt: skip
    (found,) = of_days(pricer, days, contract(starts=JUNE, credits=(term,)))
    assert found.used == picos("10")


def test_no_spend_is_paid_twice(pricer: Pricer) -> None:
    """$10 of spend; the credit that ends first pays $7, the other the $3 that are left."""
    first = Credit("first", Scope("openai"), picos("7"), JUNE, JULY)
    rest = Credit("a-rest", Scope(), picos("100"), JUNE, 0)
    found = of_days(pricer, [spend(JUNE, "10")], contract(starts=JUNE, credits=(rest, first)))
    assert {b.id: b.used for b in found} == {"first": picos("7"), "a-rest": picos("3")}


def test_a_correction_below_zero_frees_credit_again(pricer: Pricer) -> None:
    term = Credit("c", Scope(), picos("100"), JUNE, 0)
    days = [spend(JUNE, "10"), spend(JUNE + DAY, "-4")]
    (found,) = of_days(pricer, days, contract(starts=JUNE, credits=(term,)))
    assert found.used == picos("6")


def test_a_commitments_shortfall_is_owed_at_the_end(pricer: Pricer) -> None:
    """$100 a month; June $80, July $130 by the 20th."""
    agreed = contract(
        starts=JUNE, ends=at(2027, 6, 1), commitments=(Commitment("min", Scope("openai"), picos("100"), Period.MONTH),)
    )
    days = [spend(JUNE, "80"), spend(JUNE, "999", "anthropic", "claude-opus-4"), spend(JULY, "130")]
    june, july = of_days(pricer, days, agreed, now=at(2026, 7, 20))
    assert (june.agreed, june.used, june.amount, june.time) == (picos("100"), picos("80"), picos("20"), JULY - 1)
    assert (july.used, july.amount, july.end) == (picos("130"), 0, AUGUST)
    (before,) = of_days(pricer, days, agreed, now=JULY - 1)
    assert (before.used, before.amount) == (picos("80"), 0)


def test_years_and_whole_terms(pricer: Pricer) -> None:
    start, end = at(2025, 3, 15), at(2027, 3, 15)
    terms = (Commitment("y", Scope(), picos("50"), Period.YEAR), Commitment("t", Scope(), picos("90"), Period.TERM))
    found = of_days(
        pricer, [spend(start, "30"), spend(at(2026, 3, 15), "45")], contract(starts=start, ends=end, commitments=terms),
        now=end,
    )  # fmt: skip
    assert [(b.id, b.start, b.end, b.amount) for b in found] == [
        ("y", start, at(2026, 3, 15), picos("20")),
        ("y", at(2026, 3, 15), end, picos("5")),
        ("t", start, end, picos("15")),
    ]


def test_a_posting_worked_out_again_is_a_resend_and_another_amount_a_revision() -> None:
    balance = Balance("c", "credit", "w", JUNE, JULY, 5, 3, -3, provider="openai", time=JUNE)
    first, again = posting("acme", balance, NOW), posting("acme", replace(balance, agreed=9), NOW + 1)
    more = posting("acme", replace(balance, amount=-4), NOW)
    assert first.event_key == again.event_key == more.event_key
    assert first.content_hash == again.content_hash != more.content_hash
    assert posting("globex", balance, NOW).event_key != first.event_key
    back = withdrawal("acme", Posted(balance.name, JUNE, "openai", "", "", -3, -3), NOW)
    assert (back.event_key, back.source_cost_picos) == (first.event_key, 0)


def test_a_posting_is_its_cost_in_every_view(pricer: Pricer) -> None:
    """FOCUS, of a credit without a unit price: list and contracted cost must match the billed cost."""
    rating = pricer.rate(posting("acme", Balance("c", "credit", "w", JUNE, JULY, 5, 3, -3, time=JUNE), NOW), "acme")
    assert Costs.of(rating) == Costs(-3, 0, -3, -3, -3)


def test_a_commitment_paid_in_advance_is_billed_at_once_and_costs_as_it_is_used(pricer: Pricer) -> None:
    """$100 a month. June $80 used: $20 are lost at its end. July $130 by the 20th: $30 are billed beyond."""
    term = Commitment("min", Scope("openai"), picos("100"), Period.MONTH, prepaid=True)
    agreed = contract(starts=JUNE, ends=at(2027, 6, 1), commitments=(term,))
    days = [covered(JUNE, "80"), covered(JULY, "60"), covered(JULY + DAY, "70")]
    found = of_days(pricer, days, agreed, now=at(2026, 7, 20))
    assert [(b.kind, b.start, b.used, *b.amounts) for b in found] == [
        ("payment", JUNE, picos("100"), 0, picos("100")),
        ("commitment", JUNE, picos("80"), picos("20"), 0),
        ("payment", JULY, picos("100"), 0, picos("100")),
        ("commitment", JULY, picos("130"), 0, 0),
        ("excess", JULY, picos("130"), 0, picos("30")),
    ]


def test_of_a_years_payment_each_month_takes_its_part(pricer: Pricer) -> None:
    """$100 a year: June takes $60, July what is left and $10 that are billed, August's $5 are billed whole."""
    term = Commitment("year", Scope("openai", ("gpt-4o",)), picos("100"), Period.YEAR, prepaid=True)
    days = [covered(JUNE, "60"), covered(JULY, "50"), covered(AUGUST, "5")]
    found = of_days(pricer, days, contract(starts=JUNE, commitments=(term,)), now=AUGUST + DAY)
    assert [(b.kind, b.start, b.agreed, *b.amounts) for b in found] == [
        ("payment", JUNE, picos("100"), 0, picos("100")),
        ("commitment", JUNE, picos("100"), 0, 0),
        ("excess", JULY, picos("40"), 0, picos("10")),
        ("excess", AUGUST, 0, 0, picos("5")),
    ]
    assert {b.model for b in found} == {"gpt-4o"}


def test_a_credit_pays_nothing_that_was_paid_in_advance(pricer: Pricer) -> None:
    agreed = contract(starts=JUNE, credits=(Credit("welcome", Scope(), picos("100"), JUNE, 0),))
    (found,) = of_days(pricer, [covered(JUNE, "80"), spend(JUNE + DAY, "7")], agreed)
    assert found.amount == -picos("7")


def test_a_payment_in_advance_is_billed_and_no_cost(pricer: Pricer) -> None:
    payment = Balance("c", "payment", "min", JUNE, JULY, 5, 5, 0, billed=5, time=JUNE)
    event = posting("acme", payment, NOW)
    assert Costs.of(pricer.rate(event, "acme")) == Costs(effective=0, shadow=0, listed=0, contracted=0, billed=5)
    assert dict(event.tags) == {"settlement": payment.name, "contract": "c", "charge": "Purchase"}
