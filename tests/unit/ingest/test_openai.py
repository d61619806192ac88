"""OpenAI's objects, made by its own SDK."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types import CompletionUsage, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion
from openai.types.completion_usage import CompletionTokensDetails, PromptTokensDetails
from openai.types.create_embedding_response import Usage as EmbeddingUsage
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails, ResponseUsage

from services.common.clock import SECOND
from services.ingest.domain.attribution import Attribution
from services.ingest.domain.rejection import Reason
from services.ingest.domain.sources.openai import decode
from services.ingest.domain.sources.openai_streams import STREAMS
from services.ingest.domain.streams import join
from tests.unit.ingest.building import NOW, buckets, context, over_the_wire, refused

CREATED = NOW // SECOND - 60


def _chat(usage: CompletionUsage | None, **changes: Any) -> dict[str, Any]:
    completion = ChatCompletion(
        id="chatcmpl-1", object="chat.completion", created=CREATED, model="gpt-4o-2024-08-06", choices=[], usage=usage
    )
    return {**over_the_wire(completion.model_dump(mode="json")), **changes}


def _usage() -> CompletionUsage:
    # The example of OpenAI's guide to prompt caching.
    return CompletionUsage(
        prompt_tokens=2006,
        completion_tokens=300,
        total_tokens=2306,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=1920, audio_tokens=0),
        completion_tokens_details=CompletionTokensDetails(
            reasoning_tokens=0, audio_tokens=0, accepted_prediction_tokens=0, rejected_prediction_tokens=0
        ),
    )


def test_cached_tokens_are_inside_the_prompt() -> None:
    event = decode(_chat(_usage(), service_tier="default"), context())
    assert buckets(event) == {"input_tokens": 86, "cache_read_tokens": 1920, "output_tokens": 300, "requests": 1}
    assert (event.source, event.provider, event.model) == ("openai", "openai", "gpt-4o-2024-08-06")
    assert event.source_event_id == "chatcmpl-1"
    assert event.time_unix_micros == CREATED * SECOND
    assert event.service_tier == "standard"
    assert not event.time_inferred


def test_audio_and_reasoning_are_inside_their_totals() -> None:
    usage = CompletionUsage(
        prompt_tokens=100,
        completion_tokens=80,
        total_tokens=180,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=10, audio_tokens=30, cache_write_tokens=5),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=50, audio_tokens=20),
    )
    assert buckets(decode(_chat(usage), context())) == {
        "input_tokens": 55, "cache_read_tokens": 10, "cache_write_tokens": 5, "input_audio_tokens": 30,
        "output_tokens": 10, "reasoning_tokens": 50, "output_audio_tokens": 20, "requests": 1,
    }  # fmt: skip


def test_cached_audio_is_not_counted_twice() -> None:
    usage = _chat(_usage())
    usage["usage"]["prompt_tokens_details"] = {"cached_tokens": 1920, "audio_tokens": 2000}
    found = buckets(decode(usage, context()))
    assert found["cache_read_tokens"] + found["input_audio_tokens"] == 2006
    assert "input_tokens" not in found


def test_a_responses_object() -> None:
    usage = ResponseUsage(
        input_tokens=328,
        input_tokens_details=InputTokensDetails(cached_tokens=100, cache_write_tokens=28),
        output_tokens=52,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=12),
        total_tokens=380,
    )
    response = {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED + 0.5,
        "model": "gpt-5",
        "service_tier": "flex",
        "output": [
            {"type": "web_search_call", "action": {"type": "search", "query": "q"}},
            {"type": "web_search_call", "action": {"type": "open_page"}},
            {"type": "message"},
        ],
        "usage": over_the_wire(usage.model_dump()),
    }
    event = decode(response, context())
    assert buckets(event) == {
        "input_tokens": 200, "cache_read_tokens": 100, "cache_write_tokens": 28, "output_tokens": 40,
        "reasoning_tokens": 12, "web_searches": 1, "requests": 1,
    }  # fmt: skip
    assert event.service_tier == "flex"
    assert event.time_unix_micros == CREATED * SECOND + SECOND // 2


def test_an_embedding_has_no_id_of_its_own() -> None:
    response = CreateEmbeddingResponse(
        data=[], model="text-embedding-3-small", object="list", usage=EmbeddingUsage(prompt_tokens=8, total_tokens=8)
    )
    item = over_the_wire(response.model_dump())
    reason, message = refused(decode, item)
    assert reason is Reason.MISSING
    assert "header X-Id" in message
    event = decode(item, context(Attribution(id="emb-1")))
    assert buckets(event) == {"input_tokens": 8, "requests": 1}
    assert event.time_inferred
    assert event.time_unix_micros == NOW


def test_a_bare_usage_object_and_headers() -> None:
    whose = Attribution(
        {"team": "search", "key": "k1"}, {"feature": "answers"}, "req-9", "gpt-4o", "2026-11-23T11:00:00Z"
    )
    event = decode(over_the_wire(_usage().model_dump()), context(whose))
    assert (event.team, event.key, event.model, event.source_event_id) == ("search", "k1", "gpt-4o", "req-9")
    assert dict(event.tags) == {"feature": "answers"}
    assert event.time_unix_micros == NOW - 3_600 * SECOND
    assert not event.time_inferred


def test_a_header_names_only_an_object_sent_alone() -> None:
    item = over_the_wire(_usage().model_dump())
    reason, message = refused(decode, item, attribution=Attribution(id="req-9"), alone=False)
    assert reason is Reason.MISSING
    assert "alone" in message


def test_the_objects_own_id_and_model_win_over_headers() -> None:
    event = decode(_chat(_usage()), context(Attribution(id="header", model="header")))
    assert (event.source_event_id, event.model) == ("chatcmpl-1", "gpt-4o-2024-08-06")


def test_a_line_of_a_batch_output_file() -> None:
    line = {
        "id": "batch_req_1",
        "custom_id": "r-1",
        "response": {"status_code": 200, "body": _chat(_usage())},
        "error": None,
    }
    event = decode(line, context(alone=False))
    assert event.batch
    assert event.source_event_id == "chatcmpl-1"
    assert buckets(event)["cache_read_tokens"] == 1920


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        (None, "usage: is null"),
        ({"total_tokens": 5}, "usage.prompt_tokens: is missing"),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 11}},
            "cached_tokens = 11 exceeds usage.prompt_tokens = 10",
        ),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 5}},
            "cached_tokens + cache_write_tokens = 11 exceeds usage.prompt_tokens = 10",
        ),
        (
            {"prompt_tokens": 1, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}},
            "reasoning_tokens = 6 exceeds usage.completion_tokens = 5",
        ),
        ({"prompt_tokens": -1}, "usage.prompt_tokens: is -1"),
        ({"prompt_tokens": 1, "prompt_tokens_details": [1]}, "usage.prompt_tokens_details: must be an object"),
        ({"type": "duration", "seconds": "3.5"}, "usage.seconds: must be a number of seconds"),
        ({"type": "duration", "seconds": -1}, "usage.seconds: is -1: must lie between"),
    ],
)  # fmt: skip
def test_inconsistent_usage_is_refused(usage: Any, message: str) -> None:
    assert message in refused(decode, {**_chat(_usage()), "usage": usage})[1]


def test_a_transcription_billed_by_its_duration() -> None:
    """openai-python, types/audio/transcription.py, UsageDuration"""
    event = decode({"id": "tr-1", "model": "whisper-1", "usage": {"type": "duration", "seconds": 9.4215}}, context())
    assert buckets(event) == {"audio_milliseconds": 9_422, "requests": 1}


def test_a_batch_job_is_refused_because_its_lines_say_the_same() -> None:
    job = {"id": "batch_1", "object": "batch", "usage": {"input_tokens": 5, "output_tokens": 6}}
    assert "send the lines of its output file" in refused(decode, job)[1]


@pytest.mark.parametrize("response", [None, {"status_code": 429, "body": {"error": {}}}, {"status_code": 200}])
def test_a_batch_line_that_did_not_succeed_is_refused(response: Any) -> None:
    line = {"id": "batch_req_1", "custom_id": "r-1", "response": response, "error": {"code": "x"}}
    assert "leave out lines that did not succeed" in refused(decode, line)[1]


def test_the_tier_served_wins_over_the_one_asked_for() -> None:
    # The event of a stream that began at the priority asked for and was served at the default.
    created = {"type": "response.created", "response": {"id": "r", "service_tier": "priority", "usage": None}}
    completed = {
        "type": "response.completed",
        "response": {"id": "r", "service_tier": "default", "usage": {"input_tokens": 1, "output_tokens": 2}},
    }
    (total,) = join([created, completed], STREAMS)
    assert decode(total, context()).service_tier == "standard"


def test_cache_writes_by_time_to_live_fit_into_their_total() -> None:
    details = {"cache_write_tokens": 5, "cache_write_tokens_details": {"ttl_30m_tokens": 4, "ttl_12h_tokens": 2}}
    item = {"id": "r", "usage": {"input_tokens": 10, "output_tokens": 1, "input_tokens_details": details}}
    assert (
        "ttl_30m_tokens + ttl_12h_tokens = 6 exceeds usage.input_tokens_details.cache_write_tokens = 5"
        in (refused(decode, item)[1])
    )
