"""Gemini CLI: the events `gemini_cli.api_response` and `gemini_cli.api_error`.

Fields as documented (google-gemini/gemini-cli, docs/cli/telemetry.md, API). The counts are those of Gemini's
usageMetadata: cached content is inside the input, thoughts and the tools' prompts are beside; their sum is
`total_token_count`. `auth_type` tells a key or a project, whose use is spend, from a sign-in with Google, whose use a
Code Assist licence or the free tier covers. There is no request id: session, prompt, time, duration and counts identify
the response.
"""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, UsageEvent

from services.ingest.domain import buckets
from services.ingest.domain.context import Context
from services.ingest.domain.otlp.agents import common
from services.ingest.domain.otlp.attributes import count, word
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.records import LogRecord, content_id
from services.ingest.domain.rejection import Reason, Rejected

NAME = "gemini-cli"
PROVIDER = "google"

_INPUT, _OUTPUT, _TOTAL = "input_token_count", "output_token_count", "total_token_count"
_CACHED, _THOUGHTS, _TOOL = "cached_content_token_count", "thoughts_token_count", "tool_token_count"
_AUTH, _LICENSED = "auth_type", ("oauth-personal", "cloud-shell")
_IDENTITY = ("session.id", "prompt_id", "model", "duration_ms", "status_code", _INPUT, _OUTPUT, _THOUGHTS, _TOTAL)
NAMES = frozenset({*_IDENTITY, _CACHED, _TOOL, _AUTH})


def is_own(name: str) -> bool:
    """Whether a service's or scope's name is Gemini CLI's."""
    return name == NAME


def response(record: LogRecord, context: Context, names: AttributeMap) -> UsageEvent:
    """The event of one response.

    Raises:
        Rejected
    """
    attributes = record.attributes
    if _INPUT not in attributes:
        raise Rejected(Reason.MISSING, _INPUT, "is missing: send the api_response event as Gemini CLI made it")
    prompt, cached = count(attributes, (_INPUT,)) or 0, count(attributes, (_CACHED,)) or 0
    thoughts, tool = count(attributes, (_THOUGHTS,)) or 0, count(attributes, (_TOOL,)) or 0
    buckets.part_of(prompt, {_CACHED: cached}, _CACHED, _INPUT)
    counts = buckets.split_input(
        prompt + tool, cache_read=cached, cache_write=0, cache_write_1h=0, audio=0, image=0
    ) | {"output_tokens": count(attributes, (_OUTPUT,)) or 0, "reasoning_tokens": thoughts}
    event = _start(record, context, names)
    common.set_quantities(event, counts)
    if word(attributes, (_AUTH,)) in _LICENSED:
        event.measurement = MEASUREMENT_REPORTED
    return event


def _start(record: LogRecord, context: Context, names: AttributeMap) -> UsageEvent:
    return common.start_event(
        record,
        context,
        names,
        agent=NAME,
        provider=PROVIDER,
        model=word(record.attributes, ("model",)),
        source_id=content_id(record, _IDENTITY),
    )


EVENTS = {"gemini_cli.api_response": response, "gemini_cli.api_error": common.failed(_start)}
