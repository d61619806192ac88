"""Arbitrary JSON and bytes: a decoder gives an event or a rejection, an endpoint 202 or a 4xx, and no token is lost."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from finops.usage.v1.usage_pb2 import UsageEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import format_dollars
from services.ingest.domain.attribution import Attribution
from services.ingest.domain.identity import seal
from services.ingest.domain.rejection import Rejected
from services.ingest.domain.sources import (
    ANTHROPIC,
    BEDROCK,
    GEMINI,
    LITELLM,
    NATIVE,
    OPENAI,
    PROVIDERS,
    SOURCES,
    XAI,
    Source,
)
from services.ingest.domain.streams import join
from tests.unit.ingest.building import NOW, context, native
from tests.unit.ingest.serving import serve
from tests.unit.ingest.test_native import DESIGN_EXAMPLE

# Values and names that reach deep into a decoder; random ones alone would fail at the first check.
NAMES = sorted(
    {
        *DESIGN_EXAMPLE, *DESIGN_EXAMPLE["usage"], "seat", "seats", "credits", "outcome", "measurement", "estimated",
        "assigned_at", "pending_cancellation", "prompt_tokens", "completion_tokens", "prompt_tokens_details",
        "completion_tokens_details", "input_tokens_details", "output_tokens_details", "cached_tokens", "audio_tokens",
        "image_tokens", "cache_write_tokens", "created", "created_at", "output", "type", "action", "custom_id",
        "response", "body", "result", "message", "cache_creation", "cache_creation_input_tokens",
        "cache_read_input_tokens", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "iterations",
        "server_tool_use", "web_search_requests", "thinking_tokens", "speed", "inference_geo", "metadata",
        "usage_object", "custom_llm_provider", "endTime", "startTime", "request_tags", "end_user", "status",
        "cache_hit", "response_cost", "cost_breakdown", "call_type", "cache_creation_tokens",
        "cache_creation_token_details", "specversion", "data", "data_base64", "datacontenttype", "source_cost",
        "advisor_message", "model", "stop_reason", "cached_tokens_details", "cache_write_tokens_details",
        "ttl_30m_tokens", "ttl_12h_tokens", "seconds", "usageMetadata", "usage_metadata", "promptTokenCount",
        "cachedContentTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount",
        "promptTokensDetails", "cacheTokensDetails", "candidatesTokensDetails", "modality", "tokenCount", "trafficType",
        "candidates", "groundingMetadata", "webSearchQueries", "responseId", "modelVersion", "createTime", "key",
        "request", "inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens", "cacheDetails",
        "ttl", "ResponseMetadata", "RequestId", "HTTPHeaders", "date", "serviceTier", "trace", "promptRouter",
        "modelOutput", "recordId", "usage_info", "pages_processed", "connector_tokens", "connectors", "web_search",
        "billed_units", "tokens", "meta", "prompt_cache_hit_tokens", "reasoning_tokens", "total_tokens", "cost",
        "cost_in_usd_ticks", "cost_details", "is_byok", "server_side_tool_usage_details", "web_search_calls", "x_groq",
        "prompt_eval_count",
        "eval_count", "done", "object", "choices", "delta", "finish_reason", "item_id",
    }
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.integers(0, 1_000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "2026-11-23T11:59:00Z",
            "1.0",
            "12.5",
            "1e-99999",
            "batch",
            "fast",
            "search",
            "compaction",
            NOW / 1e6,
            "advisor_message",
            "reported",
            "AUDIO",
            "IMAGE",
            "1h",
            "refusal",
            "Mon, 23 Nov 2026 11:58:30 GMT",
            "chat.completion.chunk",
            "response.completed",
            "message_start",
            "message_delta",
            "message-end",
        ]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
COUNTS = st.integers(0, 10**9)


def _decoded(source: Source, item: object) -> UsageEvent | None:
    found = context(Attribution(provider="somebody"))
    try:
        event = source.decode(item, found)
    except Rejected as rejected:
        assert str(rejected)
        assert found.also == []
        return None
    for each in (event, *found.also):
        if each is not None:
            seal(each, NOW)
    return event


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@given(data=st.data())
def test_a_decoder_accepts_or_rejects_whatever_comes(source: Source, data: st.DataObject) -> None:
    item = orjson.loads(orjson.dumps(data.draw(JSON)))
    event = _decoded(source, item)
    if event is not None:
        assert event.tenant_id == "acme"
        assert all(value >= 0 for _, value in event.quantities.ListFields())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
@given(changes=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5))
def test_so_it_does_with_objects_that_are_nearly_right(source: Source, changes: dict[str, Any]) -> None:
    near: dict[str, dict[str, Any]] = {
        "native": native(),
        "cloudevents": {"specversion": "1.0", "id": "x", "source": "y", "type": "z", "data": native()},
        "anthropic": {"id": "x", "model": "m", "usage": {"input_tokens": 5, "output_tokens": 5}},
        "gemini": {"responseId": "x", "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 5}},
        "vertex": {"responseId": "x", "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 5}},
        "bedrock": {"ResponseMetadata": {"RequestId": "x"}, "usage": {"inputTokens": 5, "outputTokens": 5}},
        "cohere": {"id": "x", "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 5}}},
        "litellm": {"id": "x", "endTime": NOW / 1e6, "metadata": {"usage_object": {"prompt_tokens": 5}}},
    }
    changes = orjson.loads(orjson.dumps(changes))
    item = near.get(source.name, {"id": "x", "model": "m", "usage": {"prompt_tokens": 5, "completion_tokens": 5}})
    _decoded(source, item | changes)
    for name in ("usage", "data", "metadata", "usageMetadata"):
        if name in item:
            _decoded(source, item | {name: item[name] | changes})


@pytest.mark.parametrize("source", PROVIDERS, ids=lambda source: source.name)
@given(data=st.data())
def test_joining_streams_loses_nothing_else_and_changes_no_part(source: Source, data: st.DataObject) -> None:
    items = orjson.loads(orjson.dumps(data.draw(st.lists(JSON, max_size=6))))
    before = orjson.dumps(items)
    joined = join(items, source.streams)
    assert orjson.dumps(items) == before
    parts = [item for item in items if type(item) is dict and any(known.is_part(item) for known in source.streams)]
    others = [item for item in items if not any(item is part for part in parts)]
    assert [item for item in joined if any(item is other for other in others)] == others
    assert len(joined) <= len(items)
    for item in joined:
        _decoded(source, item)


@given(st.lists(st.integers(0, 10**7), min_size=9, max_size=9))
def test_geminis_buckets_sum_to_geminis_total(n: list[int]) -> None:
    cached, audio_in, image_in, text_in, brought, thoughts, audio_out, image_out, text_out = n
    prompt, candidates = cached + audio_in + image_in + text_in, audio_out + image_out + text_out
    usage = {
        "promptTokenCount": prompt, "cachedContentTokenCount": cached, "toolUsePromptTokenCount": brought,
        "thoughtsTokenCount": thoughts, "candidatesTokenCount": candidates,
        "promptTokensDetails": [
            {"modality": "AUDIO", "tokenCount": audio_in}, {"modality": "IMAGE", "tokenCount": image_in},
        ],
        "candidatesTokensDetails": [
            {"modality": "AUDIO", "tokenCount": audio_out}, {"modality": "DOCUMENT", "tokenCount": image_out},
        ],
    }  # fmt: skip
    event = _decoded(GEMINI, {"responseId": "x", "usageMetadata": usage})
    assert event is not None
    assert _tokens(event) == prompt + brought + thoughts + candidates
    assert event.quantities.reasoning_tokens == thoughts
    assert event.quantities.input_audio_tokens == audio_in


@given(COUNTS, st.integers(0, 10**8), st.integers(0, 10**8), st.booleans())
def test_xais_reasoning_is_counted_once(prompt: int, visible: int, reasoning: int, inside: bool) -> None:
    total = prompt + visible + reasoning
    usage = {
        "prompt_tokens": prompt, "completion_tokens": visible + reasoning if inside else visible,
        "total_tokens": total, "completion_tokens_details": {"reasoning_tokens": reasoning},
    }  # fmt: skip
    if total <= 10**9:
        event = _decoded(XAI, {"id": "x", "usage": usage})
        assert event is not None
        assert (event.quantities.output_tokens, event.quantities.reasoning_tokens) == (visible, reasoning)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_source_cost_arrives_to_the_picodollar(picos: int) -> None:
    event = _decoded(NATIVE, native(measurement="reported", usage={}, source_cost=format_dollars(picos)))
    assert event is not None
    assert event.source_cost_picos == picos


def _tokens(event: UsageEvent) -> int:
    return sum(getattr(event.quantities, name) for name in TOKEN_BUCKETS)


@given(st.lists(COUNTS, min_size=8, max_size=8))
def test_openais_buckets_sum_to_openais_totals(n: list[int]) -> None:
    cached, written, audio_in, image_in, reasoning, audio_out, image_out, rest = n
    prompt = min(10**9, cached + written + audio_in + image_in + rest)
    completion = min(10**9, reasoning + audio_out + image_out + rest)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {
            "cached_tokens": cached, "cache_write_tokens": written, "audio_tokens": audio_in, "image_tokens": image_in,
        },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning, "audio_tokens": audio_out, "image_tokens": image_out,
        },
    }  # fmt: skip
    for source, item in (
        (OPENAI, {"id": "x", "usage": usage}),
        (LITELLM, {"id": "x", "metadata": {"usage_object": usage}}),
    ):
        event = _decoded(source, item)
        if event is not None:
            assert _tokens(event) == prompt + completion
            assert event.quantities.cache_read_tokens == cached
            assert event.quantities.reasoning_tokens == reasoning
        else:
            assert (
                cached + written > prompt
                or audio_in + image_in > prompt
                or reasoning + audio_out + image_out > completion
            )


@given(st.lists(st.integers(0, 10**8), min_size=6, max_size=6))
def test_anthropics_buckets_sum_to_anthropics_counts(n: list[int]) -> None:
    fresh, read, five_minutes, hour, thinking, rest = n
    usage = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": five_minutes + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour},
        "output_tokens": thinking + rest,
        "output_tokens_details": {"thinking_tokens": thinking},
    }
    event = _decoded(ANTHROPIC, {"id": "x", "usage": usage})
    assert event is not None
    assert _tokens(event) == sum(n)
    assert (event.quantities.input_tokens, event.quantities.cache_write_1h_tokens) == (fresh, hour)


@given(st.dictionaries(st.sampled_from(TOKEN_BUCKETS), COUNTS, min_size=1))
def test_native_buckets_arrive_as_they_are(usage: dict[str, int]) -> None:
    event = _decoded(NATIVE, native(usage=usage))
    assert event is not None
    assert {name: getattr(event.quantities, name) for name in usage} == usage


@pytest.mark.parametrize("source", (NATIVE, OPENAI, BEDROCK, LITELLM), ids=lambda source: source.name)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=200)
    | JSON.map(orjson.dumps)
    | st.lists(JSON.map(orjson.dumps) | st.just(orjson.dumps(native())), max_size=4).map(b"\n".join),
    content_type=st.sampled_from(
        ["application/json", "application/x-ndjson", "application/cloudevents+json",
         "application/cloudevents-batch+json", "text/event-stream", "", "text/plain", ";;=",
         "application/json; charset=\""]
    ),
    headers=st.dictionaries(
        st.sampled_from(
            ["x-tags", "x-team", "x-id", "x-time", "x-estimated", "x-provider", "ce-specversion", "ce-id",
             "content-encoding"]
        ),
        st.binary(max_size=12).map(lambda value: value.replace(b"\0", b"").replace(b"\n", b"").replace(b"\r", b"")),
        max_size=3,
    ),
)  # fmt: skip
async def test_an_endpoint_answers_202_or_4xx_whatever_comes(
    source: Source, body: bytes, content_type: str, headers: dict[str, bytes]
) -> None:
    served = serve()
    sent: dict[bytes, bytes] = {name.encode(): value for name, value in headers.items()}
    if content_type:
        sent[b"content-type"] = content_type.encode()
    async with served.client as client:
        response = await client.post(source.path, content=body, headers=list(sent.items()))
    assert response.status_code == 202 or 400 <= response.status_code < 500, response.text
    if response.status_code != 202:
        assert response.json()["error"]["message"]
        assert served.kept.batches == []
