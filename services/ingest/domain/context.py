"""What a decoder knows beside the object it decodes."""

from __future__ import annotations

from dataclasses import dataclass

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
    alone: bool = True
    """The request holds one object, which a header may therefore name."""
    dropped_fields: int = 0
    """Counts top-level fields nobody knows, as decoders drop them."""
