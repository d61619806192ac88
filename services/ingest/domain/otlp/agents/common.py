"""What the events of all coding agents have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, UsageEvent

from services.common.dimensions import quantities_of
from services.ingest.domain.context import Context
from services.ingest.domain.otlp.attributes import Attributes
from services.ingest.domain.otlp.attribution import SERVICE_NAME, AttributeMap
from services.ingest.domain.otlp.records import LogRecord, time_of

Decoder = Callable[[LogRecord, Context, AttributeMap], UsageEvent]
"""Makes the event of a record. Raises Rejected."""


def start_event(
    record: LogRecord,
    context: Context,
    names: AttributeMap,
    *,
    agent: str,
    provider: str,
    model: str,
    source_id: str,
) -> UsageEvent:
    """The event of an agent's request, without its quantities. The agent is its tool and its source.

    Raises:
        Rejected: a time out of range.
    """
    resource = own(record.resource)
    dimensions = {"tool": agent, **names.dimensions(record.attributes, resource, context)}
    event = UsageEvent(
        tenant_id=context.tenant_id,
        source=agent,
        source_event_id=source_id,
        time_unix_micros=time_of(record, context),
        provider=provider,
        model=model,
        measurement=names.measurement(record.attributes, resource),
        **dimensions,  # type: ignore[arg-type]
    )
    event.tags.update(names.tags(record.attributes, resource, context))
    return event


def own(resource: Attributes) -> Attributes:
    """Without the service's name: the agent is the tool, not the project it worked on."""
    return {name: value for name, value in resource.items() if name != SERVICE_NAME}


def set_quantities(event: UsageEvent, counts: Mapping[str, int]) -> None:
    """One request, and what it used."""
    event.quantities.CopyFrom(quantities_of({"requests": 1, **counts}))


def failed(start: Decoder) -> Decoder:
    """The decoder of requests that failed, which cost nothing, from what starts the agent's events."""

    def decode(record: LogRecord, context: Context, names: AttributeMap) -> UsageEvent:
        event = start(record, context, names)
        set_quantities(event, {})
        event.outcome = OUTCOME_FAILED
        return event

    return decode
