"""The compiled book against genai-prices' own calculation, over its whole list.

Where we differ on purpose, the test leaves the bucket out and says so:
- cache reads and writes, and audio, without a price of their own: theirs fall back to the price of text input, ours are
  unpriced, because a guess may be ten times off;
- one-hour cache writes of Anthropic without a price: theirs fall back to the five-minute price, ours follow its rule;
- models whose prices documented.toml corrects or adds to;
- prices finer than a picodollar a million (noise of binary fractions) are rounded, so the last picodollars may differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data import providers
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

from services.common.clock import to_micros
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.domain.rating import PriceBook, Pricer
from tests.unit.pricing.events import usage

TIMES = (
    datetime(2024, 6, 1, 2, tzinfo=UTC),
    datetime(2026, 8, 20, 20, tzinfo=UTC),
    datetime(2026, 11, 23, 2, tzinfo=UTC),
    datetime(2026, 11, 23, 12, tzinfo=UTC),
)
SHORT = {
    "input_tokens": 1_237, "cache_read_tokens": 311, "cache_write_tokens": 97, "cache_write_1h_tokens": 41,
    "output_tokens": 503, "reasoning_tokens": 211, "input_audio_tokens": 53, "output_audio_tokens": 29,
    "input_image_tokens": 61, "output_image_tokens": 37, "web_searches": 3, "requests": 1,
}  # fmt: skip
LONG = SHORT | {"input_tokens": 412_345}
KINDS: tuple[tuple[str, bool, dict[str, str]], ...] = (
    ("", False, {}),
    ("", True, {"processing": "batch"}),
    ("flex", False, {"service_tier": "flex"}),
    ("priority", False, {"service_tier": "priority"}),
    ("fast", False, {"service_tier": "fast", "speed": "fast"}),
)


def theirs(quantities: dict[str, int]) -> Usage:
    """Our disjoint buckets as their inclusive usage."""
    have = quantities.get
    return Usage(
        input_tokens=sum(v for b, v in quantities.items() if b.startswith(("input_", "cache_"))),
        cache_read_tokens=have("cache_read_tokens", 0),
        cache_write_tokens=have("cache_write_tokens", 0) + have("cache_write_1h_tokens", 0),
        cache_write_1h_tokens=have("cache_write_1h_tokens", 0),
        input_audio_tokens=have("input_audio_tokens", 0),
        input_image_tokens=have("input_image_tokens", 0),
        output_tokens=sum(v for b, v in quantities.items() if b.startswith(("output_", "reasoning_"))),
        output_reasoning_tokens=have("reasoning_tokens", 0),
        output_audio_tokens=have("output_audio_tokens", 0),
        output_image_tokens=have("output_image_tokens", 0),
        cache_audio_read_tokens=0,
        cache_image_read_tokens=0,
        web_searches=have("web_searches", 0),
    )


def numbers(model: ModelInfo) -> Iterator[Decimal]:
    prices = [model.prices] if isinstance(model.prices, ModelPrice) else [part.prices for part in model.prices]
    for entry in (*prices, *(variant.prices for variant in model.price_variants or ())):
        for price in vars(entry).values():
            if isinstance(price, TieredPrices):
                yield from (price.base, *(tier.price for tier in price.tiers))
            elif price is not None:
                yield price


def fine(model: ModelInfo) -> bool:
    """A single token of it costs no whole number of picodollars."""
    return any((price * 10**6) % 1 for price in numbers(model))


def test_every_model_costs_what_their_own_calculation_says(pricer: Pricer) -> None:
    compared = 0
    amended = {entry.listed.price_id for entry in pricer.book.catalogue.documented.amendments}
    rounded: set[str] = set()
    for provider in providers:
        for model in provider.models:
            if f"{provider.id}/{model.id}" in amended:
                continue
            kinds = KINDS if model.price_variants else KINDS[:1]
            times = TIMES if model.price_variants or isinstance(model.prices, list) else TIMES[-1:]
            for (tier, batch, context), moment in ((k, t) for k in kinds for t in times):
                time = to_micros(moment)
                plan = pricer.schedule("", provider.id, model.id, tier, batch).at(time)
                if plan.assumptions:
                    continue  # They silently take the standard price; that ours differs is tested in test_plans.
                for sample in (SHORT, LONG):
                    level = plan.prices(sum(v for b, v in sample.items() if b.startswith(("input_", "cache_"))))
                    kept = {b: v for b, v in sample.items() if b in level and b != "cache_write_1h_tokens"}
                    if "cache_write_1h_tokens" in level and "cache_write_1h_tokens" not in plan.notes:
                        kept["cache_write_1h_tokens"] = sample["cache_write_1h_tokens"]
                    if not kept:
                        continue
                    event = usage(provider.id, model.id, time=time, service_tier=tier, batch=batch, **kept)
                    ours = pricer.rate(event, "acme")
                    expected = calc_price(
                        theirs(kept), model.id, provider_id=provider.id,
                        genai_request_timestamp=moment, price_context=context,
                    ).total_price * PICOS_PER_DOLLAR  # fmt: skip
                    assert not ours.unpriced_buckets
                    if fine(get_snapshot().find_provider_model(model.id, None, provider.id, None)[1]):
                        rounded.add(provider.id)
                        assert abs(ours.cost_picos - expected) <= len(kept) + sum(kept.values()) / 10**6
                    else:
                        assert ours.cost_picos == expected, (provider.id, model.id, tier, batch, moment, kept)
                    compared += 1
    assert compared > 6_000
    assert rounded <= {"openrouter", "huggingface_together", "huggingface_novita", "novita", "quicksilverpro"}


def test_every_name_means_the_model_it_means_to_them(book: PriceBook) -> None:
    snapshot = get_snapshot()
    unnamed = 0
    for provider in providers:
        for model in provider.models:
            ours = book.catalogue.resolve(provider.id, model.id).model
            try:
                _, found = snapshot.find_provider_model(model.id, None, provider.id, None)
            except LookupError:  # An id that is no name of a model: regional.amazon.nova-lite-v1:0.
                unnamed += 1
                assert ours is None
            else:
                assert ours is not None
                assert ours.model == found.id
    assert unnamed < 100


@pytest.mark.parametrize(
    ("provider", "model", "price_id"),
    [
        ("anthropic", "claude-3-7-sonnet-20250219", "anthropic/claude-3-7-sonnet-latest"),
        ("Anthropic", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("bedrock", "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
         "aws/regional.anthropic.claude-3-7-sonnet-20250219-v1:0"),
        ("aws.bedrock", "anthropic.claude-sonnet-4-20250514-v1:0",
         "aws/regional.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("azure_openai", "gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("az.ai.openai", "gpt-4o", "openai/gpt-4o"),
        ("vertex_ai", "gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("gcp.gemini", "gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("openai", "gpt-4o-20240806", "openai/gpt-4o"),
        ("openai", "openai/gpt-4o", "openai/gpt-4o"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", "openai/ft:gpt-4o-mini"),
        ("litellm", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("", "gpt-4o", "openai/gpt-4o"),
    ],
)  # fmt: skip
def test_names_in_use_find_their_price(book: PriceBook, provider: str, model: str, price_id: str) -> None:
    found = book.catalogue.resolve(provider, model).model
    assert found is not None
    assert found.price_id == price_id


@pytest.mark.parametrize(
    ("provider", "model"),
    [("ollama", "llama3.3"), ("self-hosted", "gpt-4o"), ("openai", "no-such-model"), ("", ""), ("anthropic", "")],
)
def test_unknown_names_find_nothing(book: PriceBook, provider: str, model: str) -> None:
    assert book.catalogue.resolve(provider, model).model is None


def test_the_version_names_release_and_content(book: PriceBook) -> None:
    assert book.version.startswith("genai-prices-0.")
    assert len(book.version.rpartition("+")[2]) == 12
    assert to_micros(datetime(2026, 1, 1, tzinfo=UTC)) < book.as_of
