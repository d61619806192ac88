"""What the providers that speak OpenAI's language say in words of their own, and what has no bucket."""

from __future__ import annotations

from typing import Any

import pytest

from services.ingest.domain.attribution import Attribution
from services.ingest.domain.sources import Decoder, cohere, deepseek, groq, mistral, ollama, openrouter, xai
from tests.unit.ingest.building import buckets, context, refused

NAMED = Attribution(id="x-1", model="m")


def _object(**usage: Any) -> dict[str, Any]:
    return {"id": "x-1", "model": "m", "usage": usage}


@pytest.mark.parametrize(
    ("decode", "item", "message"),
    [
        (
            mistral.decode,
            {"pages": [], "usage_info": {"pages_processed": 3}},
            "usage_info.pages_processed: is 3: billed by the page",
        ),
        (
            cohere.decode,
            {"id": "r", "meta": {"billed_units": {"search_units": 1}}},
            "meta.billed_units.search_units: is 1: billed by the search",
        ),
        (cohere.decode, {"id": "r", "meta": {"billed_units": {"images": 2}}}, "billed by the image"),
        (cohere.decode, {"id": "r", "meta": {"billed_units": {"classifications": 2}}}, "billed by the classification"),
    ],
)
def test_what_is_billed_in_a_unit_without_a_bucket_is_refused_rather_than_free(
    decode: Decoder, item: dict[str, Any], message: str
) -> None:
    told = refused(decode, item, attribution=NAMED)[1]
    assert message in told
    assert "there is no bucket; send a native event with `credits`" in told


def test_mistrals_audio_stands_beside_its_tokens() -> None:
    item = _object(prompt_audio_seconds=203, prompt_tokens=4, completion_tokens=635, total_tokens=3_264)
    assert buckets(mistral.decode(item, context())) == {
        "audio_milliseconds": 203_000, "input_tokens": 4, "output_tokens": 635, "requests": 1,
    }  # fmt: skip


def test_cohere_bills_less_than_it_counts() -> None:
    units = {
        "billed_units": {"input_tokens": 5, "output_tokens": 418},
        "tokens": {"input_tokens": 71, "output_tokens": 420},
    }
    for item in (
        {"id": "c", "usage": units},
        {"response_id": "c", "meta": units},
        {"generation_id": "c", "meta": units},
    ):
        event = cohere.decode(item, context())
        assert event.source_event_id == "c"
        assert buckets(event) == {"input_tokens": 5, "output_tokens": 418, "requests": 1}


def test_cohere_where_nothing_is_billed() -> None:
    usage = {"tokens": {"input_tokens": 71, "output_tokens": 418}, "cached_tokens": 64}
    assert buckets(cohere.decode({"id": "c", "usage": usage}, context())) == {
        "input_tokens": 7, "cache_read_tokens": 64, "output_tokens": 418, "requests": 1,
    }  # fmt: skip
    assert "usage.billed_units: is missing" in refused(cohere.decode, {"id": "c", "usage": {}})[1]
    assert "usage: is missing: send the whole response" in refused(cohere.decode, {"id": "c"})[1]


def test_deepseeks_hits_and_misses_make_up_the_prompt() -> None:
    item = _object(prompt_tokens=10, completion_tokens=1, prompt_cache_hit_tokens=8, prompt_cache_miss_tokens=3)
    assert (
        "prompt_cache_hit_tokens + prompt_cache_miss_tokens = 11 exceeds usage.prompt_tokens = 10"
        in (refused(deepseek.decode, item)[1])
    )
    item = _object(prompt_tokens=10, completion_tokens=1, prompt_tokens_details={"cached_tokens": 4})
    assert buckets(deepseek.decode(item, context()))["cache_read_tokens"] == 4


def test_xais_reasoning_counts_once_wherever_it_stands() -> None:
    beside = _object(
        prompt_tokens=32, completion_tokens=9, total_tokens=135, completion_tokens_details={"reasoning_tokens": 94}
    )
    inside = _object(
        prompt_tokens=32, completion_tokens=103, total_tokens=135, completion_tokens_details={"reasoning_tokens": 94}
    )
    expected = {"input_tokens": 32, "output_tokens": 9, "reasoning_tokens": 94, "requests": 1}
    for item in (beside, inside):
        assert buckets(xai.decode(item, context())) == expected


def test_what_xai_and_openrouter_charged_is_kept_beside_our_price() -> None:
    item = _object(prompt_tokens=1, completion_tokens=1, cost_in_usd_ticks=1)
    assert xai.decode(item, context()).source_cost_picos == 100
    item = _object(prompt_tokens=1, completion_tokens=1, cost=0.1 + 0.2)
    assert openrouter.decode(item, context()).source_cost_picos == 300_000_000_000  # a float's error is far below
    for cost in (None, "0.1", -1, True, 1e300):
        item = _object(prompt_tokens=1, completion_tokens=1, cost=cost)
        assert not openrouter.decode(item, context()).HasField("source_cost_picos")


def test_openrouter_answers_in_anthropics_words_at_its_messages_endpoint() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 7}
    event = openrouter.decode({"id": "gen-1", "type": "message", "model": "m", "usage": usage}, context())
    assert buckets(event) == {"input_tokens": 5, "cache_read_tokens": 100, "output_tokens": 7, "requests": 1}
    assert event.provider == "openrouter"


def test_mistrals_spellings_of_the_cache() -> None:
    for usage in (
        {"num_cached_tokens": 8}, {"prompt_token_details": {"cached_tokens": 8}},
        {"prompt_tokens_details": {"cached_tokens": 8}, "num_cached_tokens": 8},
    ):  # fmt: skip
        item = _object(prompt_tokens=10, completion_tokens=1, **usage)
        assert buckets(mistral.decode(item, context()))["cache_read_tokens"] == 8


def test_groqs_usage_of_a_stream() -> None:
    item = {"id": "g", "model": "m", "x_groq": {"id": "req", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}}
    assert buckets(groq.decode(item, context())) == {"input_tokens": 3, "output_tokens": 4, "requests": 1}


def test_ollamas_answers_are_told_apart_though_their_ids_are_not() -> None:
    first = {"id": "chatcmpl-7", "created": 1795434000, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    other = first | {"created": 1795434001}
    names = [ollama.decode(item, context(alone=False)).source_event_id for item in (first, other, first)]
    assert names[0] != names[1]
    assert names[0] == names[2]
    assert ollama.decode(first, context(NAMED)).source_event_id == "x-1"
    assert "prompt_eval_count: is missing" in refused(ollama.decode, {"done": False})[1]
