"""Claude Code: the events `claude_code.api_request` and `claude_code.api_error`.

Fields as documented (code.claude.com/docs/en/monitoring-usage, Events). `input_tokens` leaves out both kinds of cache
tokens, as in Anthropic's API. Numbers come as numbers or strings, depending on the version.
"""

from __future__ import annotations

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.otlp.agents import common
from services.ingest.domain.otlp.attributes import count, picos, word
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.records import LogRecord, content_id
from services.ingest.domain.rejection import Reason, Rejected

NAME = "claude-code"
PROVIDER = "anthropic"

_COUNTS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_creation_tokens": "cache_write_tokens",
}
"""Attribute, and the bucket it is."""
_ID = ("request_id", "gen_ai.response.id")
_SEQUENCE = ("session.id", "event.sequence", "model", "duration_ms", *_COUNTS)
_COST = "cost_usd"
NAMES = frozenset({*_COUNTS, *_ID, *_SEQUENCE, _COST, "speed"})


def is_own(name: str) -> bool:
    """Whether a service's or scope's name is Claude Code's: claude-code, com.anthropic.claude_code.events."""
    return name == NAME or name.startswith("com.anthropic.claude_code")


def request(record: LogRecord, context: Context, names: AttributeMap) -> UsageEvent:
    """The event of one request to the API.

    Raises:
        Rejected
    """
    attributes = record.attributes
    if "input_tokens" not in attributes and "output_tokens" not in attributes:
        raise Rejected(Reason.MISSING, "input_tokens", "is missing: send the api_request event as Claude Code made it")
    counts = {bucket: count(attributes, (name,)) or 0 for name, bucket in _COUNTS.items()}
    event = _start(record, context, names)
    common.set_quantities(event, counts)
    if attributes.get("speed") == "fast":
        event.service_tier = "fast"
    cost = picos(attributes, (_COST,))
    if cost is not None:
        event.source_cost_picos = cost
    return event


def _start(record: LogRecord, context: Context, names: AttributeMap) -> UsageEvent:
    attributes = record.attributes
    # "claude-opus-5-5[1m]": the suffix is the context window asked for, not the model.
    model = word(attributes, ("model",)).partition("[")[0]
    source_id = word(attributes, _ID) or content_id(record, _SEQUENCE)
    return common.start_event(record, context, names, agent=NAME, provider=PROVIDER, model=model, source_id=source_id)


EVENTS = {"claude_code.api_request": request, "claude_code.api_error": common.failed(_start)}
