"""Bedrock's objects, checked against boto3's own model of the API."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from services.ingest.domain.attribution import Attribution
from services.ingest.domain.sources.bedrock import decode
from tests.unit.ingest.building import NOW, buckets, context, over_the_wire, refused

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NAMED = Attribution(id="b-1", model=MODEL)


def _answer(usage: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What boto3 returns: the stub refuses an answer that the service's model does not allow."""
    client = boto3.client("bedrock-runtime", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    answer = {
        "output": {"message": {"role": "assistant", "content": [{"text": "..."}]}},
        "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 5}, **more,
    }  # fmt: skip
    with Stubber(client) as stub:
        stub.add_response("converse", answer)
        found: dict[str, Any] = over_the_wire(client.converse(modelId=MODEL))
    return found


def test_the_cache_stands_beside_the_input() -> None:
    usage = {
        "inputTokens": 10, "outputTokens": 20, "totalTokens": 330, "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 200,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 150}, {"ttl": "5m", "inputTokens": 50}],
    }  # fmt: skip
    event = decode(_answer(usage, serviceTier={"type": "flex"}), context(NAMED))
    assert buckets(event) == {
        "input_tokens": 10, "cache_read_tokens": 100, "cache_write_tokens": 50, "cache_write_1h_tokens": 150,
        "output_tokens": 20, "requests": 1,
    }  # fmt: skip
    assert (event.service_tier, event.provider, event.model) == ("flex", "bedrock", MODEL)


def test_the_request_id_and_the_date_header_name_and_time_it() -> None:
    item = _answer({"inputTokens": 1, "outputTokens": 1, "totalTokens": 2})
    item["ResponseMetadata"] = {"RequestId": "req-1", "HTTPHeaders": {"date": "Mon, 23 Nov 2026 11:59:00 GMT"}}
    event = decode(item, context(NAMED))
    assert event.source_event_id == "req-1"
    assert event.time_unix_micros == NOW - 60 * 10**6
    item["ResponseMetadata"]["HTTPHeaders"]["date"] = "yesterday"
    assert decode(item, context(NAMED)).time_inferred


def test_the_model_a_prompt_router_chose() -> None:
    router = {"promptRouter": {"invokedModelId": "arn:aws:bedrock:eu-west-1:1:inference-profile/x"}}
    item = _answer({"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, trace=router)
    assert decode(item, context(NAMED)).model == "arn:aws:bedrock:eu-west-1:1:inference-profile/x"


def test_every_tier_of_the_api_is_a_tier() -> None:
    shape = get_session().get_service_model("bedrock-runtime").shape_for("ServiceTierType")
    tiers = {
        tier: decode({"usage": {"inputTokens": 1}, "serviceTier": {"type": tier}}, context(NAMED)).service_tier
        for tier in shape.enum
    }
    assert tiers == {"priority": "priority", "default": "standard", "flex": "flex", "reserved": "reserved"}


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ({"outputTokens": 5}, "usage.inputTokens: is missing"),
        ({"inputTokens": -1}, "usage.inputTokens: is -1"),
        (
            {"inputTokens": 1, "cacheWriteInputTokens": 5, "cacheDetails": [{"ttl": "1h", "inputTokens": 6}]},
            "cacheDetails of 1h = 6 exceeds usage.cacheWriteInputTokens = 5",
        ),
    ],
)
def test_inconsistent_usage_is_refused(usage: dict[str, Any], message: str) -> None:
    assert message in refused(decode, {"usage": usage}, attribution=NAMED)[1]
