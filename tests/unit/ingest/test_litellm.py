"""LiteLLM's payloads: made by its SDK with a mocked model, and its unified usage made by its own provider code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from finops.usage.v1.usage_pb2 import OUTCOME_CACHE_HIT, OUTCOME_FAILED

from services.common.clock import SECOND, SystemClock
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason
from services.ingest.domain.sources.litellm import decode
from services.ingest.domain.times import TimeWindow
from tests.unit.ingest.building import NOW, buckets, context, refused

Payload = dict[str, Any]


def _payload(usage: Payload | None = None, **changes: Any) -> Payload:
    """The fields of a StandardLoggingPayload this connector reads."""
    return {
        "id": "chatcmpl-1", "call_type": "acompletion", "status": "success", "custom_llm_provider": "openai",
        "model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 20, "cache_hit": False,
        "startTime": NOW / SECOND - 3, "endTime": NOW / SECOND - 1, "request_tags": [],
        "metadata": {"usage_object": usage} if usage else {},
    } | changes  # fmt: skip


@pytest.fixture
async def logged(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Payload]]:
    """What LiteLLM hands to its callbacks, as its generic API logger writes it."""
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm
    from litellm.integrations.custom_logger import CustomLogger
    from litellm.litellm_core_utils.safe_json_dumps import safe_dumps

    found: list[Payload] = []

    class Collector(CustomLogger):
        async def async_log_success_event(self, kwargs: Any, **_: Any) -> None:
            found.append(orjson.loads(safe_dumps(kwargs["standard_logging_object"])))

        async_log_failure_event = async_log_success_event

    monkeypatch.setattr(litellm, "callbacks", [Collector()])
    yield found


async def _until_logged(found: list[Payload]) -> Payload:
    async with asyncio.timeout(20):
        while not found:
            await asyncio.sleep(0.01)
    return found[0]


def _now() -> Context:
    now = SystemClock().now()
    return Context("acme", now, TimeWindow.at(now, max_age_days=400, max_ahead_seconds=300))


async def test_real_calls(logged: list[Payload]) -> None:
    import litellm

    await litellm.acompletion(
        model="openai/gpt-4o",
        messages=[{"role": "user", "content": "a secret question"}],
        mock_response="a secret answer",
        metadata={
            "tags": ["feature:answers", "canary"],
            "user_api_key_team_id": "t-1",
            "user_api_key_team_alias": "search",
            "user_api_key_user_id": "u-1",
            "user_api_key_user_email": "ann@example.com",
            "user_api_key_alias": "prod-key-1",
        },
    )
    payload = await _until_logged(logged)
    event = decode(payload, _now())
    assert (event.source, event.provider, event.model) == ("litellm", "openai", "gpt-4o")
    assert event.source_event_id == payload["id"]
    assert (event.team, event.user, event.key) == ("search", "ann@example.com", "prod-key-1")
    assert dict(event.tags) == {"feature": "answers", "canary": "true"}
    assert buckets(event) == {
        "input_tokens": payload["prompt_tokens"],
        "output_tokens": payload["completion_tokens"],
        "requests": 1,
    }
    assert event.time_unix_micros == round(payload["endTime"] * SECOND)
    assert event.source_cost_picos == 225_000_000  # $0.000225, a float with an error in its 17th digit
    assert b"secret" not in event.SerializeToString()

    # In the same test: LiteLLM keeps the first callback of a kind it was given.
    logged.clear()
    with pytest.raises(litellm.InternalServerError):
        await litellm.acompletion(
            model="anthropic/claude-sonnet-4-5",
            messages=[{"role": "user", "content": "x"}],
            mock_response=RuntimeError("overloaded"),
        )
    event = decode(await _until_logged(logged), _now())
    assert event.outcome == OUTCOME_FAILED
    assert buckets(event) == {"requests": 1}


def test_the_unified_usage_of_anthropic() -> None:
    from litellm.llms.anthropic.chat.transformation import AnthropicConfig

    theirs = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 12304,
        "cache_read_input_tokens": 7,
        "output_tokens": 550,
        "cache_creation": {"ephemeral_5m_input_tokens": 12000, "ephemeral_1h_input_tokens": 304},
        "server_tool_use": {"web_search_requests": 2},
        "service_tier": "priority",
    }
    usage = AnthropicConfig().calculate_usage(theirs, None).model_dump()
    event = decode(_payload(usage, custom_llm_provider="anthropic"), context())
    assert buckets(event) == {
        "input_tokens": 3, "cache_read_tokens": 7, "cache_write_tokens": 12000, "cache_write_1h_tokens": 304,
        "output_tokens": 550, "web_searches": 2, "requests": 1,
    }  # fmt: skip
    assert event.service_tier == "priority"


def test_the_unified_usage_of_a_responses_call() -> None:
    from litellm.responses.utils import ResponseAPILoggingUtils

    theirs = {
        "input_tokens": 100, "input_tokens_details": {"cached_tokens": 40}, "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 10}, "total_tokens": 130,
    }  # fmt: skip
    usage = ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(theirs).model_dump()
    assert buckets(decode(_payload(usage), context())) == {
        "input_tokens": 60, "cache_read_tokens": 40, "output_tokens": 20, "reasoning_tokens": 10, "requests": 1,
    }  # fmt: skip


def test_a_pass_through_to_anthropic_keeps_anthropics_convention() -> None:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 12304,
        "cache_read_input_tokens": 0,
        "output_tokens": 550,
    }
    assert buckets(decode(_payload(usage), context())) == {
        "input_tokens": 3, "cache_write_tokens": 12304, "output_tokens": 550, "requests": 1,
    }  # fmt: skip


def test_without_details_the_totals_count() -> None:
    assert buckets(decode(_payload(), context())) == {"input_tokens": 100, "output_tokens": 20, "requests": 1}


def test_cache_counts_may_stand_beside_the_details() -> None:
    usage = {
        "prompt_tokens": 100, "completion_tokens": 1, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": None},
    }  # fmt: skip
    found = buckets(decode(_payload(usage), context()))
    assert (found["input_tokens"], found["cache_read_tokens"], found["cache_write_tokens"]) == (10, 60, 30)


def test_a_cache_hit_costs_nothing_and_keeps_its_tokens() -> None:
    event = decode(_payload(cache_hit=True, response_cost=0.0), context())
    assert event.outcome == OUTCOME_CACHE_HIT
    assert buckets(event)["input_tokens"] == 100


def test_a_failure_that_was_billed_is_a_partial() -> None:
    event = decode(_payload(status="failure", response_cost=0.001), context())
    assert event.outcome == 0
    assert event.estimated


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("bedrock/us.anthropic.claude-sonnet-4-5-v1:0", "bedrock", "us.anthropic.claude-sonnet-4-5-v1:0"),
        ("openrouter/anthropic/claude-sonnet-4.5", "openrouter", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude", "openrouter", "anthropic/claude"),
        ("gpt-4o", None, "gpt-4o"),
    ],
)
def test_the_model_loses_its_providers_prefix(model: str, provider: str | None, expected: str) -> None:
    event = decode(_payload(model=model, custom_llm_provider=provider), context())
    assert (event.model, event.provider) == (expected, provider or "")


def test_the_tier_served_wins_over_the_one_requested() -> None:
    payload = _payload(
        model_parameters={"service_tier": "priority"}, response={"service_tier": "default", "choices": []}
    )
    assert decode(payload, context()).service_tier == "standard"


def test_labels_too_long_are_cut_and_never_lose_the_usage() -> None:
    metadata = {"user_api_key_alias": "k" * 300, "user_api_key_team_id": "a\x00b"}
    event = decode(
        _payload(metadata=metadata, request_tags=[f"{n}:x" for n in range(50)] + [5, "n:" + "v" * 300], end_user="eve"),
        context(),
    )
    assert len(event.key) == 256
    assert event.team == "a b"
    assert event.user == "eve"
    assert len(event.tags) == 32


def test_a_payload_without_a_time_takes_its_arrivals() -> None:
    event = decode(_payload(startTime=None, endTime=None), context())
    assert event.time_inferred
    assert decode(_payload(endTime="2026-11-23T11:00:00Z"), context()).time_unix_micros == NOW - 3_600 * SECOND


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": None}, "id: is missing or blank"),
        ({"endTime": 1e15}, "endTime: is 1000000000000000.0: must be seconds since 1970"),
        ({"endTime": NOW / SECOND + 301}, "endTime: lies in the future"),
        ({"metadata": "x"}, "metadata: must be an object"),
        ({"prompt_tokens": "x"}, "prompt_tokens: must be a whole number"),
        (
            {"metadata": {"usage_object": {"prompt_tokens": 5, "cache_read_input_tokens": 6}}},
            "cached_tokens = 6 exceeds metadata.usage_object.prompt_tokens = 5",
        ),
    ],
)
def test_what_cannot_be_accepted_says_where(changes: Payload, message: str) -> None:
    assert message in refused(decode, _payload(**changes))[1]


def test_a_call_without_tokens_costs_what_litellm_says() -> None:
    image = decode(
        {"id": "i-1", "call_type": "aimage_generation", "response_cost": 0.04, "prompt_tokens": 0}, context()
    )
    assert (image.source_cost_picos, image.source_cost_billed) == (4 * 10**10, True)
    assert not decode({"id": "c-1", "response_cost": 0.04, "prompt_tokens": 5}, context()).source_cost_billed
    assert not decode({"id": "c-2", "response_cost": 0.0, "prompt_tokens": 0}, context()).source_cost_billed


def test_what_tells_neither_tokens_nor_a_cost_is_no_payload_of_litellms() -> None:
    assert refused(decode, {"id": "1", "usage": "foo"}) == (
        Reason.MISSING,
        "prompt_tokens: is missing: send LiteLLM's payload as it is",
    )
    assert decode({"id": "1", "status": "failure"}, context()).outcome
    assert decode({"id": "1", "cache_hit": True}, context()).outcome
