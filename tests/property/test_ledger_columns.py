"""Whatever records a block holds, its columns are the rows that the records' own attributes tell."""

from __future__ import annotations

from collections.abc import Sequence

from finops.cost.v1.cost_pb2 import Booked, CostRecord, LogPosition, Rating
from finops.usage.v1.usage_pb2 import Correction, Quantities, UsageEvent
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.blocks import Block, Span
from services.ledger.domain.columns import columns
from services.ledger.domain.entry import UsageMark, decode
from tests.unit.ledger.rows_of_blocks import one_by_one, read_back

# Sums of two of them fit 64 bits, as what a reversal and a booking add up must.
_PICOS = st.integers(-(2**61), 2**61) | st.integers(-1, 1)
_COUNTS = st.integers(-(2**40), 2**40) | st.just(0)
_FEW = st.sampled_from(["", "search", "ads", "ü'", 'q"uote\\', "x" * 130])
_TEXT = st.text(max_size=6)
_KEY = st.binary(min_size=16, max_size=16)

_QUANTITIES = st.builds(
    Quantities,
    input_tokens=_COUNTS,
    output_tokens=_COUNTS,
    gpu_milliseconds=_COUNTS,
    business_metrics=st.dictionaries(_FEW, _COUNTS, max_size=2),
)


def _usage(**more: st.SearchStrategy[object]) -> st.SearchStrategy[UsageEvent]:
    return st.builds(
        UsageEvent,
        event_key=_KEY,
        tenant_id=_FEW.filter(bool),
        time_unix_micros=st.integers(0, 2**50),
        quantities=st.none() | _QUANTITIES,
        tags=st.dictionaries(_FEW, _TEXT, max_size=3),
        measurement=st.integers(0, 1),
        **dict.fromkeys(("source", "provider", "model", "team", "user", "key", "environment", "region"), _FEW),
        **more,
    )


_RECORDS = st.builds(
    CostRecord,
    usage=_usage(
        content_hash=_KEY,
        received_unix_micros=st.integers(0, 2**50),
        source_event_id=_TEXT,
        session=_TEXT,
        batch=st.booleans(),
        outcome=st.integers(0, 2),
        correction=st.none() | st.builds(Correction, kind=st.integers(0, 6), author=_TEXT),
    ),
    revision=st.integers(1, 2**32 - 1),
    rating=st.none()
    | st.builds(
        Rating,
        cost_picos=_PICOS,
        status=st.integers(0, 3),
        unpriced_buckets=st.lists(_FEW, max_size=2),
        price_id=_FEW,
        list_cost_picos=st.none() | _PICOS,
        billed_cost_picos=st.none() | _PICOS,
    ),
    cost_delta_picos=_PICOS,
    contracted_cost_delta_picos=st.none() | _PICOS,
    quantity_delta=st.none() | _QUANTITIES,
    unpriced_events_delta=st.integers(-1, 1),
    events_delta=st.integers(-1, 1),
    usage_position=st.builds(LogPosition, incarnation=_FEW, partition=st.integers(0, 9), offset=st.integers(0, 2**40)),
    previous=st.none() | st.builds(Booked, usage=_usage(), cost_picos=_PICOS, billed_cost_picos=_PICOS),
)


@given(st.lists(_RECORDS, min_size=1, max_size=6), st.integers(0, 2**40))
def test_columns_are_the_rows(records: Sequence[CostRecord], first: int) -> None:
    entries = [decode(first + n, record.SerializeToString()) for n, record in enumerate(records)]
    span = Span(first, entries[-1].offset, UsageMark(), entries[-1].usage)
    block = Block(7, span, entries, noted=False)
    assert read_back(columns("life", block)) == one_by_one("life", block)
