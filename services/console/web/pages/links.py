"""Addresses of pages that other pages lead to."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.clock import Micros, format_rfc3339
from services.console.domain.periods import Range


def costs(span: str | Range, by: Sequence[str] = (), condition: str = "") -> str:
    """The cost explorer over a preset of `domain.periods` or a range, grouped and filtered."""
    if isinstance(span, Range):
        said = {"range": "custom", "start": format_rfc3339(span.start), "end": format_rfc3339(span.end)}
    else:
        said = {"range": span}
    said |= {"by": ",".join(by), "filter": condition}
    return "/costs?" + urlencode({name: value for name, value in said.items() if value})


def event(record: CostRecord) -> str:
    """One event, with all its revisions."""
    return event_at(record.usage.event_key, record.usage.time_unix_micros)


def event_at(key: bytes, moment: Micros) -> str:
    """The event of this key that is booked at this moment."""
    return f"/events/{key.hex()}?" + urlencode({"at": format_rfc3339(moment)})


def contract(name: str) -> str:
    """One contract."""
    return f"/contracts/{quote(name, safe='')}"
