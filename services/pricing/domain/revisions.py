"""Revisions: what a record of an event changes, given what is known of the event already.

Whoever adds up the deltas of all revisions of an event has its last rating; a resend adds nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, auto
from operator import attrgetter
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostRecord, LogPosition, Rating
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent

from services.common.clock import Micros
from services.common.dimensions import BUCKETS
from services.common.money import Picos

HASH_BYTES = 16
_HEAD = struct.Struct("<16sIqqqB")
_UNPRICED, _ESTIMATED = 1, 2
_read = attrgetter(*BUCKETS)


class Content(NamedTuple):
    """By which a resend is told from a revision."""

    content_hash: bytes
    estimated: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The last revision of an event."""

    content_hash: bytes
    revision: int
    time: Micros
    cost: Picos
    shadow: Picos
    unpriced: bool
    estimated: bool
    quantities: Quantities

    @classmethod
    def of(cls, record: CostRecord) -> Known:
        """What a cost record leaves known of its event."""
        usage, rating = record.usage, record.rating
        return cls(
            content_hash=usage.content_hash,
            revision=record.revision,
            time=usage.time_unix_micros,
            cost=rating.cost_picos,
            shadow=rating.shadow_cost_picos,
            unpriced=bool(rating.unpriced_buckets),
            estimated=usage.estimated,
            quantities=usage.quantities,
        )

    @property
    def content(self) -> Content:
        return Content(self.content_hash, self.estimated)

    def pack(self) -> bytes:
        """In few bytes: hundreds of thousands are held."""
        flags = _UNPRICED * self.unpriced | _ESTIMATED * self.estimated
        head = _HEAD.pack(self.content_hash, self.revision, self.time, self.cost, self.shadow, flags)
        return head + self.quantities.SerializeToString()

    @classmethod
    def unpack(cls, packed: bytes) -> Known:
        """Reads what `pack` wrote."""
        content_hash, revision, time, cost, shadow, flags = _HEAD.unpack_from(packed)
        quantities = Quantities.FromString(packed[_HEAD.size :])
        unpriced, estimated = bool(flags & _UNPRICED), bool(flags & _ESTIMATED)
        return cls(content_hash, revision, time, cost, shadow, unpriced, estimated, quantities)


class Verdict(Enum):
    """What a record is, given what is known of its event."""

    NEW = auto()
    REVISION = auto()
    DUPLICATE = auto()
    """A resend of the last revision."""
    SUPERSEDED = auto()
    """An estimate that comes after the final record."""


def judge(last: Content | None, content: Content) -> Verdict:
    """Tells a resend from a revision, by the content of the event's last revision."""
    if last is None:
        return Verdict.NEW
    if last.content_hash == content.content_hash:
        return Verdict.DUPLICATE
    if content.estimated and not last.estimated:
        return Verdict.SUPERSEDED
    return Verdict.REVISION


def revise(known: Known | None, event: UsageEvent, rating: Rating, position: LogPosition) -> CostRecord:
    """The next cost record of an event. Its time is that of the first revision, whatever the event says."""
    record = CostRecord(usage=event, revision=1, rating=rating, usage_position=position)
    unpriced = int(bool(rating.unpriced_buckets))
    if known is None:
        record.cost_delta_picos = rating.cost_picos
        record.shadow_cost_delta_picos = rating.shadow_cost_picos
        record.quantity_delta.CopyFrom(event.quantities)
        record.unpriced_events_delta = unpriced
        return record
    record.revision = known.revision + 1
    record.usage.time_unix_micros = known.time
    record.cost_delta_picos = rating.cost_picos - known.cost
    record.shadow_cost_delta_picos = rating.shadow_cost_picos - known.shadow
    before, after = _read(known.quantities), _read(event.quantities)
    changes = {bucket: new - old for bucket, old, new in zip(BUCKETS, before, after, strict=True)}
    record.quantity_delta.CopyFrom(Quantities(**changes))
    record.unpriced_events_delta = unpriced - int(known.unpriced)
    return record
