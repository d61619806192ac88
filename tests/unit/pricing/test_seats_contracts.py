"""Seats under contracts: proration, annual plans, discounts, dear seats."""

from __future__ import annotations

from calendar import monthrange

from finops.usage.v1.usage_pb2 import Seat

from services.common.clock import DAY
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.fx import Rates
from services.pricing.domain.rating import Pricer
from services.pricing.domain.revisions import Costs
from services.pricing.domain.terms import SeatTerm
from tests.unit.pricing.agreements import contract, percent, picos, rate
from tests.unit.pricing.events import at, usage


def seat(pricer: Pricer, time: int, plan: str = "copilot-business", provider: str = "github") -> Costs:
    return Costs.of(pricer.rate(usage(provider, plan, time=time, seats=1), "acme"))


def month(pricer: Pricer, year: int, number: int, **names: str) -> list[Costs]:
    days = monthrange(year, number)[1]
    return [seat(pricer, at(year, number, day), **names) for day in range(1, days + 1)]


def test_a_seat_assigned_and_removed_within_a_month_costs_its_days(pricer: Pricer) -> None:
    """Held from November 11 to 20: $19 x 20/30 - $19 x 10/30 = 12.666666666666 - 6.333333333333."""
    held = [seat(pricer, at(2026, 11, day)).effective for day in range(11, 21)]
    assert sum(held) == picos("12.666666666666") - picos("6.333333333333")
    before = [seat(pricer, at(2026, 11, day)).effective for day in range(1, 11)]
    after = [seat(pricer, at(2026, 11, day)).effective for day in range(21, 31)]
    assert sum(before) + sum(held) + sum(after) == picos("19")


def test_a_seat_handed_over_costs_one_seat(pricer: Pricer) -> None:
    """Ann has it until the 15th, Bob from the 16th: per-day events of two people, one month's price."""
    ann = sum(seat(pricer, at(2026, 11, day)).effective for day in range(1, 16))
    bob = sum(seat(pricer, at(2026, 11, day)).effective for day in range(16, 31))
    assert (ann, bob, ann + bob) == (picos("9.50"), picos("9.50"), picos("19"))


def test_a_discount_on_seats_adds_up_to_the_discounted_month(pricer: Pricer) -> None:
    """$19 less 10 percent is $17.10, the mark-up of 5 percent makes it $17.955."""
    pricer.use_contracts([contract(discounts=(percent("10", "github"),), markups=(percent("5"),))], Rates())
    days = month(pricer, 2026, 11)
    assert sum(day.listed for day in days) == picos("19")
    assert sum(day.contracted for day in days) == picos("17.10")
    assert sum(day.effective for day in days) == sum(day.billed for day in days) == picos("17.955")


def test_a_contracts_price_comes_before_the_events_own(pricer: Pricer) -> None:
    pricer.use_contracts([contract(seats=(SeatTerm("github", "copilot-business", monthly=picos("15")),))], Rates())
    event = usage("github", "business", time=at(2026, 11, 30), seats=2, seat=Seat(price_picos_per_month=picos("18")))
    rating = pricer.rate(event, "acme")
    assert rating.cost_picos == 2 * picos("0.50")
    assert rating.price_id == "github/copilot-business@contract"
    assert rating.lines[0].list_price_picos_per_million == 633_333_333_334 * 10**6


def test_a_plan_that_only_the_contract_prices(pricer: Pricer) -> None:
    pricer.use_contracts([contract(seats=(SeatTerm("openai", "chatgpt-enterprise", monthly=picos("60")),))], Rates())
    days = month(pricer, 2026, 2, plan="chatgpt-enterprise", provider="openai")
    assert {sum(view) for view in zip(*days, strict=True)} == {picos("60"), 0}


def test_an_annual_plan_is_spread_over_its_year(pricer: Pricer) -> None:
    """$228 from March 15 on: 365 days, then 366 in the year with February 29, 2028."""
    start = at(2026, 3, 15)
    agreed = contract(starts=start, seats=(SeatTerm("github", "copilot-business", yearly=picos("228")),))
    pricer.use_contracts([agreed], Rates())
    first = [seat(pricer, start + day * DAY).effective for day in range(365)]
    second = [seat(pricer, start + (365 + day) * DAY).effective for day in range(366)]
    assert sum(first) == sum(second) == picos("228")
    assert max(first) - min(first) <= 1
    # The day before it is list price: $19 x 14/31 - $19 x 13/31.
    assert seat(pricer, start - 1).effective == 8_580_645_161_290 - 7_967_741_935_483


def test_a_seat_in_euros_costs_each_days_rate(pricer: Pricer) -> None:
    """30 euros: days 1 to 15 at 1.10 a share of $33, then of $36."""
    agreed = contract(currency="EUR", seats=(SeatTerm("github", "copilot-business", monthly=picos("30")),))
    pricer.use_contracts([agreed], Rates([rate(at(2026, 11, 1), "1.10"), rate(at(2026, 11, 16), "1.20")]))
    days = month(pricer, 2026, 11)
    assert sum(day.effective for day in days[:15]) == picos("16.50")
    assert sum(day.effective for day in days[15:]) == picos("18")


def test_without_a_rate_a_seat_is_unpriced_not_at_list(pricer: Pricer) -> None:
    agreed = contract(currency="EUR", seats=(SeatTerm("github", "copilot-business", monthly=picos("30")),))
    pricer.use_contracts([agreed], Rates())
    rating = pricer.rate(usage("github", "copilot-business", seats=1), "acme")
    assert rating.unpriced_buckets == ["seats"]
    assert rating.assumptions == ["no rate of EUR on or before the day"]


def test_a_dear_seat_tells_the_price_of_one(pricer: Pricer) -> None:
    """$3,000 a month: $100 a day, of which a million do not fit 64 bits."""
    pricer.use_contracts([contract(seats=(SeatTerm("x", "agent", monthly=3_000 * PICOS_PER_DOLLAR),))], Rates())
    rating = pricer.rate(usage("x", "agent", time=at(2026, 11, 5), seats=3), "acme")
    line = rating.lines[0]
    assert rating.cost_picos == line.cost_picos == picos("300")
    assert (line.price_picos_per_unit, line.price_picos_per_million) == (picos("100"), 0)
    assert not line.HasField("list_price_picos_per_unit")


def test_the_dearest_seat_that_a_million_of_fit_keeps_that_price(pricer: Pricer) -> None:
    pricer.use_contracts([contract(seats=(SeatTerm("x", "agent", monthly=picos("250")),))], Rates())
    line = pricer.rate(usage("x", "agent", time=at(2026, 2, 28), seats=1), "acme").lines[0]
    assert line.price_picos_per_million > 0
    assert not line.HasField("price_picos_per_unit")
