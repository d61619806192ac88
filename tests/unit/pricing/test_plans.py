"""Which price counts: dates, hours, lengths, tiers, batches, contracts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from services.common.clock import DAY, HOUR
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.names import Resolved
from services.pricing.domain.overrides import Override
from services.pricing.domain.plans import Plan, schedule
from services.pricing.domain.prices import ALWAYS, Condition, DatedPrices, ListedModel, Variant
from services.pricing.domain.rating import Pricer
from services.pricing.domain.tiers import served
from tests.unit.pricing.events import at, usage

TWO, FOUR = 2 * PICOS_PER_DOLLAR, 4 * PICOS_PER_DOLLAR


def base(found: Plan) -> dict[str, int]:
    """Prices of short requests, without those that follow from others."""
    derived = {"reasoning_tokens", "input_image_tokens", "output_image_tokens"}
    return {bucket: price for bucket, price in found.levels[0].items() if bucket not in derived}


def flat(**prices: int) -> dict[str, tuple[tuple[int, int], ...]]:
    return {bucket: ((0, price),) for bucket, price in prices.items()}


def listed(*dated: DatedPrices, variants: tuple[Variant, ...] = (), provider: str = "acme-ai") -> ListedModel:
    return ListedModel(provider, "m", dated, variants)


def plan(model: ListedModel, time: int, *, tier: str = "", batch: bool = False, **resolved: Any) -> Plan:
    kind = served(tier, batch)
    return schedule(Resolved(resolved.pop("provider", model.provider), model, **resolved), *kind, ()).at(time)


def test_a_price_holds_from_its_date_on() -> None:
    start = at(2026, 3, 1)
    model = listed(
        DatedPrices(ALWAYS, flat(input_tokens=10)), DatedPrices(Condition(starts=start), flat(input_tokens=20))
    )
    plans = schedule(Resolved("acme-ai", model), "standard", False, ())
    assert base(plans.at(start - 1)) == {"input_tokens": 10}
    assert base(plans.at(start)) == {"input_tokens": 20}
    assert plans.validity(start) == (start, 0)
    assert plans.validity(start - 1) == (0, start)


@pytest.mark.parametrize(
    ("hour", "price"), [(0, 10), (1, 20), (3, 20), (4, 10), (21, 10), (22, 30), (23, 30)]
)  # fmt: skip
def test_a_price_of_some_hours_holds_every_day(hour: int, price: int) -> None:
    model = listed(
        DatedPrices(ALWAYS, flat(input_tokens=10)),
        DatedPrices(Condition(daily=(1 * HOUR, 4 * HOUR)), flat(input_tokens=20)),
        DatedPrices(Condition(daily=(22 * HOUR, 0)), flat(input_tokens=30)),
    )
    for day in (1, 200):
        assert base(plan(model, at(2026, 1, 1) + day * DAY + hour * HOUR)) == {"input_tokens": price}


def test_hours_over_midnight() -> None:
    condition = Condition(daily=(23 * HOUR, 2 * HOUR))
    assert [condition.holds(at(2026, 1, 1, hour)) for hour in (22, 23, 0, 1, 2)] == [False, True, True, True, False]


def test_beyond_a_threshold_every_token_costs_more() -> None:
    model = listed(
        DatedPrices(ALWAYS, {"input_tokens": ((0, 10), (200_000, 20)), "output_tokens": ((0, 50), (200_000, 60))})
    )
    found = plan(model, 0)
    assert found.prices(200_000)["input_tokens"] == 10
    assert found.prices(200_001).items() >= {"input_tokens": 20, "output_tokens": 60, "reasoning_tokens": 60}.items()


def test_the_length_of_a_request_is_all_its_input(pricer: Pricer) -> None:
    """Pain 9, and cached tokens count for the length."""
    below = pricer.rate(usage("anthropic", "claude-sonnet-4-5", input_tokens=1_000, cache_read_tokens=199_000), "t")
    above = pricer.rate(usage("anthropic", "claude-sonnet-4-5", input_tokens=1_000, cache_read_tokens=199_001), "t")
    assert below.lines[0].cost_picos == 3_000 * 10**6
    assert above.lines[0].cost_picos == 6_000 * 10**6


FLEX = Variant({"service_tier": "flex"}, ALWAYS, flat(input_tokens=TWO // 2))
BATCH = Variant({"processing": "batch"}, ALWAYS, flat(input_tokens=TWO // 4))
STANDARD = DatedPrices(ALWAYS, flat(input_tokens=TWO, cache_read_tokens=TWO // 10))


def test_a_tier_has_its_own_price_and_keeps_the_rest() -> None:
    model = listed(STANDARD, variants=(FLEX, BATCH))
    assert base(plan(model, 0, tier="flex")) == {"input_tokens": TWO // 2, "cache_read_tokens": TWO // 10}
    assert plan(model, 0, batch=True).levels[0]["input_tokens"] == TWO // 4
    assert not plan(model, 0, tier="flex").assumptions


@pytest.mark.parametrize("tier", ["", "default", "standard", "auto", "ON_DEMAND", "Standard"])
def test_the_standard_tier_has_many_names(tier: str) -> None:
    found = plan(listed(STANDARD, variants=(FLEX,)), 0, tier=tier)
    assert found.levels[0]["input_tokens"] == TWO
    assert not found.assumptions


def test_an_unknown_tier_takes_the_standard_price_and_says_so() -> None:
    found = plan(listed(STANDARD), 0, tier="turbo")
    assert found.levels[0]["input_tokens"] == TWO
    assert found.assumptions == ("service tier 'turbo' at the standard price: it has none of its own",)


def test_a_batch_without_a_listed_price_is_half_where_the_provider_documents_it() -> None:
    model = listed(DatedPrices(ALWAYS, flat(input_tokens=TWO, web_searches=FOUR)), provider="anthropic")
    found = plan(model, 0, batch=True)
    assert base(found) == {"input_tokens": TWO // 2, "web_searches": FOUR}
    assert len(found.assumptions) == 1
    elsewhere = plan(listed(STANDARD), 0, batch=True)
    assert elsewhere.levels[0]["input_tokens"] == TWO
    assert elsewhere.assumptions == ("batch at the standard price: it has none of its own",)


def test_batch_as_a_tier_is_a_batch() -> None:
    assert served("batch", False) == ("standard", True)


def test_a_reseller_does_not_inherit_the_makers_tiers() -> None:
    model = listed(STANDARD, variants=(FLEX,), provider="openai")
    found = plan(model, 0, tier="flex", provider="azure", resold=True)
    assert found.levels[0]["input_tokens"] == TWO
    assert found.assumptions


def test_flex_is_not_priced_as_standard(pricer: Pricer) -> None:
    """Pain 6."""
    standard = pricer.rate(usage("openai", "gpt-5", input_tokens=1_000_000), "acme")
    flex = pricer.rate(usage("openai", "gpt-5", input_tokens=1_000_000, service_tier="flex"), "acme")
    assert 2 * flex.cost_picos == standard.cost_picos


def test_an_hours_cache_write_follows_anthropics_rule() -> None:
    prices = DatedPrices(ALWAYS, {"cache_write_tokens": ((0, 3_750_000), (200_000, 7_500_000))})
    found = plan(listed(prices, provider="anthropic"), 0)
    assert found.prices(0)["cache_write_1h_tokens"] == 6_000_000
    assert found.prices(200_001)["cache_write_1h_tokens"] == 12_000_000
    assert "cache_write_1h_tokens" in found.notes
    assert "cache_write_1h_tokens" not in plan(listed(prices, provider="other"), 0).levels[0]


def contract(prices: Mapping[str, Any], **fields: Any) -> Override:
    defaults = {
        "tenant_id": "acme", "provider": "openai", "model": "gpt-4o", "service_tier": "standard", "batch": False,
        "effective_from": 0, "effective_to": 0, "recorded": 0,
    }  # fmt: skip
    return Override(prices=prices, **(defaults | fields))


def test_a_contract_price_wins_for_its_tenant_while_it_holds(pricer: Pricer) -> None:
    start, end = at(2026, 11, 1), at(2026, 12, 1)
    pricer.use([contract(flat(input_tokens=TWO), effective_from=start, effective_to=end)])

    def cost(tenant: str, time: int, model: str = "gpt-4o-2024-08-06") -> tuple[int, str]:
        rating = pricer.rate(usage("openai", model, time=time, input_tokens=1_000_000), tenant)
        return rating.cost_picos, rating.price_id

    assert cost("acme", start) == (TWO, "openai/gpt-4o@contract")
    assert cost("acme", end - 1) == (TWO, "openai/gpt-4o@contract")
    assert cost("acme", start - 1) == (2_500_000_000_000, "openai/gpt-4o")
    assert cost("acme", end) == (2_500_000_000_000, "openai/gpt-4o")
    assert cost("globex", start) == (2_500_000_000_000, "openai/gpt-4o")
    pricer.use([])
    assert cost("acme", start) == (2_500_000_000_000, "openai/gpt-4o")


def test_buckets_a_contract_does_not_name_keep_the_list_price(pricer: Pricer) -> None:
    pricer.use([contract(flat(input_tokens=TWO))])
    rating = pricer.rate(usage("openai", "gpt-4o", input_tokens=1_000_000, output_tokens=1_000_000), "acme")
    assert rating.cost_picos == TWO + 10 * PICOS_PER_DOLLAR


def test_the_later_contract_wins_and_the_exact_name_before_both(pricer: Pricer) -> None:
    pricer.use(
        [
            contract(flat(input_tokens=3), effective_from=2),
            contract(flat(input_tokens=2), effective_from=1),
            contract(flat(input_tokens=1), model="gpt-4o-2024-08-06"),
        ]
    )
    assert pricer.schedule("acme", "openai", "gpt-4o", "", False).at(9).levels[0]["input_tokens"] == 3
    assert pricer.schedule("acme", "openai", "gpt-4o-2024-08-06", "", False).at(9).levels[0]["input_tokens"] == 1


def test_a_contract_prices_what_the_list_does_not_know(pricer: Pricer) -> None:
    pricer.use([contract(flat(input_tokens=TWO, credit_micros=7), provider="vllm", model="llama-70b")])
    rating = pricer.rate(usage("vllm", "llama-70b", input_tokens=1_000_000, credit_micros=1_000_000), "acme")
    assert (rating.cost_picos, rating.price_id) == (TWO + 7, "vllm/llama-70b@contract")


def test_a_contract_on_a_tier_counts_for_that_tier_only(pricer: Pricer) -> None:
    pricer.use([contract(flat(input_tokens=1), batch=True)])
    assert pricer.schedule("acme", "openai", "gpt-4o", "", True).at(0).levels[0]["input_tokens"] == 1
    assert not pricer.schedule("acme", "openai", "gpt-4o", "", True).at(0).assumptions
    assert pricer.schedule("acme", "openai", "gpt-4o", "", False).at(0).levels[0]["input_tokens"] == 2_500_000_000_000
