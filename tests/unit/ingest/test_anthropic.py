"""Anthropic's objects, made by its own SDK."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import CacheCreation, Message, ServerToolUsage, Usage
from anthropic.types.output_tokens_details import OutputTokensDetails
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED

from services.ingest.domain.attribution import Attribution
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources.anthropic import decode
from tests.unit.ingest.building import NOW, buckets, context, over_the_wire, refused
from tests.unit.ingest.serving import serve


def _message(usage: Usage) -> dict[str, Any]:
    message = Message(
        id="msg_1", type="message", role="assistant", model="claude-sonnet-4-5", content=[], stop_reason="end_turn",
        stop_sequence=None, usage=usage,
    )  # fmt: skip
    found: dict[str, Any] = over_the_wire(message.model_dump(mode="json"))
    return found


def test_input_excludes_the_cache() -> None:
    # The usage whose cache writes others billed twice.
    usage = Usage(input_tokens=3, cache_creation_input_tokens=12304, cache_read_input_tokens=0, output_tokens=550)
    event = decode(_message(usage), context())
    assert buckets(event) == {"input_tokens": 3, "cache_write_tokens": 12304, "output_tokens": 550, "requests": 1}
    assert (event.source, event.provider, event.model) == ("anthropic", "anthropic", "claude-sonnet-4-5")
    assert event.time_inferred
    assert event.time_unix_micros == NOW


def test_cache_writes_by_time_to_live() -> None:
    # The example of Anthropic's guide to prompt caching.
    usage = Usage(
        input_tokens=2048,
        cache_read_input_tokens=1800,
        cache_creation_input_tokens=248,
        output_tokens=503,
        cache_creation=CacheCreation(ephemeral_5m_input_tokens=148, ephemeral_1h_input_tokens=100),
    )
    assert buckets(decode(_message(usage), context())) == {
        "input_tokens": 2048, "cache_read_tokens": 1800, "cache_write_tokens": 148, "cache_write_1h_tokens": 100,
        "output_tokens": 503, "requests": 1,
    }  # fmt: skip


def test_thinking_searches_tier_geography() -> None:
    usage = Usage(
        input_tokens=10,
        output_tokens=600,
        output_tokens_details=OutputTokensDetails(thinking_tokens=450),
        server_tool_use=ServerToolUsage(web_search_requests=2, web_fetch_requests=3),
        service_tier="priority",
        inference_geo="us",
    )
    event = decode(_message(usage), context())
    assert buckets(event) == {
        "input_tokens": 10, "output_tokens": 150, "reasoning_tokens": 450, "web_searches": 2, "requests": 1,
    }  # fmt: skip
    assert (event.service_tier, event.region, event.batch) == ("priority", "us", False)


def test_the_batch_tier_is_a_batch_at_the_standard_tier() -> None:
    usage = Usage(input_tokens=1, output_tokens=1, service_tier="batch")
    line = {"custom_id": "r-1", "result": {"type": "succeeded", "message": _message(usage)}}
    for item in (_message(usage), line):
        event = decode(item, context())
        assert event.batch
        assert event.service_tier == "standard"
        assert event.source_event_id == "msg_1"


def test_fast_mode_is_a_tier() -> None:
    event = decode(_message(Usage(input_tokens=1, output_tokens=1, service_tier="standard", speed="fast")), context())
    assert event.service_tier == "fast"


def test_a_compaction_stands_only_in_the_iterations() -> None:
    item = _message(Usage(input_tokens=100, output_tokens=50))
    counts = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    item["usage"]["iterations"] = [
        {"type": "compaction", "input_tokens": 7000, "output_tokens": 900, **counts},
        {"type": "message", "input_tokens": 100, "output_tokens": 50, **counts},
    ]
    assert buckets(decode(item, context())) == {"input_tokens": 7100, "output_tokens": 950, "requests": 1}


def test_a_bare_usage_object() -> None:
    item = over_the_wire(Usage(input_tokens=5, output_tokens=6).model_dump())
    assert refused(decode, item)[0] is Reason.MISSING
    event = decode(item, context(Attribution(id="msg_7", model="claude-haiku-4-5")))
    assert (event.source_event_id, event.model) == ("msg_7", "claude-haiku-4-5")
    assert buckets(event) == {"input_tokens": 5, "output_tokens": 6, "requests": 1}


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ({"output_tokens": 5}, "usage.input_tokens: is missing"),
        (
            {"input_tokens": 1, "output_tokens": 1, "output_tokens_details": {"thinking_tokens": 2}},
            "thinking_tokens = 2 exceeds usage.output_tokens = 1",
        ),
        (
            {"input_tokens": 1, "cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 6}},
            "ephemeral_1h_input_tokens = 6 exceeds usage.cache_creation_input_tokens = 5",
        ),
        ({"input_tokens": 1, "server_tool_use": {"web_search_requests": "2"}}, "web_search_requests: must be"),
        ({"input_tokens": 1, "service_tier": 3}, "usage.service_tier: must be a string"),
    ],
)  # fmt: skip
def test_inconsistent_usage_is_refused(usage: Any, message: str) -> None:
    assert message in refused(decode, {"id": "msg_1", "model": "m", "usage": usage})[1]


def test_a_result_that_did_not_succeed_is_refused() -> None:
    line = {"custom_id": "r-1", "result": {"type": "expired"}}
    assert "leave out results that did not succeed" in refused(decode, line)[1]


def test_an_advisor_is_an_event_of_its_own_at_its_models_price() -> None:
    item = _message(Usage(input_tokens=412, output_tokens=531, service_tier="standard", inference_geo="us"))
    counts = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    item["usage"]["iterations"] = [
        {"type": "message", "input_tokens": 412, "output_tokens": 531, **counts},
        {"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 823, "output_tokens": 1612, **counts},
    ]
    whose = context(Attribution({"team": "search"}, {"feature": "answers"}))
    event = decode(item, whose)
    (advisor,) = whose.also
    assert buckets(event) == {"input_tokens": 412, "output_tokens": 531, "requests": 1}
    assert buckets(advisor) == {"input_tokens": 823, "output_tokens": 1612}
    assert (advisor.model, advisor.source_event_id) == ("claude-opus-4-8", "msg_1/iterations[1]")
    assert (advisor.team, dict(advisor.tags), advisor.region) == ("search", {"feature": "answers"}, "us")


@pytest.mark.parametrize(
    ("iteration", "message"),
    [
        ({"input_tokens": 1}, "usage.iterations[0].model: is missing or blank"),
        ({"model": "m", "input_tokens": -1}, "usage.iterations[0].input_tokens: is -1"),
    ],
)
def test_an_advisor_that_cannot_be_read_refuses_the_whole_message(iteration: dict[str, Any], message: str) -> None:
    item = _message(Usage(input_tokens=1, output_tokens=1))
    item["usage"]["iterations"] = [{"type": "advisor_message", **iteration}]
    found = context()
    with pytest.raises(Rejected) as caught:
        decode(item, found)
    assert message in str(caught.value)
    assert found.also == []


@pytest.mark.parametrize(("output", "outcome"), [(0, OUTCOME_FAILED), (5, 0)])
def test_a_refusal_before_any_output_is_not_billed(output: int, outcome: int) -> None:
    item = _message(Usage(input_tokens=412, output_tokens=output)) | {"stop_reason": "refusal"}
    assert decode(item, context()).outcome == outcome


async def test_an_object_that_tells_of_two_models_is_accepted_as_two_events() -> None:
    served = serve()
    item = _message(Usage(input_tokens=1, output_tokens=1))
    item["usage"]["iterations"] = [{"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 2}]
    other = _message(Usage(input_tokens=3, output_tokens=4)) | {"id": "msg_2"}
    response = await served.client.post("/v1/usage/anthropic", json=[item, {"id": "bad"}, other])
    assert response.json()["accepted"] == 3
    assert [rejected["index"] for rejected in response.json()["rejected"]] == [1]
    names = [event.source_event_id for event in served.kept.events]
    assert names == ["msg_1", "msg_1/iterations[0]", "msg_2"]
