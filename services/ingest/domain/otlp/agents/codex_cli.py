"""Codex CLI: the event `codex.sse_event` of kind `response.completed`, which has the counts of one response.

Fields as its source records them (openai/codex, codex-rs/otel, `sse_event_completed`). By OpenAI's convention cached
and cache-write tokens are inside the input, reasoning is inside the output; `tool_token_count` is their total. Numbers
come as strings. `auth_mode` tells an API key, whose use is spend, from a ChatGPT plan, whose use its seat pays for.
There is no request id: conversation, time to the millisecond and counts identify the response.
"""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, UsageEvent

from services.ingest.domain import buckets
from services.ingest.domain.context import Context
from services.ingest.domain.otlp.agents import common
from services.ingest.domain.otlp.attributes import count, word
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.records import LogRecord, content_id

NAME = "codex"
PROVIDER = "openai"

_EVENT = "codex.sse_event"
_KIND, _COMPLETED = "event.kind", "response.completed"
_INPUT, _OUTPUT = "input_token_count", "output_token_count"
_CACHED, _WRITTEN, _REASONING = "cached_token_count", "cache_write_token_count", "reasoning_token_count"
_AUTH, _PLAN = "auth_mode", "chatgpt"
_IDENTITY = ("conversation.id", "model", _INPUT, _CACHED, _OUTPUT, _REASONING)
NAMES = frozenset({_KIND, _WRITTEN, _AUTH, *_IDENTITY})


def is_own(name: str) -> bool:
    """Whether a service's or scope's name is Codex's: codex_cli_rs, codex_exec, codex-app-server, codex_otel.*."""
    return name.startswith("codex_") or name in ("codex", "codex-app-server")


def is_use(record: LogRecord) -> bool:
    """Whether the event is the end of a response that was counted; one that failed has no counts."""
    return record.attributes.get(_KIND) == _COMPLETED and _INPUT in record.attributes


def completed(record: LogRecord, context: Context, names: AttributeMap) -> UsageEvent:
    """The event of one response.

    Raises:
        Rejected
    """
    attributes = record.attributes
    total_in, total_out = count(attributes, (_INPUT,)) or 0, count(attributes, (_OUTPUT,)) or 0
    cached, written = count(attributes, (_CACHED,)) or 0, count(attributes, (_WRITTEN,)) or 0
    reasoning = count(attributes, (_REASONING,)) or 0
    buckets.part_of(total_in, {_CACHED: cached, _WRITTEN: written}, _CACHED, _INPUT)
    buckets.part_of(total_out, {_REASONING: reasoning}, _REASONING, _OUTPUT)
    counts = buckets.split_input(
        total_in, cache_read=cached, cache_write=written, cache_write_1h=0, audio=0, image=0
    ) | buckets.split_output(total_out, reasoning=reasoning, audio=0, image=0)
    event = common.start_event(
        record,
        context,
        names,
        agent=NAME,
        provider=PROVIDER,
        model=word(attributes, ("model",)),
        source_id=content_id(record, _IDENTITY),
    )
    common.set_quantities(event, counts)
    if word(attributes, (_AUTH,)).lower() == _PLAN:
        event.measurement = MEASUREMENT_REPORTED
    return event


EVENTS = {_EVENT: completed}
