"""Dated snapshots, aliases and fine-tunes find their own price, and never silently another's."""

from __future__ import annotations

import pytest

from services.pricing.domain.rating import PriceBook

SAME = (
    ("openai", "gpt-5", "gpt-5-2025-08-07"), ("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
    ("openai", "o3", "o3-2025-04-16"), ("openai", "gpt-4o-mini", "gpt-4o-mini-20240718"),
    ("anthropic", "claude-opus-4-1", "claude-opus-4-1-20250805"), ("anthropic", "claude-haiku-4-5",
     "claude-haiku-4-5-20251001"), ("anthropic", "claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    ("vertex_ai", "claude-sonnet-4-5", "claude-sonnet-4-5@20250929"),
    ("bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", "anthropic.claude-sonnet-4-20250514-v1:0"),
    ("mistral", "mistral-large-2512", "mistral/mistral-large-2512"), ("xai", "grok-4.20", "grok-4.20-0309-reasoning"),
    ("cohere", "command-a", "command-a-03-2025"), ("google", "gemini-2.5-flash", "google/gemini-2.5-flash"),
)  # fmt: skip


@pytest.mark.parametrize(("provider", "name", "snapshot"), SAME)
def test_a_snapshot_costs_what_its_model_does(book: PriceBook, provider: str, name: str, snapshot: str) -> None:
    model = book.catalogue.resolve(provider, name).model
    assert model is not None
    assert book.catalogue.resolve(provider, snapshot).model is model


@pytest.mark.parametrize(
    ("name", "price_id"),
    [
        ("ft:gpt-4.1-2025-04-14:acme::a", "openai/ft:gpt-4.1-2025-04-14"),
        ("ft:gpt-4.1-mini-2025-04-14:acme::a", "openai/ft:gpt-4.1-mini-2025-04-14"),
        ("ft:gpt-4.1-nano-2025-04-14:acme:suffix:a", "openai/ft:gpt-4.1-nano-2025-04-14"),
        ("ft:o4-mini-2025-04-16:acme::a", "openai/ft:o4-mini-2025-04-16"),
        ("ft:gpt-4o-2024-08-06:acme::a", "openai/ft:gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:acme::a:ckpt-step-70", "openai/ft:gpt-4o-mini"),
        ("ft:gpt-3.5-turbo-0125:acme::a", "openai/ft:gpt-3.5-turbo-"),
        ("ft:davinci-002:acme::a", "openai/ft:davinci-002"),
        ("FT:GPT-4.1-2025-04-14:Acme::A", "openai/ft:gpt-4.1-2025-04-14"),
    ],
)
def test_a_fine_tune_has_a_price_of_its_own(book: PriceBook, name: str, price_id: str) -> None:
    found = book.catalogue.resolve("openai", name).model
    assert found is not None
    assert found.price_id == price_id


@pytest.mark.parametrize(
    "name", ["ft:gpt-5-mini:acme::a", "ft:gpt-5.4:acme::a", "ft:o3:acme::a", "ft:gpt-4.1-preview:acme::a", "ft:"]
)
def test_a_fine_tune_without_a_documented_price_has_none(book: PriceBook, name: str) -> None:
    assert book.catalogue.resolve("openai", name).model is None
