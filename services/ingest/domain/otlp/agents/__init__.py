"""Coding agents that export telemetry of their own: which of their events are uses.

An agent tells each request several times: as an event, in its metrics, in its traces, some also as a GenAI event. The
agent's own event is the most exact (it has the cache and the session), so that one is counted and the others are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.otlp.agents import claude_code, codex_cli, gemini_cli
from services.ingest.domain.otlp.attributes import Attributes
from services.ingest.domain.otlp.attribution import SERVICE_NAME, AttributeMap
from services.ingest.domain.otlp.records import LogRecord

Decoder = Callable[[LogRecord, Context, AttributeMap], UsageEvent]

EVENTS: Mapping[str, Decoder] = {**claude_code.EVENTS, **codex_cli.EVENTS, **gemini_cli.EVENTS}
"""What is counted, by the event's name."""

_SERVICES: Mapping[str, Callable[[str], bool]] = {
    claude_code.NAME: claude_code.is_service,
    codex_cli.NAME: codex_cli.is_service,
    gemini_cli.NAME: gemini_cli.is_service,
}

NAMES = claude_code.NAMES | codex_cli.NAMES | gemini_cli.NAMES


def of(resource: Attributes) -> str:
    """The agent whose telemetry this is; "" for any other program."""
    service = resource.get(SERVICE_NAME)
    if not isinstance(service, str):
        return ""
    return next((name for name, is_service in _SERVICES.items() if is_service(service)), "")


def is_use(record: LogRecord) -> bool:
    """Whether an agent's event is a use; the same names serve for events that are none."""
    if record.name in codex_cli.EVENTS:
        return codex_cli.is_use(record)
    return record.name in EVENTS
