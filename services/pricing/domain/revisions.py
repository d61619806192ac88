"""Revisions: what a record of an event changes, given what is known of the event already.

Whoever adds up the deltas of all revisions of an event has its last rating; a resend adds nothing.
"""

from __future__ import annotations

import struct
from enum import Enum, auto
from operator import attrgetter
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import Booked, CostRecord, LogPosition, Rating
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    CORRECTION_KIND_LATE_PRICE,
    CORRECTION_KIND_PRICE_CORRECTED,
    CORRECTION_KIND_REATTRIBUTION,
    Quantities,
    UsageEvent,
)

from services.common.clock import Micros
from services.common.dimensions import BUCKETS, attribution_of, difference
from services.common.money import Picos

HASH_BYTES = 16
REBOOKINGS = frozenset(
    {
        CORRECTION_KIND_LATE_PRICE,
        CORRECTION_KIND_PRICE_CORRECTED,
        CORRECTION_KIND_CONTRACT_CHANGED,
        CORRECTION_KIND_REATTRIBUTION,
    }
)
"""Corrections that book an event anew as its source last told it: with its content hash, not with new content."""

_HEAD = struct.Struct("<16sIqqqqqqB")
_UNPRICED, _ESTIMATED = 1, 2
_read = attrgetter(*BUCKETS)


class Content(NamedTuple):
    """By which a resend is told from a revision."""

    content_hash: bytes
    estimated: bool


class Costs(NamedTuple):
    """An event's cost in each view, picodollars. See `finops.cost.v1.Rating`."""

    effective: Picos
    shadow: Picos
    listed: Picos
    contracted: Picos
    billed: Picos

    @classmethod
    def of(cls, rating: Rating) -> Costs:
        """Those of a rating, where a view that is absent equals the effective cost."""
        cost = rating.cost_picos
        return cls(
            cost,
            rating.shadow_cost_picos,
            rating.list_cost_picos if rating.HasField("list_cost_picos") else cost,
            rating.contracted_cost_picos if rating.HasField("contracted_cost_picos") else cost,
            rating.billed_cost_picos if rating.HasField("billed_cost_picos") else cost,
        )


NOTHING = Costs(0, 0, 0, 0, 0)


class Known(NamedTuple):
    """The last revision of an event."""

    content_hash: bytes
    revision: int
    time: Micros
    costs: Costs
    unpriced: bool
    estimated: bool
    quantities: Quantities
    attribution: bytes | None
    """See `attribution_of`. None: not asked for, or the ledger's entry has expired; then it is taken as not moved."""

    @classmethod
    def of(cls, record: CostRecord) -> Known:
        """What a cost record leaves known of its event."""
        usage, rating = record.usage, record.rating
        return cls(
            content_hash=usage.content_hash,
            revision=record.revision,
            time=usage.time_unix_micros,
            costs=Costs.of(rating),
            unpriced=bool(rating.unpriced_buckets),
            estimated=usage.estimated,
            quantities=usage.quantities,
            attribution=attribution_of(usage),
        )

    @property
    def content(self) -> Content:
        return Content(self.content_hash, self.estimated)

    def pack(self) -> bytes:
        """In few bytes, without the attribution: hundreds of thousands are held."""
        flags = _UNPRICED * self.unpriced | _ESTIMATED * self.estimated
        head = _HEAD.pack(self.content_hash, self.revision, self.time, *self.costs, flags)
        return head + self.quantities.SerializeToString()

    @classmethod
    def unpack(cls, packed: bytes, attribution: bytes | None) -> Known:
        """Reads what `pack` wrote."""
        content_hash, revision, time, *costs, flags = _HEAD.unpack_from(packed)
        quantities = Quantities.FromString(packed[_HEAD.size :])
        unpriced, estimated = bool(flags & _UNPRICED), bool(flags & _ESTIMATED)
        return cls(content_hash, revision, time, Costs(*costs), unpriced, estimated, quantities, attribution)


