"""Which log records are calls of a model: the events of coding agents, and OpenTelemetry's own GenAI event.

`gen_ai.client.inference.operation.details` says of a call what its span says. Where both are sent they have the same
id (the response's, or the trace's and the span's), so the call is counted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from finops.usage.v1.usage_pb2 import UsageEvent

from services.ingest.domain.context import Context
from services.ingest.domain.otlp import agents, call, spans, usage
from services.ingest.domain.otlp.attribution import AttributeMap
from services.ingest.domain.otlp.records import TIMESTAMP, LogRecord, content_id, time_of

EVENT_NAME = "event.name"
DETAILS = "gen_ai.client.inference.operation.details"
EVENTS = frozenset({DETAILS, *agents.EVENTS})
SHORT_NAMES = {name.removeprefix("claude_code."): name for name in agents.claude_code.EVENTS}
"""Claude Code writes `event.name` without its prefix, and the whole name in the body."""

NAMES = frozenset({EVENT_NAME, TIMESTAMP}) | spans.NAMES | agents.NAMES
_IDENTITY = tuple(sorted(usage.INPUT + usage.OUTPUT)) + call.MODEL


class Selection(NamedTuple):
    """The records of a request that are to be counted."""

    calls: Sequence[LogRecord]
    of_agents: int
    """GenAI events left out because the agent's own events are counted."""


def select(records: Sequence[LogRecord]) -> Selection:
    """Picks the records that are calls with an outcome; an event of a request alone has no counts yet."""
    calls: list[LogRecord] = []
    of_agents = 0
    for record in records:
        if record.name == DETAILS:
            if record.agent:
                of_agents += 1
            elif usage.is_there(record.attributes) and spans.is_call(record.attributes):
                calls.append(record)
        elif agents.is_use(record):
            calls.append(record)
    return Selection(calls, of_agents)


class LogDecoder:
    """Turns a selected record into an event."""

    def __init__(self, names: AttributeMap) -> None:
        self._names = names

    def __call__(self, item: object, context: Context) -> UsageEvent:
        """The event of a record.

        Raises:
            Rejected
        """
        assert isinstance(item, LogRecord)
        decode = agents.EVENTS.get(item.name)
        if decode is not None:
            return decode(item, context, self._names)
        in_span = item.trace_id and item.span_id
        return call.event_of(
            item.attributes,
            item.resource,
            context,
            self._names,
            time=time_of(item, context),
            fallback_id=f"{item.trace_id.hex()}:{item.span_id.hex()}" if in_span else content_id(item, _IDENTITY),
            failed=False,
        )
