"""Mistral: OpenAI's shape; what connectors bring into a conversation is input beside the prompt (docs.mistral.ai)."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import not_an_object
from services.ingest.domain.sources import openai, provider
from services.ingest.domain.sources.openai import Usage

NAME = "mistral"

_SEARCHES = ("web_search", "web_search_premium")


def decode(item: object, context: Context) -> UsageEvent:
    """The event a Mistral object stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    pages = fields.mapping(item.get("usage_info"), "usage_info").get("pages_processed")
    provider.refuse_unmetered(pages, "usage_info.pages_processed", "page")
    event, usage, path = openai.read(item, context, NAME, _in_openai_words)
    connectors = fields.mapping(usage.get("connectors"), f"{path}connectors")
    # Audio is billed by the second and stands in none of the token counts (docs, "Audio transcription").
    field = f"{path}prompt_audio_seconds"
    event.quantities.audio_milliseconds = fields.audio_milliseconds(usage.get("prompt_audio_seconds"), field)
    for name in _SEARCHES:
        event.quantities.web_searches += fields.count(connectors.get(name), f"{path}connectors.{name}")
    return event


def _in_openai_words(usage: Usage, path: str) -> Usage:
    brought = fields.count(usage.get("connector_tokens"), f"{path}connector_tokens")
    if brought:
        prompt = fields.count(usage.get("prompt_tokens"), f"{path}prompt_tokens")
        usage = {**usage, "prompt_tokens": prompt + brought}
    if usage.get("prompt_tokens_details") is None:
        details = fields.mapping(usage.get("prompt_token_details"), f"{path}prompt_token_details")
        cached = details.get("cached_tokens", usage.get("num_cached_tokens"))
        if cached is not None:
            usage = openai.with_details(usage, path, cached_tokens=cached)
    return usage