class Verdict(Enum):
    """What a record is, given what is known of its event."""

    NEW = auto()
    REVISION = auto()
    REBOOKING = auto()
    """The content of the last revision, to be priced and attributed anew."""
    DUPLICATE = auto()
    """A resend of the last revision."""
    SUPERSEDED = auto()
    """An estimate that comes after the final record, or a rebooking of content that is not the last."""


def is_rebooking(event: UsageEvent) -> bool:
    """True for one of REBOOKINGS."""
    return event.HasField("correction") and event.correction.kind in REBOOKINGS


def judge(last: Content | None, event: UsageEvent) -> Verdict:
    """Tells a resend from a revision, by the content of the event's last revision."""
    if is_rebooking(event):
        current = last is not None and last.content_hash == event.content_hash
        return Verdict.REBOOKING if current else Verdict.SUPERSEDED
    if last is None:
        return Verdict.NEW
    if last.content_hash == event.content_hash:
        return Verdict.DUPLICATE
    if event.estimated and not last.estimated:
        return Verdict.SUPERSEDED
    return Verdict.REVISION


def revise(known: Known | None, event: UsageEvent, rating: Rating, position: LogPosition) -> CostRecord:
    """The next cost record of an event. Its time is that of the first revision, whatever the event says."""
    record = CostRecord(revision=1)
    # Handed to the constructor they would be serialized and parsed again.
    record.usage.CopyFrom(event)
    record.rating.CopyFrom(rating)
    record.usage_position.CopyFrom(position)
    unpriced = int(bool(rating.unpriced_buckets))
    if known is None:
        _book(record, NOTHING, Costs.of(rating))
        record.quantity_delta.CopyFrom(event.quantities)
        record.unpriced_events_delta = unpriced
        record.events_delta = 1
        return record
    record.revision = known.revision + 1
    record.usage.time_unix_micros = known.time
    _book(record, known.costs, Costs.of(rating))
    record.quantity_delta.CopyFrom(difference(event.quantities, known.quantities))
    record.unpriced_events_delta = unpriced - int(known.unpriced)
    if known.attribution is not None and known.attribution != attribution_of(record.usage):
        record.previous.CopyFrom(_booked(known, record.usage))
    return record


def changes_nothing(record: CostRecord) -> bool:
    """True for a revision after which every sum is what it was."""
    return not (
        record.cost_delta_picos
        or record.shadow_cost_delta_picos
        or record.list_cost_delta_picos
        or record.contracted_cost_delta_picos
        or record.billed_cost_delta_picos
        or record.unpriced_events_delta
        or record.events_delta
        or record.HasField("previous")
        or any(_read(record.quantity_delta))
        or record.quantity_delta.business_metrics
    )


def _book(record: CostRecord, before: Costs, after: Costs) -> None:
    """Sets the deltas; those of the other views only where they differ from the effective cost's."""
    delta = record.cost_delta_picos = after.effective - before.effective
    record.shadow_cost_delta_picos = after.shadow - before.shadow
    if (listed := after.listed - before.listed) != delta:
        record.list_cost_delta_picos = listed
    if (contracted := after.contracted - before.contracted) != delta:
        record.contracted_cost_delta_picos = contracted
    if (billed := after.billed - before.billed) != delta:
        record.billed_cost_delta_picos = billed


def _booked(known: Known, usage: UsageEvent) -> Booked:
    """What the event counted before it moved."""
    booked = Booked(
        cost_picos=known.costs.effective,
        shadow_cost_picos=known.costs.shadow,
        list_cost_picos=known.costs.listed,
        contracted_cost_picos=known.costs.contracted,
        billed_cost_picos=known.costs.billed,
        unpriced=known.unpriced,
    )
    booked.usage.ParseFromString(known.attribution or b"")
    booked.usage.event_key = usage.event_key
    booked.usage.tenant_id = usage.tenant_id
    booked.usage.time_unix_micros = known.time
    booked.usage.quantities.CopyFrom(known.quantities)
    return booked
