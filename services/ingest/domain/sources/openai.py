"""OpenAI: chat completions, responses, embeddings, images, audio, realtime, and lines of a Batch API output file.

Cached, cache-write, audio, image and reasoning tokens are all inside the totals (openai-python,
types/completion_usage.py and types/responses/response_usage.py). Streams may be sent whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import provider
from services.ingest.domain.sources.openai_streams import TRANSCRIBED

NAME = "openai"

Usage = Mapping[str, Any]
Restate = Callable[[Usage, str], Usage]
"""Puts a usage object into OpenAI's words; the path stands before its field names in messages."""

_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_IMAGES = frozenset({"image_generation.completed", "image_edit.completed"})
_SPEECH = "speech.audio.done"


class Reading(NamedTuple):
    """An event and the usage object it was read from."""

    event: UsageEvent
    usage: Usage
    path: str


def decode(item: object, context: Context) -> UsageEvent:
    """The event an OpenAI object stands for.

    Raises:
        Rejected
    """
    return read(item, context, NAME).event


def as_it_is(usage: Usage, path: str) -> Usage:
    """Usage that is in OpenAI's words already."""
    return usage


def read(
    item: object, context: Context, name: str, restate: Restate = as_it_is, *, source_id: object = None
) -> Reading:
    """The event of an object in OpenAI's shape, from the provider of this name.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    if item.get("object") == "batch":
        raise Rejected(
            Reason.INVALID, "object", "is a batch job: send the lines of its output file, which have the use"
        )
    response, line_id = _response_of(item)
    usage, path = provider.usage_of(response, ("prompt_tokens", "input_tokens"))
    usage = restate(usage, path)
    head = response if path else {}
    created = head.get("created", head.get("created_at"))
    source_id = source_id or head.get("id") or line_id
    event = provider.start_event(name, head, context, created, source_id=source_id)
    if head.get("type") == TRANSCRIBED and not context.alone:
        # X-Model names the session's model, and another one transcribes.
        event.model = fields.text(head.get("model"), "model")
    counts = buckets_of(usage, path)
    _name_modality(response, usage, counts)
    counts["web_searches"] = _web_searches(response.get("output"))
    tier = "batch" if line_id is not None else fields.text(response.get("service_tier"), "service_tier")
    return Reading(provider.finish(event, counts, service_tier=tier), usage, path)


def buckets_of(usage: Usage, path: str) -> Buckets:
    """Disjoint buckets of a usage object in OpenAI's convention. `path` stands before field names in messages.

    Raises:
        Rejected: wrong types, or parts that exceed their total.
    """
    if usage.get("type") == "duration":
        return {"audio_milliseconds": fields.audio_milliseconds(usage.get("seconds"), f"{path}seconds")}
    total_in_name = "prompt_tokens" if usage.get("prompt_tokens") is not None else "input_tokens"
    total_out_name = "completion_tokens" if total_in_name == "prompt_tokens" else "output_tokens"
    if usage.get(total_in_name) is None:
        raise Rejected(Reason.MISSING, f"{path}prompt_tokens", "is missing: send prompt_tokens or input_tokens")
    total_in = fields.count(usage[total_in_name], path + total_in_name)
    total_out = fields.count(usage.get(total_out_name), path + total_out_name)
    found = _input(total_in, *_details(usage, _INPUT_DETAILS, path), path + total_in_name)

    details, where = _details(usage, _OUTPUT_DETAILS, path)
    reasoning, audio, image = (
        fields.count(details.get(name), f"{where}.{name}")
        for name in ("reasoning_tokens", "audio_tokens", "image_tokens")
    )
    parts = {"reasoning_tokens": reasoning, "audio_tokens": audio, "image_tokens": image}
    buckets.part_of(total_out, parts, where, path + total_out_name)
    return found | buckets.split_output(total_out, reasoning=reasoning, audio=audio, image=image)


def _input(total: int, details: Usage, where: str, total_field: str) -> Buckets:
    cached, written, audio, image = (
        fields.count(details.get(name), f"{where}.{name}")
        for name in ("cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens")
    )
    kept_field = f"{where}.cache_write_tokens_details"
    kept = fields.mapping(details.get("cache_write_tokens_details"), kept_field)
    half_hour, half_day = (
        fields.count(kept.get(name), f"{kept_field}.{name}") for name in ("ttl_30m_tokens", "ttl_12h_tokens")
    )
    buckets.part_of(total, {"cached_tokens": cached, "cache_write_tokens": written}, where, total_field)
    buckets.part_of(total, {"audio_tokens": audio, "image_tokens": image}, where, total_field)
    ttls = {"ttl_30m_tokens": half_hour, "ttl_12h_tokens": half_day}
    buckets.part_of(written, ttls, kept_field, f"{where}.cache_write_tokens")
    # Realtime tells what of the cache was audio and images; without that a modality is what the cache leaves of it.
    cached_field = f"{where}.cached_tokens_details"
    cached_kinds = fields.mapping(details.get("cached_tokens_details"), cached_field)
    cached_audio, cached_image = (
        fields.count(cached_kinds.get(name), f"{cached_field}.{name}") for name in ("audio_tokens", "image_tokens")
    )
    buckets.part_of(audio, {"audio_tokens": cached_audio}, cached_field, f"{where}.audio_tokens")
    buckets.part_of(image, {"image_tokens": cached_image}, cached_field, f"{where}.image_tokens")
    return buckets.split_input(
        total,
        cache_read=cached,
        cache_write=written - half_day,
        # The bucket of the longer of a provider's times to live.
        cache_write_1h=half_day,
        audio=audio - cached_audio,
        image=image - cached_image,
    )


def _details(usage: Usage, names: tuple[str, ...], path: str) -> tuple[Usage, str]:
    for name in names:
        if usage.get(name) is not None:
            return fields.mapping(usage[name], path + name), path + name
    return {}, path + names[0]


def _response_of(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], object]:
    """The response inside an event of a stream or a line of a Batch API output file, and the line's id.

    A line reads {"id", "custom_id", "response": {"status_code", "body"}, "error"}; an event {"type", "response"}.
    """
    response = item.get("response")
    if "custom_id" in item:
        if type(response) is dict and type(response.get("body")) is dict and response.get("status_code") in (None, 200):
            return response["body"], item.get("id") or ""
        raise Rejected(Reason.MISSING, "response.body", "has no answer: leave out lines that did not succeed")
    if type(response) is dict and "usage" not in item:
        return response, None
    return item, None


def _name_modality(response: Mapping[str, Any], usage: Usage, counts: Buckets) -> None:
    """Output of one kind only, where the kind follows from the object: images and speech tell no details."""
    if usage.get("output_tokens") is None or any(usage.get(name) is not None for name in _OUTPUT_DETAILS):
        return
    kind = response.get("type")
    kind = kind if type(kind) is str else ""
    if kind == _SPEECH:
        counts["output_audio_tokens"] = counts.pop("output_tokens")
    elif kind in _IMAGES or (type(response.get("data")) is list and "object" not in response):
        counts["output_image_tokens"] = counts.pop("output_tokens")


def _web_searches(output: object) -> int:
    """Billed searches of a Responses object: `web_search_call` items that searched, not those that opened a page."""
    if type(output) is not list:
        return 0
    calls = [part for part in output if type(part) is dict and part.get("type") == "web_search_call"]
    actions = [call.get("action") for call in calls]
    return sum(type(action) is not dict or action.get("type", "search") == "search" for action in actions)


def with_details(usage: Usage, path: str, **details: object) -> Usage:
    """The usage with these in its `prompt_tokens_details`, unless they are there already."""
    there = fields.mapping(usage.get("prompt_tokens_details"), f"{path}prompt_tokens_details")
    known = {name: value for name, value in there.items() if value is not None}
    return {**usage, "prompt_tokens_details": {**details, **known}}
