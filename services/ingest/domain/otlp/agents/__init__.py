"""Coding agents that export telemetry of their own: which of their events are uses.

An agent tells each request several times: as an event, in its metrics, in its traces, some also as a GenAI event. The
agent's own event is the most exact (it has the cache and the session), so that one is counted and the others are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.ingest.domain.otlp.agents import claude_code, codex_cli, gemini_cli
from services.ingest.domain.otlp.agents.common import Decoder
from services.ingest.domain.otlp.attributes import Attributes
from services.ingest.domain.otlp.attribution import SERVICE_NAME
from services.ingest.domain.otlp.records import LogRecord

EVENTS: Mapping[str, Decoder] = {**claude_code.EVENTS, **codex_cli.EVENTS, **gemini_cli.EVENTS}
"""What is counted, by the event's name."""

_OWN: Mapping[str, Callable[[str], bool]] = {
    claude_code.NAME: claude_code.is_own,
    codex_cli.NAME: codex_cli.is_own,
    gemini_cli.NAME: gemini_cli.is_own,
}

NAMES = claude_code.NAMES | codex_cli.NAMES | gemini_cli.NAMES


def of(resource: Attributes, scope: str) -> str:
    """The agent whose telemetry this is, by its service's or its instrumentation scope's name; "" for others."""
    service = resource.get(SERVICE_NAME)
    for agent, is_own in _OWN.items():
        if is_own(scope) or (isinstance(service, str) and is_own(service)):
            return agent
    return ""


def is_use(record: LogRecord) -> bool:
    """Whether an agent's event is a use; the same names serve for events that are none."""
    if record.name in codex_cli.EVENTS:
        return codex_cli.is_use(record)
    return record.name in EVENTS
