"""OpenAI: chat completions, responses, embeddings, images, and lines of a Batch API output file.

Cached, cache-write, audio, image and reasoning tokens are all inside the totals (openai-python,
types/completion_usage.py and types/responses/response_usage.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import provider

NAME = "openai"

_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")


def decode(item: object, context: Context) -> UsageEvent:
    """The event an OpenAI object stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    response, from_batch = _out_of_batch_line(item)
    usage, path = provider.usage_of(response, ("prompt_tokens", "input_tokens"))
    created = response.get("created", response.get("created_at")) if path else None
    event = provider.start_event(NAME, response if path else {}, context, created)
    counts = buckets_of(usage, path)
    counts["web_searches"] = _web_searches(response.get("output"))
    tier = fields.text(response.get("service_tier"), "service_tier")
    return provider.finish(event, counts, service_tier="batch" if from_batch else tier)


def buckets_of(usage: Mapping[str, Any], path: str) -> Buckets:
    """Disjoint buckets of a usage object in OpenAI's convention. `path` stands before field names in messages.

    Raises:
        Rejected: wrong types, or parts that exceed their total.
    """
    total_in_name = "prompt_tokens" if usage.get("prompt_tokens") is not None else "input_tokens"
    total_out_name = "completion_tokens" if total_in_name == "prompt_tokens" else "output_tokens"
    if usage.get(total_in_name) is None:
        raise Rejected(Reason.MISSING, f"{path}prompt_tokens", "is missing: send prompt_tokens or input_tokens")
    total_in = fields.count(usage[total_in_name], path + total_in_name)
    total_out = fields.count(usage.get(total_out_name), path + total_out_name)

    details, where = _details(usage, _INPUT_DETAILS, path)
    cached = fields.count(details.get("cached_tokens"), f"{where}.cached_tokens")
    written = fields.count(details.get("cache_write_tokens"), f"{where}.cache_write_tokens")
    audio = fields.count(details.get("audio_tokens"), f"{where}.audio_tokens")
    image = fields.count(details.get("image_tokens"), f"{where}.image_tokens")
    buckets.part_of(total_in, {"cached_tokens": cached, "cache_write_tokens": written}, where, path + total_in_name)
    buckets.part_of(total_in, {"audio_tokens": audio, "image_tokens": image}, where, path + total_in_name)
    found = buckets.split_input(
        total_in, cache_read=cached, cache_write=written, cache_write_1h=0, audio=audio, image=image
    )

    details, where = _details(usage, _OUTPUT_DETAILS, path)
    reasoning = fields.count(details.get("reasoning_tokens"), f"{where}.reasoning_tokens")
    audio = fields.count(details.get("audio_tokens"), f"{where}.audio_tokens")
    image = fields.count(details.get("image_tokens"), f"{where}.image_tokens")
    parts = {"reasoning_tokens": reasoning, "audio_tokens": audio, "image_tokens": image}
    buckets.part_of(total_out, parts, where, path + total_out_name)
    return found | buckets.split_output(total_out, reasoning=reasoning, audio=audio, image=image)


def _details(usage: Mapping[str, Any], names: tuple[str, ...], path: str) -> tuple[Mapping[str, Any], str]:
    for name in names:
        if usage.get(name) is not None:
            return fields.mapping(usage[name], path + name), path + name
    return {}, path + names[0]


def _out_of_batch_line(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The response inside a line of a Batch API output file: {"custom_id", "response": {"status_code", "body"}}."""
    response = item.get("response")
    if "custom_id" in item and type(response) is dict and type(response.get("body")) is dict:
        return response["body"], True
    return item, False


def _web_searches(output: object) -> int:
    """Billed searches of a Responses object: `web_search_call` items that searched, not those that opened a page."""
    if type(output) is not list:
        return 0
    calls = [part for part in output if type(part) is dict and part.get("type") == "web_search_call"]
    actions = [call.get("action") for call in calls]
    return sum(type(action) is not dict or action.get("type", "search") == "search" for action in actions)
