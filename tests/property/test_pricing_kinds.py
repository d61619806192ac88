"""Whatever is bought, of whatever kind: prices add up, grow with use, and depend on nothing asked before."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.clock import DAY, HOUR, Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.prices import INPUT_BUCKETS
from services.pricing.domain.rating import Pricer
from services.pricing.settings import ShadowOptions
from tests.unit.pricing.events import at

MODELS = (
    ("openai", "gpt-5.4"), ("openai", "gpt-4o-mini"), ("openai", "ft:gpt-4.1-2025-04-14:acme::x"),
    ("openai", "gpt-5.6-luna"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-sonnet-4-20250514"), ("google", "gemini-2.5-pro"), ("vertex_ai", "claude-haiku-4-5"),
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), ("azure", "gpt-4o"), ("deepseek", "deepseek-flash"),
    ("deepseek", "deepseek-chat"), ("xai", "grok-4.6"), ("groq", "openai/gpt-oss-120b"), ("nobody", "unheard-of"),
)  # fmt: skip
TIERS = ("", "standard", "flex", "priority", "fast", "batch", "provisioned", "scale", "DataZoneStandard", "?")
REGIONS = ("", "global", "us", "eu", "us-east-1", "europe-west1")

models = st.sampled_from(MODELS)
tiers = st.sampled_from(TIERS)
regions = st.sampled_from(REGIONS)
moments = st.integers(at(2025, 1, 1), at(2027, 6, 1))
tokens = st.dictionaries(st.sampled_from(TOKEN_BUCKETS), st.integers(0, 10**6), min_size=1)


@cache
def pricer() -> Pricer:
    return Pricer(load_price_book(), ShadowOptions().prices())


def event(
    model: tuple[str, str], tier: str, batch: bool, region: str, time: Micros, used: dict[str, int], requests: int = 1
) -> UsageEvent:
    return UsageEvent(
        tenant_id="acme", provider=model[0], model=model[1], service_tier=tier, batch=batch, region=region,
        time_unix_micros=time, quantities=Quantities(requests=requests, **used),
    )  # fmt: skip


def levels(kind: tuple[tuple[str, str], str, bool, str, Micros]) -> tuple[dict[str, int], ...]:
    (provider, model), tier, batch, region, time = kind
    plan = pricer().schedule("acme", provider, model, tier, batch, region).at(time)
    return tuple(dict(level) for level in plan.levels)


kinds = st.tuples(models, tiers, st.booleans(), regions, moments)


@settings(max_examples=200)
@given(kinds, tokens)
def test_the_lines_add_up_to_the_cost(
    kind: tuple[tuple[str, str], str, bool, str, Micros], used: dict[str, int]
) -> None:
    rating = pricer().rate(event(*kind, used), "acme")
    assert rating.cost_picos == sum(line.cost_picos for line in rating.lines)
    assert {line.bucket for line in rating.lines} | set(rating.unpriced_buckets) == {b for b, n in used.items() if n}


@settings(max_examples=200)
@given(kinds, tokens)
def test_an_event_costs_the_sum_of_its_buckets_bought_alone(
    kind: tuple[tuple[str, str], str, bool, str, Micros], used: dict[str, int]
) -> None:
    """Where no length of input decides; each bucket's line is rounded by itself, so the sum is exact."""
    if len(levels(kind)) > 1:
        used = {bucket: quantity % 1_000 for bucket, quantity in used.items()}
    whole = pricer().rate(event(*kind, used), "acme")
    parts = [pricer().rate(event(*kind, {bucket: quantity}), "acme") for bucket, quantity in used.items()]
    assert whole.cost_picos == sum(part.cost_picos for part in parts)
    assert whole.shadow_cost_picos == sum(part.shadow_cost_picos for part in parts)


@settings(max_examples=200)
@given(kinds, tokens, st.sampled_from(TOKEN_BUCKETS), st.integers(1, 10**6))
def test_more_never_costs_less(
    kind: tuple[tuple[str, str], str, bool, str, Micros], used: dict[str, int], bucket: str, more: int
) -> None:
    less = pricer().rate(event(*kind, used), "acme")
    grown = used | {bucket: used.get(bucket, 0) + more}
    rating = pricer().rate(event(*kind, grown), "acme")
    assert rating.cost_picos + rating.shadow_cost_picos >= less.cost_picos + less.shadow_cost_picos


@settings(max_examples=150)
@given(kinds)
def test_longer_requests_are_never_cheaper_a_token(kind: tuple[tuple[str, str], str, bool, str, Micros]) -> None:
    for short, long in pairwise(levels(kind)):
        assert short.keys() == long.keys()
        assert all(long[bucket] >= short[bucket] for bucket in short)


@settings(max_examples=150)
@given(models, st.sampled_from(["flex", "batch"]), regions, moments)
def test_patience_is_never_dearer(model: tuple[str, str], tier: str, region: str, time: Micros) -> None:
    patient, standard = levels((model, tier, False, region, time)), levels((model, "", False, region, time))
    assert all(patient[0][bucket] <= standard[0][bucket] for bucket in patient[0].keys() & standard[0].keys())


@settings(max_examples=150)
@given(models, tiers, st.booleans(), regions, moments)
def test_a_region_is_never_cheaper_than_anywhere(
    model: tuple[str, str], tier: str, batch: bool, region: str, time: Micros
) -> None:
    here, anywhere = levels((model, tier, batch, region, time)), levels((model, tier, batch, "", time))
    assert len(here) == len(anywhere)
    for mine, theirs in zip(here, anywhere, strict=True):
        assert all(theirs[bucket] <= mine[bucket] <= 1.25 * theirs[bucket] + 1 for bucket in mine)


@settings(max_examples=150)
@given(kinds, st.lists(moments, max_size=4))
def test_a_plan_does_not_depend_on_what_was_asked_before(
    kind: tuple[tuple[str, str], str, bool, str, Micros], others: list[Micros]
) -> None:
    (provider, model), tier, batch, region, time = kind
    fresh = Pricer(pricer().book, ShadowOptions().prices()).schedule("", provider, model, tier, batch, region)
    for other in (*others, time - DAY, time - HOUR):
        fresh.at(other)
    alone = Pricer(pricer().book, ShadowOptions().prices()).schedule("", provider, model, tier, batch, region)
    assert fresh.at(time) == alone.at(time)


@settings(max_examples=200)
@given(kinds, st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_length_of_input_is_all_of_it_however_it_is_split(
    kind: tuple[tuple[str, str], str, bool, str, Micros], one: int, other: int
) -> None:
    prices = levels(kind)
    if len(prices) < 2:
        return
    first, second = INPUT_BUCKETS[0], INPUT_BUCKETS[1]
    split = pricer().rate(event(*kind, {first: one, second: other, "output_tokens": 1}), "acme")
    swapped = pricer().rate(event(*kind, {first: other, second: one, "output_tokens": 1}), "acme")
    output = {line.bucket: line.price_picos_per_million for line in split.lines}["output_tokens"]
    assert output == {line.bucket: line.price_picos_per_million for line in swapped.lines}["output_tokens"]
