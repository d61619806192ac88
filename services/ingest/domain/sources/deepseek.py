"""DeepSeek: OpenAI's shape, with the cache told as hits and misses that make up the prompt (api-docs.deepseek.com,
"Context Caching"); reasoning is inside the completion."""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import buckets, fields
from services.ingest.domain.context import Context
from services.ingest.domain.sources import openai
from services.ingest.domain.sources.openai import Usage

NAME = "deepseek"


def decode(item: object, context: Context) -> UsageEvent:
    """The event a DeepSeek object stands for.

    Raises:
        Rejected
    """
    return openai.read(item, context, NAME, _in_openai_words).event


def _in_openai_words(usage: Usage, path: str) -> Usage:
    if usage.get("prompt_cache_hit_tokens") is None:
        return usage
    hits, misses = (
        fields.count(usage.get(name), path + name) for name in ("prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    )
    prompt = fields.count(usage.get("prompt_tokens"), f"{path}prompt_tokens")
    parts = {"prompt_cache_hit_tokens": hits, "prompt_cache_miss_tokens": misses}
    buckets.part_of(prompt, parts, path.rstrip("."), f"{path}prompt_tokens")
    return openai.with_details(usage, path, cached_tokens=hits)
