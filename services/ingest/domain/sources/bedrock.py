"""Amazon Bedrock: Converse and its stream, and InvokeModel where a model answers in Anthropic's or OpenAI's shape.

`inputTokens` excludes the cache, as Anthropic's own count does (docs.aws.amazon.com, API_runtime_TokenUsage). boto3's
`ResponseMetadata` has the request's id and time; the model stands in the request only: send it in X-Model.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import anthropic, openai, provider
from services.ingest.domain.sources.anthropic_streams import EVENTS
from services.ingest.domain.streams import Part, StreamFormat, keep_new

NAME = "bedrock"


def decode(item: object, context: Context) -> UsageEvent:
    """The event a Bedrock object stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    answer = item.get("modelOutput")
    if type(answer) is dict and "recordId" in item:
        # A line of a batch inference job's output.
        event = _read(answer, context)
        event.batch = True
        return event
    return _read(item, context)


def _read(item: Mapping[str, Any], context: Context) -> UsageEvent:
    usage = item.get("usage")
    if type(usage) is dict and usage.get("input_tokens") is not None:
        return anthropic.read(item, context, NAME)
    if type(usage) is dict and usage.get("prompt_tokens") is not None:
        return openai.read(item, context, NAME).event
    return _read_converse(item, context)


def _read_converse(item: Mapping[str, Any], context: Context) -> UsageEvent:
    usage, path = provider.usage_of(item, ("inputTokens",))
    metadata = fields.mapping(item.get("ResponseMetadata"), "ResponseMetadata")
    head = {"id": metadata.get("RequestId"), "model": _routed_to(item)} if path else {}
    event = provider.start_event(NAME, {**item, **head} if path else {}, context, _time(metadata))
    tier = fields.mapping(item.get("serviceTier"), "serviceTier").get("type")
    return provider.finish(event, buckets_of(usage, path), service_tier=fields.text(tier, "serviceTier.type"))


def buckets_of(usage: Mapping[str, Any], path: str) -> Buckets:
    """Disjoint buckets of a TokenUsage. `path` stands before field names in messages.

    Raises:
        Rejected: wrong types, or cache writes by time to live that exceed their total.
    """
    if usage.get("inputTokens") is None:
        raise Rejected(Reason.MISSING, f"{path}inputTokens", "is missing: send the usage as Bedrock gave it")
    fresh, written, cached, output = (
        fields.count(usage.get(name), path + name)
        for name in ("inputTokens", "cacheWriteInputTokens", "cacheReadInputTokens", "outputTokens")
    )
    hour = 0
    details = usage.get("cacheDetails")
    for position, detail in enumerate(details if type(details) is list else ()):
        if type(detail) is dict and detail.get("ttl") == "1h":
            hour += fields.count(detail.get("inputTokens"), f"{path}cacheDetails[{position}].inputTokens")
    buckets.part_of(written, {"cacheDetails of 1h": hour}, f"{path}cacheDetails", f"{path}cacheWriteInputTokens")
    return {
        "input_tokens": fresh,
        "cache_read_tokens": cached,
        "cache_write_tokens": written - hour,
        "cache_write_1h_tokens": hour,
        "output_tokens": output,
    }


def _routed_to(item: Mapping[str, Any]) -> object:
    """The model a prompt router chose."""
    router = fields.mapping(fields.mapping(item.get("trace"), "trace").get("promptRouter"), "trace.promptRouter")
    return router.get("invokedModelId")


def _time(metadata: Mapping[str, Any]) -> float | None:
    """The moment of the answer, from its Date header; a broken one is as none."""
    date = fields.mapping(metadata.get("HTTPHeaders"), "ResponseMetadata.HTTPHeaders").get("date")
    if type(date) is not str:
        return None
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


_CONVERSE_EVENTS = frozenset(
    {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
)


def _merge(total: Part, part: Part) -> None:
    if type(part["metadata"]) is dict:
        keep_new(total, part["metadata"])


_CONVERSE = StreamFormat(
    is_part=lambda part: len(part) == 1 and not part.keys().isdisjoint(_CONVERSE_EVENTS),
    key=lambda part: "" if "metadata" in part else None,
    merge=_merge,
    is_last=lambda part: True,
)

STREAMS = (EVENTS, _CONVERSE)
