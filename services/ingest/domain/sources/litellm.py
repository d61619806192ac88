"""LiteLLM: the StandardLoggingPayload its generic_api callback posts.

LiteLLM unifies usage: `prompt_tokens` includes cache reads and writes, `completion_tokens` includes reasoning
(litellm, types/utils.py `Usage`; docs "Prompt Caching"). `metadata.usage_object` has the details; where a call was
passed through to Anthropic it is Anthropic's own. Messages and response are dropped; of the response only the
tier is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import OUTCOME_CACHE_HIT, OUTCOME_FAILED, UsageEvent

from services.common.clock import Micros
from services.common.dimensions import quantities, quantities_of
from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.client_network import CLIENT_NETWORK
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import anthropic, openai

NAME = "litellm"

_BATCH_CALLS = frozenset({"retrieve_batch", "aretrieve_batch"})
"""The call whose payload carries the usage of a finished batch."""

_ANTHROPICS_OWN = ("cache_read_input_tokens", "cache_creation_input_tokens")


def decode(item: object, context: Context) -> UsageEvent:
    """The event a payload stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    metadata = fields.mapping(item.get("metadata"), "metadata")
    time, inferred = _time(item, context)
    provider = fields.clean_text(item.get("custom_llm_provider"))
    usage = metadata.get("usage_object")
    usage = usage if type(usage) is dict else {}
    event = UsageEvent(
        tenant_id=context.tenant_id,
        source=NAME,
        source_event_id=fields.required_text(item.get("id"), "id", "send LiteLLM's payload as it is"),
        time_unix_micros=time,
        time_inferred=inferred,
        provider=provider,
        model=_model(fields.clean_text(item.get("model")), provider),
        session=fields.clean_text(item.get("session_id")),
        batch=fields.clean_text(item.get("call_type")) in _BATCH_CALLS,
        service_tier=_tier(item, usage),
        region=_region(item),
        **_dimensions(item, metadata),  # type: ignore[arg-type]
    )
    event.tags.update(_tags(item, metadata))
    event.quantities.CopyFrom(quantities_of({"requests": 1, **_buckets(item, usage)}))
    _judge(item, event, tells_counts=bool(usage) or item.get("prompt_tokens") is not None)
    return event


def _judge(item: Mapping[str, Any], event: UsageEvent, *, tells_counts: bool) -> None:
    """Outcome, and LiteLLM's own idea of the cost.

    A failed call that LiteLLM prices above zero broke off in mid-stream: the provider billed what it had produced.
    Where there are no tokens to price, LiteLLM's figure is all there is.
    """
    cost = fields.clean_dollars(item.get("response_cost"))
    if cost is not None:
        event.source_cost_picos = cost
    if item.get("cache_hit") is True:
        event.outcome = OUTCOME_CACHE_HIT
    elif item.get("status") == "failure":
        if cost:
            event.estimated = True
        else:
            event.outcome = OUTCOME_FAILED
    elif not any(count for name, count in quantities(event.quantities).items() if name != "requests"):
        # Images, speech by the character and the like: counted in nothing we have a bucket for.
        if cost is None and not tells_counts:
            raise Rejected(Reason.MISSING, "prompt_tokens", "is missing: send LiteLLM's payload as it is")
        event.source_cost_billed = bool(cost)


def _buckets(item: Mapping[str, Any], usage: Mapping[str, Any]) -> Buckets:
    where = "metadata.usage_object."
    if usage.get("prompt_tokens") is None and usage.get("input_tokens") is None:
        # A payload without details: the totals are all there is.
        usage, where = {name: item.get(name) for name in ("prompt_tokens", "completion_tokens")}, ""
        if usage["prompt_tokens"] is None:
            usage["prompt_tokens"] = 0
    if usage.get("prompt_tokens") is None and not usage.keys().isdisjoint(_ANTHROPICS_OWN):
        return anthropic.buckets_of(usage, where)
    counts = openai.buckets_of(_in_openai_words(usage, where), where)
    counts |= _split_writes(counts["cache_write_tokens"], usage, where)
    counts["web_searches"] = _web_searches(usage, where)
    return counts


