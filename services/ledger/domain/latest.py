"""Events as they stand now, out of rows that each tell one change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from services.common.clock import Micros


class EventCursor(NamedTuple):
    """An event's place among all: by tenant, then time."""

    tenant_id: str
    time: Micros
    event_key: bytes


class Change(NamedTuple):
    """A row of the entries: a revision, or what a revision that moved the event took back."""

    event: EventCursor
    revision: int
    reversal: bool
    events_delta: int
    unpriced_delta: int
    record: bytes


class Standing(NamedTuple):
    """What the changes of one event come to."""

    event: EventCursor
    record: bytes | None
    """Its latest revision; None where the event does not count among what was asked for any more."""


def standings(changes: Iterable[Change], *, only_unpriced: bool) -> list[Standing]:
    """Each event of these changes, in their order; all changes of an event must stand together, by revision.

    The changes may be those booked under some dimensions only. An event that moved away from there was taken back as
    often as it was booked, so it sums up to nothing; and with `only_unpriced` so does one that has a price by now. Of
    a revision that is there twice the first row counts.
    """
    return [
        Standing(event, _latest(list(group), only_unpriced=only_unpriced))
        for event, group in groupby(changes, key=lambda change: change.event)
    ]


def _latest(changes: Sequence[Change], *, only_unpriced: bool) -> bytes | None:
    counted: dict[tuple[int, bool], Change] = {}
    for change in changes:
        counted.setdefault((change.revision, change.reversal), change)
    sums = [c.unpriced_delta if only_unpriced else c.events_delta for c in counted.values()]
    if sum(sums) <= 0:
        return None
    booked = [change for change in counted.values() if not change.reversal]
    return max(booked, key=lambda change: change.revision).record if booked else None
