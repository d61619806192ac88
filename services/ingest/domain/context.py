"""What a decoder knows beside the object it decodes."""

from __future__ import annotations

from dataclasses import dataclass, field

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Micros
from services.ingest.domain.attribution import NOBODY, Attribution
from services.ingest.domain.times import TimeWindow


@dataclass(slots=True)
class Context:
    """One request, seen by a decoder."""

    tenant_id: str
    """From the API key; a payload never names one."""
    now: Micros
    window: TimeWindow
    attribution: Attribution = NOBODY
    """From the request's headers."""
    author: str = ""
    """Name of the API key."""
    alone: bool = True
    """The request holds one object, which a header may therefore name."""
    also: list[UsageEvent] = field(default_factory=list)
    """What a decoder found beside the event it gives: an object may tell of the use of several models."""
    dropped_fields: int = 0
    """Counts top-level fields nobody knows, as decoders drop them."""