def _in_openai_words(usage: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The same usage with cache counts in the details, where LiteLLM versions differ: top level, details, or both."""
    name = "prompt_tokens_details" if usage.get("prompt_tokens") is not None else "input_tokens_details"
    details = dict(fields.mapping(usage.get(name), where + name))
    if details.get("cached_tokens") is None:
        details["cached_tokens"] = usage.get("cache_read_input_tokens")
    for written in (details.get("cache_creation_tokens"), usage.get("cache_creation_input_tokens")):
        if details.get("cache_write_tokens") is None:
            details["cache_write_tokens"] = written
    return {**usage, name: details}


def _split_writes(written: int, usage: Mapping[str, Any], where: str) -> Buckets:
    details = fields.mapping(usage.get("prompt_tokens_details"), f"{where}prompt_tokens_details")
    path = f"{where}prompt_tokens_details.cache_creation_token_details"
    by_ttl = fields.mapping(details.get("cache_creation_token_details"), path)
    hour = fields.count(by_ttl.get("ephemeral_1h_input_tokens"), f"{path}.ephemeral_1h_input_tokens")
    buckets.part_of(written, {"ephemeral_1h_input_tokens": hour}, path, "the cache writes")
    return {"cache_write_tokens": written - hour, "cache_write_1h_tokens": hour}


def _web_searches(usage: Mapping[str, Any], where: str) -> int:
    for place in ("server_tool_use", "prompt_tokens_details"):
        found = fields.mapping(usage.get(place), where + place).get("web_search_requests")
        if found is not None:
            return fields.count(found, f"{where}{place}.web_search_requests")
    return 0


def _time(item: Mapping[str, Any], context: Context) -> tuple[Micros, bool]:
    for name in ("endTime", "startTime"):
        value = item.get(name)
        if value is not None:
            read = context.window.rfc3339 if type(value) is str else context.window.epoch
            return read(value, name), False
    return context.now, True


def _model(name: str, provider: str) -> str:
    """Without the provider LiteLLM's router writes in front: openai/gpt-4o."""
    return name.removeprefix(f"{provider}/") if provider else name


def _tier(item: Mapping[str, Any], usage: Mapping[str, Any]) -> str:
    """The tier served. The one requested (`model_parameters`) is not what is billed."""
    response, breakdown = item.get("response"), item.get("cost_breakdown")
    for place in (usage, response, breakdown):
        if type(place) is dict and place.get("service_tier"):
            return buckets.tier(fields.clean_text(place["service_tier"]))
    return ""


def _region(item: Mapping[str, Any]) -> str:
    breakdown = item.get("cost_breakdown")
    if type(breakdown) is not dict:
        return ""
    return fields.clean_text(breakdown.get("data_residency") or breakdown.get("vertex_location"))


def _dimensions(item: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, str]:
    """What people call things, or else LiteLLM's ids of them."""
    key = "user_api_key_"
    candidates = {
        "team": (metadata.get(f"{key}team_alias"), metadata.get(f"{key}team_id")),
        "user": (metadata.get(f"{key}user_email"), metadata.get(f"{key}user_id"), item.get("end_user")),
        "project": (metadata.get(f"{key}project_alias"), metadata.get(f"{key}project_id")),
        "key": (metadata.get(f"{key}alias"), metadata.get(f"{key}hash")),
    }
    return {name: next(filter(None, map(fields.clean_text, values)), "") for name, values in candidates.items()}


def _tags(item: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, str]:
    """`request_tags` that read name:value or name=value; a bare name gets the value "true"."""
    found: dict[str, str] = {}
    request_tags = item.get("request_tags")
    for tag in request_tags if type(request_tags) is list else ():
        if type(tag) is str:
            at = min((place for place in (tag.find(":"), tag.find("=")) if place > 0), default=-1)
            name, value = (tag, "true") if at < 0 else (tag[:at], tag[at + 1 :])
            fields.add_clean_tag(found, name, value)
    if item.get("end_user"):
        fields.add_clean_tag(found, "end_user", item["end_user"])
    if metadata.get("requester_ip_address"):
        fields.add_clean_tag(found, CLIENT_NETWORK, metadata["requester_ip_address"])
    return found
