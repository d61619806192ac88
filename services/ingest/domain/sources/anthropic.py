"""Anthropic: messages, their usage objects, and lines of a Message Batch's results. Streams may be sent whole.

`input_tokens` excludes both cache reads and cache writes; thinking is inside `output_tokens` (anthropic-sdk-python,
types/usage.py). A compaction's tokens, and an advisor's, which another model bills, stand only in `iterations`
(types/beta/beta_usage.py). A refusal before any output is not billed (platform.claude.com, release notes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, UsageEvent

from services.common.dimensions import quantities_of
from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import provider

NAME = "anthropic"

Usage = Mapping[str, Any]

_GLOBAL = ("", "global", "not_available")
_OWN_WORDS = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens", "server_tool_use"})


def decode(item: object, context: Context) -> UsageEvent:
    """The event an Anthropic object stands for.

    Raises:
        Rejected
    """
    event = read(item, context, NAME)
    output = event.quantities.output_tokens + event.quantities.reasoning_tokens
    if not output and type(item) is dict and item.get("stop_reason") == "refusal":
        event.outcome = OUTCOME_FAILED
    return event


def read(item: object, context: Context, name: str) -> UsageEvent:
    """The event of an object in Anthropic's shape, from the provider of this name; advisors' go to `context.also`.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    message, in_batch = _out_of_batch_line(item)
    usage, path = provider.usage_of(message, ("input_tokens",))
    event = provider.start_event(name, message if path else {}, context, None)
    counts = buckets_of(usage, path)
    tier = fields.text(usage.get("service_tier"), f"{path}service_tier")
    geography = fields.text(usage.get("inference_geo"), f"{path}inference_geo")
    if geography not in _GLOBAL:
        event.region = geography
    if usage.get("speed") == "fast" and tier in ("", "standard"):
        tier = "fast"
    event = provider.finish(event, counts, service_tier="batch" if in_batch else tier)
    context.also.extend(_advisors(event, usage, path))
    return event


def is_shaped_so(item: object) -> bool:
    """Whether an object of a provider that speaks several languages is in this one."""
    if type(item) is not dict:
        return False
    usage = item.get("usage")
    if type(usage) is not dict or usage.get("input_tokens") is None:
        return False
    return item.get("type") == "message" or not usage.keys().isdisjoint(_OWN_WORDS)


def buckets_of(usage: Usage, path: str) -> Buckets:
    """Disjoint buckets of a usage object in Anthropic's convention. `path` stands before field names in messages.

    Raises:
        Rejected: wrong types, or parts that exceed their total.
    """
    if usage.get("input_tokens") is None:
        raise Rejected(Reason.MISSING, f"{path}input_tokens", "is missing: send the usage object as Anthropic gave it")
    total = _one(usage, path)
    for where, iteration in _iterations(usage, path, "compaction"):
        for name, value in _one(iteration, where).items():
            total[name] += value
    tools = fields.mapping(usage.get("server_tool_use"), f"{path}server_tool_use")
    field = f"{path}server_tool_use.web_search_requests"
    total["web_searches"] = fields.count(tools.get("web_search_requests"), field)
    return total


def _iterations(usage: Usage, path: str, kind: str) -> list[tuple[str, Usage]]:
    """The iterations of a kind, each with the path to it."""
    iterations = usage.get("iterations")
    return [
        (f"{path}iterations[{position}].", iteration)
        for position, iteration in enumerate(iterations if type(iterations) is list else ())
        if type(iteration) is dict and iteration.get("type") == kind
    ]


def _advisors(event: UsageEvent, usage: Usage, path: str) -> list[UsageEvent]:
    """What other models were consulted within the request: each an event of its own, none of them a request."""
    found = []
    for where, iteration in _iterations(usage, path, "advisor_message"):
        advisor = UsageEvent()
        advisor.CopyFrom(event)
        place = where.removeprefix(path).rstrip(".")
        advisor.source_event_id = fields.text(f"{event.source_event_id}/{place}", "id")
        advisor.model = fields.required_text(iteration.get("model"), f"{where}model", "it tells the price")
        advisor.quantities.CopyFrom(quantities_of(_one(iteration, where)))
        found.append(advisor)
    return found


def _one(usage: Usage, path: str) -> Buckets:
    """Buckets of one usage object or iteration."""
    write_total = fields.count(usage.get("cache_creation_input_tokens"), f"{path}cache_creation_input_tokens")
    by_ttl = fields.mapping(usage.get("cache_creation"), f"{path}cache_creation")
    five_minutes, hour = (
        fields.count(by_ttl.get(name), f"{path}cache_creation.{name}")
        for name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    )
    if usage.get("cache_creation_input_tokens") is not None:
        parts = {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": hour}
        buckets.part_of(write_total, parts, f"{path}cache_creation", f"{path}cache_creation_input_tokens")
        # What no time to live claims was written at the default one.
        five_minutes = write_total - hour
    output = fields.count(usage.get("output_tokens"), f"{path}output_tokens")
    details = fields.mapping(usage.get("output_tokens_details"), f"{path}output_tokens_details")
    thinking = fields.count(details.get("thinking_tokens"), f"{path}output_tokens_details.thinking_tokens")
    buckets.part_of(output, {"thinking_tokens": thinking}, f"{path}output_tokens_details", f"{path}output_tokens")
    return {
        "input_tokens": fields.count(usage.get("input_tokens"), f"{path}input_tokens"),
        "cache_read_tokens": fields.count(usage.get("cache_read_input_tokens"), f"{path}cache_read_input_tokens"),
        "cache_write_tokens": five_minutes,
        "cache_write_1h_tokens": hour,
        "output_tokens": output - thinking,
        "reasoning_tokens": thinking,
    }


def _out_of_batch_line(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The message inside a line of a batch's results: {"custom_id", "result": {"type": "succeeded", "message"}}."""
    result = item.get("result")
    if "custom_id" in item and type(result) is dict:
        if type(result.get("message")) is dict:
            message: Mapping[str, Any] = result["message"]
            return message, True
        raise Rejected(Reason.MISSING, "result.message", "is missing: leave out results that did not succeed")
    return item, False
