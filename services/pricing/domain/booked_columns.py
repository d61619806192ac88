"""Re-rating in columns: which of many events pricing them anew would change, and by how much.

Events as the ledger has them come as columns, and are judged as `is_affected` judges a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from finops.usage.v1.usage_pb2 import CORRECTION_KIND_LATE_PRICE

from services.pricing.domain.columns import Alike, Bools, Columns, Ints, price_columns
from services.pricing.domain.rating import Kind, Pricer
from services.pricing.domain.rerating import Effect, Effects

KEY_BYTES = 16
_NONE = np.empty(0, dtype=np.int64)


class BookedKind(NamedTuple):
    """What many events have in common."""

    tenant_id: str
    kind: Kind
    free: bool
    """Failed, or answered from a cache: it costs nothing."""
    unpriced: frozenset[str]
    """Buckets without a price, as rated last."""
    apart: bool
    """Columns do not tell all that its price depends on."""


@dataclass(frozen=True)
class BookedColumns:
    """Events as the ledger has them."""

    kinds: Sequence[BookedKind]
    kind: Ints
    """Place in `kinds`."""
    event_keys: bytes
    times: Ints
    quantities: Columns
    costs: Sequence[Ints]
    """As rated last, in the order of `revisions.Costs`."""

    def __len__(self) -> int:
        return len(self.times)

    def keys(self, rows: Ints) -> list[bytes]:
        """Event keys of these rows."""
        return [self.event_keys[row * KEY_BYTES : (row + 1) * KEY_BYTES] for row in rows.tolist()]


class Judged(NamedTuple):
    """Events of one kind."""

    kind: BookedKind
    changed: Ints
    """Rows that a correction books anew."""
    left: Ints
    """Rows to judge one by one."""
    effect: Effect
    """Of those changed."""


class Changes(NamedTuple):
    """What pricing events anew would change."""

    changed: Ints
    """Rows that a correction books anew, rising."""
    left: Ints
    """Rows to judge one by one, rising."""
    effects: Effects
    """Of those changed."""


def gathered(found: Iterable[Judged]) -> Changes:
    """What was found of each kind, together."""
    effects, changed, left = Effects(), [_NONE], [_NONE]
    for some in found:
        provider, model, *_ = some.kind.kind
        effects.count(provider, model, some.effect)
        changed.append(some.changed)
        left.append(some.left)
    return Changes(np.sort(np.concatenate(changed)), np.sort(np.concatenate(left)), effects)


def judged(pricer: Pricer, booked: BookedColumns, correction: int) -> Iterator[Judged]:
    """All rows, kind by kind.

    Args:
        pricer: whose prices count now.
        booked: the events.
        correction: the kind of correction, as `is_affected` takes it.
    """
    order = np.argsort(booked.kind, kind="stable")
    ends = np.cumsum(np.bincount(booked.kind, minlength=len(booked.kinds)))
    for kind, rows in zip(booked.kinds, np.split(order, ends)[:-1], strict=True):
        yield _of_kind(pricer, booked, correction, kind, rows)


def _of_kind(pricer: Pricer, booked: BookedColumns, correction: int, kind: BookedKind, rows: Ints) -> Judged:
    none = rows[:0]
    if kind.apart:
        return Judged(kind, none, rows, Effect())
    if kind.free:
        nothing = np.zeros(len(rows), dtype=np.int64)
        some = _compared(booked, correction, kind, rows, [nothing] * len(booked.costs), frozenset())
        return Judged(kind, some.changed, none, some.effect)
    used = {bucket: column[rows] for bucket, column in booked.quantities.items()}
    priced = price_columns(pricer, kind.tenant_id, kind.kind, booked.times[rows], used)
    found = [
        _compared(booked, correction, kind, rows[some.rows], _costs(some), frozenset(some.form.unpriced))
        for some in priced.alike
    ]
    changed = np.sort(np.concatenate([none, *(some.changed for some in found)]))
    return Judged(kind, changed, rows[priced.left], sum((some.effect for some in found), Effect()))


def _costs(some: Alike) -> list[Ints]:
    """In the order of `revisions.Costs`."""
    return [
        some.costs,
        np.zeros_like(some.costs) if some.shadow is None else some.shadow,
        some.costs if some.listed is None else some.listed,
        some.costs if some.contracted is None else some.contracted,
        some.billed,
    ]


class _Compared(NamedTuple):
    changed: Ints
    effect: Effect


def _compared(
    booked: BookedColumns,
    correction: int,
    kind: BookedKind,
    rows: Ints,
    after: Sequence[Ints],
    unpriced: frozenset[str],
) -> _Compared:
    """Rows of one kind that have these costs now, and these buckets without a price."""
    before = [column[rows] for column in booked.costs]
    if correction == CORRECTION_KIND_LATE_PRICE and not unpriced < kind.unpriced:
        return _Compared(rows[:0], Effect())
    differs: Bools = np.full(len(rows), bool(unpriced) != bool(kind.unpriced))
    for old, new in zip(before, after, strict=True):
        differs |= old != new
    changed = rows[differs]
    effect = Effect(
        len(changed), _sum(before[0][differs]), _sum(after[0][differs]), _sum(before[1][differs]),
        _sum(after[1][differs]), len(changed) * bool(kind.unpriced), len(changed) * bool(unpriced),
    )  # fmt: skip
    return _Compared(changed, effect)


def _sum(column: Ints) -> int:
    """Of numbers that together may pass 64 bits."""
    return (int((column >> 32).sum()) << 32) + int((column & 0xFFFFFFFF).sum())
