"""Gemini's objects, made by its own SDK."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from google.genai import types

from services.ingest.domain.attribution import Attribution
from services.ingest.domain.rejection import Reason
from services.ingest.domain.sources.gemini import STREAMS, decode, decode_vertex
from services.ingest.domain.streams import join
from tests.unit.ingest.building import NOW, buckets, context, over_the_wire, refused

Modality = types.MediaModality


def _response(
    usage: types.GenerateContentResponseUsageMetadata | None, **changes: Any
) -> types.GenerateContentResponse:
    return types.GenerateContentResponse(
        response_id="r-1", model_version="gemini-2.5-flash", usage_metadata=usage,
        candidates=[types.Candidate(finish_reason=types.FinishReason.STOP)], **changes,
    )  # fmt: skip


def _usage(**changes: Any) -> types.GenerateContentResponseUsageMetadata:
    counts: dict[str, Any] = {
        "prompt_token_count": 1000, "cached_content_token_count": 300, "candidates_token_count": 150,
        "thoughts_token_count": 8000, "tool_use_prompt_token_count": 20, "total_token_count": 9170,
    }  # fmt: skip
    return types.GenerateContentResponseUsageMetadata(**counts | changes)


EXPECTED = {
    "input_tokens": 720, "cache_read_tokens": 300, "output_tokens": 150, "reasoning_tokens": 8000, "requests": 1,
}  # fmt: skip


@pytest.mark.parametrize("by_alias", [True, False])
def test_both_spellings_of_the_sdk_are_read(by_alias: bool) -> None:
    item = over_the_wire(_response(_usage()).model_dump(mode="json", by_alias=by_alias))
    event = decode(item, context())
    assert buckets(event) == EXPECTED
    assert (event.provider, event.model, event.source_event_id) == ("gemini", "gemini-2.5-flash", "r-1")
    assert event.time_inferred


def test_thoughts_are_billed_as_output_beside_the_candidates() -> None:
    found = buckets(decode(over_the_wire(_response(_usage()).model_dump(mode="json", exclude_none=True)), context()))
    assert found["output_tokens"] + found["reasoning_tokens"] == 8150
    assert sum(found.values()) - found["requests"] == 9170


@pytest.mark.parametrize(
    ("traffic", "tier"),
    [
        ("ON_DEMAND", "standard"), ("ON_DEMAND_PRIORITY", "priority"), ("ON_DEMAND_FLEX", "flex"),
        ("ON_DEMAND_OFFPEAK", "offpeak"), ("PROVISIONED_THROUGHPUT", "provisioned_throughput"),
        ("TRAFFIC_TYPE_UNSPECIFIED", ""),
    ],
)  # fmt: skip
def test_the_kind_of_traffic_is_the_tier(traffic: str, tier: str) -> None:
    usage = _usage(traffic_type=types.TrafficType(traffic))
    event = decode_vertex(over_the_wire(_response(usage).model_dump(mode="json", by_alias=True)), context())
    assert (event.service_tier, event.provider) == (tier, "vertex_ai")


def test_a_live_sessions_counts_and_tier() -> None:
    usage = types.UsageMetadata(
        prompt_token_count=100, response_token_count=60, total_token_count=160, service_tier=types.ServiceTier.FLEX,
        prompt_tokens_details=[types.ModalityTokenCount(modality=Modality.AUDIO, token_count=80)],
        response_tokens_details=[types.ModalityTokenCount(modality=Modality.AUDIO, token_count=60)],
    )  # fmt: skip
    item = {"usageMetadata": over_the_wire(usage.model_dump(mode="json", by_alias=True, exclude_none=True))}
    event = decode(item, context(Attribution(id="live-1", model="gemini-live-2.5-flash")))
    assert buckets(event) == {
        "input_tokens": 20, "input_audio_tokens": 80, "output_audio_tokens": 60, "requests": 1,
    }  # fmt: skip
    assert event.service_tier == "flex"


def test_vertex_tells_when_it_was() -> None:
    made = datetime.fromtimestamp(NOW / 1e6 - 60, UTC)
    item = over_the_wire(_response(_usage(), create_time=made).model_dump(mode="json", by_alias=True))
    event = decode_vertex(item, context())
    assert event.time_unix_micros == NOW - 60 * 10**6
    assert not event.time_inferred


@pytest.mark.parametrize(
    ("model", "searches"), [("gemini-2.5-pro", 1), ("models/gemini-2.5-pro", 1), ("gemini-3-pro", 2)]
)
def test_search_is_billed_by_prompt_or_by_query(model: str, searches: int) -> None:
    grounding = types.GroundingMetadata(web_search_queries=["a", "b", "a"])
    response = _response(_usage())
    response.model_version = model
    response.candidates = [types.Candidate(grounding_metadata=grounding)]
    event = decode(over_the_wire(response.model_dump(mode="json", by_alias=True)), context())
    assert event.quantities.web_searches == searches


def test_usage_metadata_alone_named_by_headers() -> None:
    item = over_the_wire(_usage().model_dump(mode="json", by_alias=True, exclude_none=True))
    event = decode(item, context(Attribution(id="r-9", model="gemini-2.5-pro")))
    assert buckets(event) == EXPECTED
    assert refused(decode, item)[0] is Reason.MISSING


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({}, "usageMetadata: is missing"),
        ({"usageMetadata": None}, "usageMetadata: is null"),
        ({"usage_metadata": {"prompt_token_count": "x"}}, "usage_metadata.prompt_token_count: must be a whole number"),
        (
            {"usageMetadata": {"promptTokenCount": 5, "cachedContentTokenCount": 6}},
            "cachedContentTokenCount = 6 exceeds usageMetadata.promptTokenCount = 5",
        ),
        (
            {
                "usageMetadata": {
                    "candidatesTokenCount": 5,
                    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}],
                }
            },
            "AUDIO = 6 exceeds usageMetadata.candidatesTokenCount = 5",
        ),
        ({"key": "k", "error": {"code": 8}}, "response: is missing: leave out lines that did not succeed"),
    ],
)
def test_what_cannot_be_read_says_why(item: dict[str, Any], message: str) -> None:
    assert message in refused(decode, {"responseId": "r", **item})[1]


@pytest.mark.parametrize(
    ("candidates", "broken_off"), [([{"index": 0}], True), ([{"finishReason": "STOP"}], False), (None, False)]
)
def test_a_stream_is_whole_where_it_finished_or_its_content_was_left_out(candidates: Any, broken_off: bool) -> None:
    chunks = [
        {
            "responseId": "r",
            "candidates": candidates,
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": n},
        }
        for n in (1, 9)
    ]
    (total,) = join(chunks, STREAMS)
    event = decode(total, context())
    assert (event.quantities.output_tokens, event.estimated) == (9, broken_off)
