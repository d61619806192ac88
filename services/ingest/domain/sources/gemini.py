"""Gemini, of the Gemini API and of Vertex AI: whole answers, batch lines and streams.

`promptTokenCount` includes what came from the cache; thoughts and what tools brought stand beside prompt and candidates
and are billed as output and input (googleapis/python-genai, types.py `GenerateContentResponseUsageMetadata`). Names are
read as the API writes them, and as the SDK's `model_dump()` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import anthropic, openai, provider
from services.ingest.domain.sources.anthropic_streams import EVENTS
from services.ingest.domain.sources.gemini_fields import first, listed, name_of
from services.ingest.domain.sources.gemini_streams import CHUNKS
from services.ingest.domain.sources.openai import Usage
from services.ingest.domain.sources.openai_streams import CHUNKS as OPENAI_CHUNKS

NAME = "gemini"
VERTEX = "vertex_ai"

_TIERS = {
    "ON_DEMAND": "standard", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex", "ON_DEMAND_OFFPEAK": "offpeak",
    "TRAFFIC_TYPE_UNSPECIFIED": "", "UNSPECIFIED": "",
}  # fmt: skip

_IMAGES = frozenset({"IMAGE", "DOCUMENT"})
_BY_PROMPT = ("gemini-1", "gemini-2")
"""Models whose search is billed once for a grounded prompt; later ones bill each query (ai.google.dev, pricing)."""


def decode(item: object, context: Context) -> UsageEvent:
    """The event an object of the Gemini API stands for.

    Raises:
        Rejected
    """
    return _read(item, context, NAME)


def decode_vertex(item: object, context: Context) -> UsageEvent:
    """The event an object of Vertex AI stands for.

    Raises:
        Rejected
    """
    return _read(item, context, VERTEX)


def _read(item: object, context: Context, name: str) -> UsageEvent:
    if type(item) is not dict:
        raise not_an_object(item)
    if anthropic.is_shaped_so(item):
        return anthropic.read(item, context, name)
    if type(item.get("usage")) is dict and item["usage"].get("prompt_tokens") is not None:
        return openai.read(item, context, name, _with_thoughts).event
    answer, in_batch = _out_of_batch_line(item)
    usage, path = _usage_of(answer)
    head = {"model": first(answer, "modelVersion")} if path else {}
    created, source_id = (first(answer, field) if path else None for field in ("createTime", "responseId"))
    event = provider.start_event(name, {**answer, **head, "id": None}, context, created, source_id=source_id)
    counts = buckets_of(usage, path)
    counts["web_searches"] = _web_searches(answer, event.model)
    return provider.finish(event, counts, service_tier="batch" if in_batch else _tier(usage, path))


def _usage_of(answer: Mapping[str, Any]) -> tuple[Usage, str]:
    field = name_of(answer, "usageMetadata")
    if field in answer:
        if answer[field] is None:
            raise Rejected(Reason.MISSING, field, "is null: of a stream send all, or the last chunk")
        return fields.mapping(answer[field], field), f"{field}."
    if first(answer, "promptTokenCount") is not None:
        return answer, ""
    raise Rejected(
        Reason.MISSING, field, "is missing: send the whole response, or its usage metadata (promptTokenCount, ...)"
    )


def buckets_of(usage: Usage, path: str) -> Buckets:
    """Disjoint buckets of usage metadata. `path` stands before field names in messages.

    Raises:
        Rejected: wrong types, or parts that exceed their total.
    """
    prompt, cached, brought, thoughts = (
        fields.count(first(usage, name), path + name_of(usage, name))
        for name in ("promptTokenCount", "cachedContentTokenCount", "toolUsePromptTokenCount", "thoughtsTokenCount")
    )
    # A Live session's count has another name.
    answered = "candidatesTokenCount" if first(usage, "candidatesTokenCount") is not None else "responseTokenCount"
    output = fields.count(first(usage, answered), path + name_of(usage, answered))
    prompt_field = path + name_of(usage, "promptTokenCount")
    buckets.part_of(prompt, {"cachedContentTokenCount": cached}, prompt_field, prompt_field)
    audio_in, image_in = (
        _of_modality(usage, path, "promptTokensDetails", kinds)
        + _of_modality(usage, path, "toolUsePromptTokensDetails", kinds)
        - _of_modality(usage, path, "cacheTokensDetails", kinds)
        for kinds in (frozenset({"AUDIO"}), _IMAGES)
    )
    details = "candidatesTokensDetails" if answered == "candidatesTokenCount" else "responseTokensDetails"
    audio, image = (_of_modality(usage, path, details, kinds) for kinds in (frozenset({"AUDIO"}), _IMAGES))
    where = path + name_of(usage, details)
    buckets.part_of(output, {"AUDIO": audio, "IMAGE": image}, where, path + name_of(usage, answered))
    found = buckets.split_input(
        prompt + brought,
        cache_read=cached,
        cache_write=0,
        cache_write_1h=0,
        audio=max(0, audio_in),
        image=max(0, image_in),
    )
    return found | buckets.split_output(output + thoughts, reasoning=thoughts, audio=audio, image=image)


def _of_modality(usage: Usage, path: str, name: str, kinds: frozenset[str]) -> int:
    where = path + name_of(usage, name)
    total = 0
    for position, detail in enumerate(listed(usage, name)):
        modality = detail.get("modality")
        if type(modality) is str and modality in kinds:
            field = f"{where}[{position}].{name_of(detail, 'tokenCount')}"
            total += fields.count(first(detail, "tokenCount"), field)
    return total


def _tier(usage: Usage, path: str) -> str:
    """Vertex AI tells the kind of traffic, the Gemini API the tier."""
    for name in ("trafficType", "serviceTier"):
        found = fields.text(first(usage, name), path + name_of(usage, name))
        if found:
            return _TIERS.get(found.upper(), found.lower())
    return ""


def _web_searches(answer: Mapping[str, Any], model: str) -> int:
    queries = {
        query
        for candidate in listed(answer, "candidates")
        for query in _queries(first(candidate, "groundingMetadata"))
        if type(query) is str
    }
    by_prompt = model.rpartition("/")[2].startswith(_BY_PROMPT)
    return min(len(queries), 1) if by_prompt else len(queries)


def _queries(grounding: object) -> list[object]:
    found = first(grounding, "webSearchQueries") if type(grounding) is dict else None
    return found if type(found) is list else []


def _out_of_batch_line(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The answer inside a line of a batch's output: {"key", "response"}, of Vertex AI {"request", "response", ...}."""
    if item.keys().isdisjoint({"key", "request", "metadata"}) or name_of(item, "usageMetadata") in item:
        return item, False
    response = item.get("response")
    if type(response) is dict:
        return response, True
    raise Rejected(Reason.MISSING, "response", "is missing: leave out lines that did not succeed")


def _with_thoughts(usage: Usage, path: str) -> Usage:
    """The OpenAI-compatible API counts thoughts in the total alone."""
    prompt, completion, total = (
        fields.count(usage.get(name), path + name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    thoughts = total - prompt - completion
    if thoughts <= 0:
        return usage
    where = f"{path}completion_tokens_details"
    details = {**fields.mapping(usage.get("completion_tokens_details"), where), "reasoning_tokens": thoughts}
    return {**usage, "completion_tokens": completion + thoughts, "completion_tokens_details": details}


STREAMS = (EVENTS, OPENAI_CHUNKS, CHUNKS)
