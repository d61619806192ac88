"""What a cost record adds to the sums of each set of dimensions."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.usage.v1.usage_pb2 import Quantities

from services.common.dimensions import difference


def postings(record: CostRecord) -> tuple[CostRecord, ...]:
    """The record as changes that each concern one set of dimensions: itself, or, where the revision moved the event,
    one that takes back all that was booked before and one that books all of this revision."""
    return (_reversal(record), _booking(record)) if record.HasField("previous") else (record,)


def _reversal(record: CostRecord) -> CostRecord:
    """Minus all that the revision before counted, under its dimensions."""
    booked: Booked = record.previous
    reversal = CostRecord(
        usage=booked.usage,
        revision=record.revision,
        cost_delta_picos=-booked.cost_picos,
        shadow_cost_delta_picos=-booked.shadow_cost_picos,
        list_cost_delta_picos=-booked.list_cost_picos,
        contracted_cost_delta_picos=-booked.contracted_cost_picos,
        billed_cost_delta_picos=-booked.billed_cost_picos,
        quantity_delta=difference(Quantities(), booked.usage.quantities),
        unpriced_events_delta=-int(booked.unpriced),
        events_delta=-1,
        usage_position=record.usage_position,
    )
    usage = reversal.usage
    usage.content_hash = record.usage.content_hash
    usage.received_unix_micros = record.usage.received_unix_micros
    usage.source_event_id = record.usage.source_event_id
    # Not kept of the revision before; whoever moves an event leaves it as it was.
    usage.outcome = record.usage.outcome
    if record.usage.HasField("correction"):
        usage.correction.CopyFrom(record.usage.correction)
    return reversal


def _booking(record: CostRecord) -> CostRecord:
    """All that this revision counts, under its dimensions: the net change, and what the reversal took back."""
    before: Booked = record.previous
    after, delta = CostRecord(), record.cost_delta_picos
    after.CopyFrom(record)
    after.ClearField("previous")
    after.cost_delta_picos = before.cost_picos + delta
    after.shadow_cost_delta_picos = before.shadow_cost_picos + record.shadow_cost_delta_picos
    after.list_cost_delta_picos = before.list_cost_picos + list_delta(record)
    after.contracted_cost_delta_picos = before.contracted_cost_picos + contracted_delta(record)
    after.billed_cost_delta_picos = before.billed_cost_picos + billed_delta(record)
    after.quantity_delta.CopyFrom(record.usage.quantities)
    after.unpriced_events_delta = int(before.unpriced) + record.unpriced_events_delta
    after.events_delta = 1
    return after


def list_delta(record: CostRecord) -> int:
    """Change of the cost at list prices, picodollars."""
    return record.list_cost_delta_picos if record.HasField("list_cost_delta_picos") else record.cost_delta_picos


def contracted_delta(record: CostRecord) -> int:
    """Change of the contracted cost, picodollars."""
    absent = not record.HasField("contracted_cost_delta_picos")
    return record.cost_delta_picos if absent else record.contracted_cost_delta_picos


def billed_delta(record: CostRecord) -> int:
    """Change of the billed cost, picodollars."""
    return record.billed_cost_delta_picos if record.HasField("billed_cost_delta_picos") else record.cost_delta_picos
