"""Which billing period a revision belongs to, and whether it corrects one that was closed.

A billing period is a calendar month, UTC. It closes some days after its end. An event is booked in the month it
happened in, however late it came to be known; a revision of it that came after that month was closed is a correction,
booked in the month it was made in: it takes back what the revision before counted, and books what it counts itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import CorrectionKind

from services.common.clock import DAY, Micros, to_datetime, to_micros

SOURCE_REVISION = "source_revision"
"""Kind of a correction that the event's own source sent."""


class Revision(NamedTuple):
    """One revision of an event, and when the ledger wrote it down."""

    written: Micros
    record: CostRecord


class Month(NamedTuple):
    """Half-open [start, end)."""

    start: Micros
    end: Micros


class Booking(NamedTuple):
    """All that a revision counts, added to (or `taken` from) a billing period. `correction` is empty for the first."""

    month: Month
    correction: str
    taken: bool
    record: CostRecord


def month_of(moment: Micros) -> Month:
    """The calendar month, UTC."""
    return _month(moment // DAY)


@lru_cache(maxsize=4_096)
def _month(day: int) -> Month:
    first = to_datetime(day * DAY).replace(day=1)
    following = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
    return Month(to_micros(first), to_micros(following))


def bookings(revisions: Sequence[Revision], closing_days: int) -> Iterator[Booking]:
    """What an event's revisions, oldest first, do to which billing periods. Together they count its latest revision.

    Args:
        revisions: of one event; at least one.
        closing_days: how long after its end a month is still open.
    """
    month = month_of(revisions[0].record.usage.time_unix_micros)
    closed = month.end + closing_days * DAY
    last = max((at for at, revision in enumerate(revisions) if revision.written < closed), default=0)
    before = revisions[last].record
    yield Booking(month, "", taken=False, record=before)
    for written, record in revisions[last + 1 :]:
        made, kind = month_of(written), _kind(record)
        yield Booking(made, kind, taken=True, record=before)
        yield Booking(made, kind, taken=False, record=record)
        before = record


def _kind(record: CostRecord) -> str:
    kind = record.usage.correction.kind
    if kind == CorrectionKind.CORRECTION_KIND_UNSPECIFIED:
        return SOURCE_REVISION
    return CorrectionKind.Name(kind).removeprefix("CORRECTION_KIND_").lower()
