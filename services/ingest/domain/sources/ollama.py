"""Ollama: its own chat, generate and embed answers, and those of its OpenAI-compatible API.

`prompt_eval_count` and `eval_count` exclude each other (github.com/ollama/ollama, docs/api.md). Its own answers have no
id, and those of /v1 a number below a thousand: so the moment they were made, to the nanosecond, or to the second with
the counts, goes into the event's id. The header X-Id wins where an object is sent alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain import fields
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected, not_an_object
from services.ingest.domain.sources import openai, provider
from services.ingest.domain.sources.openai_streams import CHUNKS
from services.ingest.domain.streams import Part, StreamFormat, keep_new

NAME = "ollama"

_COUNTS = ("prompt_eval_count", "eval_count")


def decode(item: object, context: Context) -> UsageEvent:
    """The event an Ollama object stands for.

    Raises:
        Rejected
    """
    if type(item) is not dict:
        raise not_an_object(item)
    given = context.attribution.id if context.alone else ""
    usage = item.get("usage")
    if type(usage) is dict:
        made = (item.get("id"), item.get("created"), usage.get("prompt_tokens"), usage.get("completion_tokens"))
        source_id = given or (":".join(map(str, made)) if item.get("id") else None)
        return openai.read(item, context, NAME, source_id=source_id).event
    return _read_native(item, context, given)


def _read_native(item: Mapping[str, Any], context: Context, given: str) -> UsageEvent:
    if all(item.get(name) is None for name in _COUNTS):
        raise Rejected(
            Reason.MISSING, "prompt_eval_count", "is missing: send the whole answer, or the last object of a stream"
        )
    made = (item.get("created_at"), item.get("model"), item.get("total_duration"))
    source_id = given or (":".join(map(str, made)) if made[0] and made[2] else None)
    event = provider.start_event(NAME, item, context, item.get("created_at"), source_id=source_id)
    read, written = (fields.count(item.get(name), name) for name in _COUNTS)
    return provider.finish(event, {"input_tokens": read, "output_tokens": written}, service_tier="")


def _merge(total: Part, part: Part) -> None:
    keep_new(total, part, leave=frozenset({"message", "response", "context"}))


_LINES = StreamFormat(
    is_part=lambda part: type(part.get("done")) is bool and "object" not in part,
    key=lambda part: "" if part["done"] else None,
    merge=_merge,
    is_last=lambda part: part["done"] is True,
)

STREAMS = (CHUNKS, _LINES)
