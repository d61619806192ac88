"""Contexts and events for the tests of ingest."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import parse_rfc3339
from services.common.dimensions import quantities
from services.ingest.domain.attribution import NOBODY, Attribution
from services.ingest.domain.context import Context
from services.ingest.domain.identity import Event, seal
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources import Decoder
from services.ingest.domain.times import TimeWindow

NOW = parse_rfc3339("2026-11-23T12:00:00Z")


def context(attribution: Attribution = NOBODY, *, alone: bool = True) -> Context:
    window = TimeWindow.at(NOW, max_age_days=400, max_ahead_seconds=300)
    return Context("acme", NOW, window, attribution, "ann", alone=alone)


def native(**changes: Any) -> dict[str, Any]:
    """A native event; a change to None leaves the field out."""
    event = {
        "id": "req-1",
        "time": "2026-11-23T11:59:00Z",
        "usage": {"input_tokens": 900, "output_tokens": 50},
    } | changes
    return {name: value for name, value in event.items() if value is not None}


def over_the_wire(value: object) -> Any:
    """What a decoder sees of it."""
    return orjson.loads(orjson.dumps(value))


def buckets(event: UsageEvent) -> dict[str, int]:
    return quantities(event.quantities)


def refused(
    decode: Decoder, item: object, *, attribution: Attribution = NOBODY, alone: bool = True
) -> tuple[Reason, str]:
    """Why a decoder does not take an item: its code and its message."""
    with pytest.raises(Rejected) as caught:
        decode(item, context(attribution, alone=alone))
    return caught.value.reason, str(caught.value)


def sealed(number: int, *, tokens: int = 1, source: str = "test") -> Event:
    event = UsageEvent(tenant_id="acme", source=source, source_event_id=f"event-{number}", time_unix_micros=NOW)
    event.quantities.input_tokens = tokens
    return seal(event, NOW)
