"""The same objects read by genai-prices, whose prices we take: both must count the same, or a reason is given here."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from genai_prices import extract_usage

from services.common.dimensions import TOKEN_BUCKETS
from tests.unit.ingest.test_provider_examples import EXAMPLES, decoded

Counts = Mapping[str, int]

AGREED = {
    "openai/chat": ("openai", "chat"),
    "openai/chat_cached": ("openai", "chat"),
    "openai/chat_audio": ("openai", "chat"),
    "openai/chat_prediction": ("openai", "chat"),
    "openai/responses": ("openai", "responses"),
    "openai/responses_reasoning": ("openai", "responses"),
    "openai/responses_cache_writes": ("openai", "responses"),
    "openai/embedding": ("openai", "embeddings"),
    "openai/image_with_text_output": ("openai", "images"),
    "anthropic/message": ("anthropic", "default"),
    "anthropic/cache_write": ("anthropic", "default"),
    "anthropic/cache_ttls": ("anthropic", "default"),
    "anthropic/web_search": ("anthropic", "default"),
    "anthropic/thinking_fast_us": ("anthropic", "default"),
    "gemini/thinking": ("google", "default"),
    "gemini/cached": ("google", "default"),
    "gemini/audio_and_image": ("google", "default"),
    "gemini/tool_use_grounded": ("google", "default"),
    "vertex/priority": ("google", "default"),
    "bedrock/converse": ("aws", "default"),
    "bedrock/converse_cached": ("aws", "default"),
    "bedrock/invoke_anthropic": ("aws", "anthropic"),
    "azure/chat": ("azure", "chat"),
    "mistral/chat": ("mistral", "default"),
    "cohere/chat": ("cohere", "default"),
    "cohere/embed": ("cohere", "embeddings"),
    "xai/chat": ("x-ai", "chat"),
    "xai/responses": ("x-ai", "responses"),
    "groq/chat": ("groq", "default"),
    "openrouter/chat": ("openrouter", "chat"),
    "openrouter/own_key": ("openrouter", "chat"),
}

DIFFERENT = {
    "openai/image": (
        "openai",
        "images",
        "output_image",
        "it leaves the kind of output open where the API tells no details",
    ),
    "anthropic/compaction": ("anthropic", "default", "input", "it leaves a compaction out, which Anthropic bills"),
    "anthropic/advisor": ("anthropic", "default", "input", "it leaves the advisor's tokens out"),
    "mistral/chat_cached": ("mistral", "default", "cache_read", "it does not read num_cached_tokens"),
    "mistral/conversation": ("mistral", "default", "input", "it leaves out what connectors brought"),
    "deepseek/chat": ("deepseek", "chat", "cache_read", "it does not read prompt_cache_hit_tokens"),
    "gemini/openai_compatible": ("google", "chat", "output", "it does not see thoughts that stand in the total alone"),
}
"""What differs, and why ours is right."""


def _read(case: str) -> tuple[bytes, dict[str, str]]:
    expected = json.loads((EXAMPLES / f"{case}.expected.json").read_bytes())
    return (EXAMPLES / f"{case}.json").read_bytes(), expected.get("headers", {})


def ours(case: str) -> Counts:
    body, headers = _read(case)
    events = decoded(case.partition("/")[0], body, {"content-type": "application/json", **headers})
    sums = {name: sum(getattr(event.quantities, name) for event in events) for name in TOKEN_BUCKETS}
    return {
        "input": sum(value for name, value in sums.items() if name.startswith(("input_", "cache_"))),
        "output": sum(value for name, value in sums.items() if name.startswith(("output_", "reasoning_"))),
        "cache_read": sums["cache_read_tokens"],
        "cache_write": sums["cache_write_tokens"] + sums["cache_write_1h_tokens"],
        "reasoning": sums["reasoning_tokens"],
        "output_image": sums["output_image_tokens"],
    }


def theirs(case: str, provider: str, flavor: str) -> Counts:
    body, _ = _read(case)
    usage = extract_usage(json.loads(body), provider_id=provider, api_flavor=flavor).usage
    names = {
        "input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_tokens",
        "cache_write": "cache_write_tokens", "reasoning": "output_reasoning_tokens",
        "output_image": "output_image_tokens",
    }  # fmt: skip
    return {name: int(usage.reported_value(key)) for name, key in names.items()}


@pytest.mark.parametrize("case", AGREED)
def test_both_count_the_same(case: str) -> None:
    assert ours(case) == theirs(case, *AGREED[case])


@pytest.mark.parametrize("case", DIFFERENT)
def test_where_they_differ_ours_has_what_it_leaves_out(case: str) -> None:
    provider, flavor, count, _ = DIFFERENT[case]
    assert ours(case)[count] > theirs(case, provider, flavor)[count]
