"""What the objects of model providers have in common: an id, a model, a time, or headers that stand in for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Micros
from services.common.dimensions import quantities_of
from services.ingest.domain import buckets, fields
from services.ingest.domain.buckets import Buckets
from services.ingest.domain.context import Context
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.streams import BROKEN_OFF


def start_event(
    provider: str, item: Mapping[str, Any], context: Context, created: object, *, source_id: object = None
) -> UsageEvent:
    """The event of a provider's object, without its quantities.

    Args:
        provider: also the source.
        item: the object; its own `id` and `model` win over the headers'.
        context: of the request.
        created: seconds since 1970 or an RFC 3339 time, or None where the provider tells no time.
        source_id: stands in for the object's `id`.

    Raises:
        Rejected: no id, or a time out of range.
    """
    name = fields.required_text(
        source_id or item.get("id") or (context.attribution.id if context.alone else ""),
        "id",
        "send the provider's whole response object, or the object alone with its id in the header X-Id",
    )
    time, inferred = _time(created, context)
    attribution = context.attribution
    event = UsageEvent(
        tenant_id=context.tenant_id,
        source=provider,
        source_event_id=name,
        time_unix_micros=time,
        time_inferred=inferred,
        provider=provider,
        model=fields.text(item.get("model") or attribution.model, "model"),
        estimated=attribution.estimated or BROKEN_OFF in item,
        **attribution.dimensions,  # type: ignore[arg-type]
    )
    if attribution.tags:
        event.tags.update(attribution.tags)
    return event


def finish(event: UsageEvent, counts: Buckets, *, service_tier: str) -> UsageEvent:
    """Sets the quantities and the tier that was served; Batch API work is told by the tier `batch`."""
    event.quantities.CopyFrom(quantities_of({"requests": 1, **counts}))
    if service_tier == "batch":
        event.batch, service_tier = True, "standard"
    event.service_tier = buckets.tier(service_tier)
    return event


def _time(created: object, context: Context) -> tuple[Micros, bool]:
    if created is not None:
        read = context.window.rfc3339 if type(created) is str else context.window.epoch
        return read(created, "created"), False
    if context.attribution.time:
        return context.window.rfc3339(context.attribution.time, "X-Time"), False
    return context.now, True


def usage_of(item: Mapping[str, Any], total_names: tuple[str, ...]) -> tuple[Mapping[str, Any], str]:
    """The usage object and the path to it: `usage` inside a response, or the item itself.

    Raises:
        Rejected: neither.
    """
    if "usage" in item:
        usage = item["usage"]
        if usage is None:
            raise Rejected(
                Reason.MISSING,
                "usage",
                "is null: of a stream send all parts, or the last one, asked for with stream_options.include_usage",
            )
        return fields.mapping(usage, "usage"), "usage."
    if any(name in item for name in total_names):
        return item, ""
    raise Rejected(
        Reason.MISSING,
        "usage",
        f"is missing: send the whole response, or its usage object ({' or '.join(total_names)}, ...); of a stream all "
        "parts, or the last one, asked for with stream_options.include_usage where the API has it",
    )


def refuse_unmetered(value: object, field: str, unit: str) -> None:
    """Refuses use that is billed in a unit no bucket has: accepted without it, it would seem free.

    Raises:
        Rejected
    """
    if type(value) in (int, float) and value:
        raise Rejected(
            Reason.INVALID,
            field,
            f"is {value}: billed by the {unit}, for which there is no bucket; send a native event with `credits` "
            f"counting them, and a price for the model's credits",
        )
