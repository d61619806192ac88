"""Events as they stand now, as columns, out of rows that each tell one change.

The same rules as in `latest`, for whole arrays at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.common.clock import Micros
from services.ledger.domain.entry import KEY_BYTES
from services.ledger.domain.latest import EventCursor

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COSTS = ("cost_picos", "shadow_cost_picos", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos")


class Kind(NamedTuple):
    """What many events have in common."""

    tenant_id: str
    provider: str
    model: str
    service_tier: str
    batch: bool
    region: str
    outcome: int
    unpriced_buckets: str
    """Names with a comma between them."""
    billed: bool
    """Its cost is an amount billed for the event itself."""


@dataclass(frozen=True)
class Changes:
    """Rows of the entries, column by column; all of an event stand together, by revision."""

    kinds: Sequence[Kind]
    kind: Ints
    """Place in `kinds`."""
    event_keys: bytes
    times: Ints
    revisions: Ints
    reversals: Bools
    """What a revision that moved the event took back."""
    events: Ints
    """Added by the row; `unpriced` and `quantities` likewise."""
    unpriced: Ints
    quantities: Mapping[str, Ints]
    """By bucket."""
    costs: Mapping[str, Ints]
    """Of the revision, by name in COSTS."""

    def __len__(self) -> int:
        return len(self.times)

    def key(self, row: int) -> bytes:
        return self.event_keys[row * KEY_BYTES : (row + 1) * KEY_BYTES]


@dataclass(frozen=True)
class EventColumns:
    """Events, each as its last revision left it."""

    rows: Ints
    """The last revision of each, as a row of the changes."""
    quantities: Mapping[str, Ints]
    """Of each event, by bucket."""
    unsure: Bools
    """Of these events the changes do not add up to their quantities."""


class Whole(NamedTuple):
    """How far changes go that may break off in the middle of an event."""

    rows: int
    """Of events that are there whole."""
    last: EventCursor | None
    """The last of those."""


def whole(changes: Changes, limit: int) -> Whole:
    """Of rows read up to a limit those whose events cannot have more: all but the last event's where the limit was
    reached."""
    rows = len(changes)
    if rows >= limit:
        rows = int(_first_of_each(changes)[-1])
    if not rows:
        return Whole(0, None)
    last = rows - 1
    tenant_id = changes.kinds[int(changes.kind[last])].tenant_id
    time: Micros = int(changes.times[last])
    return Whole(rows, EventCursor(tenant_id, time, changes.key(last)))


def event_columns(changes: Changes, rows: int, *, only_unpriced: bool) -> EventColumns:
    """The events of the first rows, in their order.

    An event whose changes sum up to nothing does not count; of a revision that is there twice the first row counts.
    With `only_unpriced` changes between two prices are not among those read, so that the quantities of an event that
    changed may not add up.
    """
    if not rows:
        return EventColumns(np.empty(0, np.int64), {}, np.empty(0, np.bool_))
    starts = _first_of_each(changes)
    starts = starts[starts < rows]
    counted = ~_repeated(changes)[:rows]
    places = np.where(counted & ~changes.reversals[:rows], np.arange(rows), -1)
    last = np.maximum.reduceat(places, starts)
    deltas = changes.unpriced if only_unpriced else changes.events
    stand = (np.add.reduceat(np.where(counted, deltas[:rows], 0), starts) > 0) & (last >= 0)
    changed = np.diff(starts, append=rows) > 1
    sums = {
        bucket: np.add.reduceat(np.where(counted, column[:rows], 0), starts)[stand]
        for bucket, column in changes.quantities.items()
    }
    return EventColumns(last[stand], sums, changed[stand] & only_unpriced)


def _follows(changes: Changes) -> Bools:
    """Of each row but the first whether it is of the same event as the one before."""
    keys = np.frombuffer(changes.event_keys, dtype=np.int64).reshape(-1, 2)
    same: Bools = (keys[1:] == keys[:-1]).all(axis=1) & (changes.times[1:] == changes.times[:-1])
    return same


def _first_of_each(changes: Changes) -> Ints:
    return np.flatnonzero(np.concatenate([[True], ~_follows(changes)]))


def _repeated(changes: Changes) -> Bools:
    """Rows of a revision that stands before them."""
    same = (
        _follows(changes)
        & (changes.revisions[1:] == changes.revisions[:-1])
        & (changes.reversals[1:] == changes.reversals[:-1])
    )
    return np.concatenate([[False], same])
