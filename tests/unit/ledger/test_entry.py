"""Decoding cost records, and turning them into columns."""

from __future__ import annotations

import pytest
from finops.usage.v1.usage_pb2 import Quantities

from services.common.dimensions import BUCKETS
from services.ledger.domain.blocks import Block, PartitionCutter, Resume, Span
from services.ledger.domain.columns import columns
from services.ledger.domain.entry import LATEST_TIME, Entry, UnreadableRecordError, UsageMark, decode
from tests.unit.ledger.records import INCARNATION, cost_record
from tests.unit.ledger.rows_of_blocks import one_by_one, read_back


def _broken(what: str) -> bytes | None:
    record = cost_record()
    match what:
        case "empty":
            return None
        case "not a CostRecord":
            return b"\xff\xff\xff"
        case "bad key":
            record.usage.event_key = b"short"
        case "no tenant":
            record.usage.tenant_id = ""
        case "no revision":
            record.revision = 0
        case "bad time":
            record.usage.time_unix_micros = LATEST_TIME + 1
        case "no usage position":
            record.ClearField("usage_position")
        case "unknown status":
            record.rating.status = 257  # type: ignore[assignment]
        case "unknown kind":
            record.usage.outcome = 9  # type: ignore[assignment]
        case "bad delta":
            record.events_delta = 300
        case "bad key of what was booked":
            record.previous.usage.event_key = b"short"
    return record.SerializeToString()


@pytest.mark.parametrize(
    "what",
    [
        "empty", "not a CostRecord", "bad key", "no tenant", "no revision", "bad time", "no usage position",
        "unknown status", "unknown kind", "bad delta", "bad key of what was booked",
    ],
)  # fmt: skip
def test_what_can_never_be_stored_is_refused_with_its_reason(what: str) -> None:
    with pytest.raises(UnreadableRecordError) as caught:
        decode(1, _broken(what))
    assert caught.value.reason == what.removesuffix(" of what was booked")


def test_columns_hold_every_field_once() -> None:
    record = cost_record(
        usage_offset=41, usage_partition=2, tags={"feature": "answers"}, shadow_picos=7, unpriced_delta=1,
        quantities=Quantities(**{name: n for n, name in enumerate(BUCKETS, 1)}),
        delta=Quantities(**{name: -n for n, name in enumerate(BUCKETS, 1)}),
    )  # fmt: skip
    entries = [decode(9, record.SerializeToString())]
    [block] = PartitionCutter(2, Resume()).take(entries, 9)
    [row] = read_back(columns("life-9", block))
    assert [row] == one_by_one("life-9", block)
    assert [row[f"{bucket}_delta"] for bucket in BUCKETS] == [-n for n in range(1, len(BUCKETS) + 1)]
    assert row["quantities"] == record.usage.quantities
    assert (row["cost_picos"], row["cost_picos_delta"], row["shadow_cost_picos"]) == (1_000_000, 1_000_000, 7)
    assert (row["tenant_id"], row["team"], row["tags"]) == (b"acme", b"search", {b"feature": b"answers"})
    assert (row["log_incarnation"], row["log_partition"], row["log_offset"], row["block_start"]) == (b"life-9", 2, 9, 9)
    assert (row["usage_incarnation"], row["usage_partition"], row["usage_offset"]) == (INCARNATION.encode(), 2, 41)
    assert row["unpriced_buckets"] == [b"output_tokens"]
    assert row["record"] == record.SerializeToString()


def test_bytes_that_the_library_would_write_otherwise_are_the_same_rows() -> None:
    record = cost_record(tags={"feature": "answers", "stage": "2"}, usage_offset=3)
    twice = cost_record(usage_offset=3, tags={"feature": "search"}, team="ads", cost_picos=5).SerializeToString()
    unknown = b"\xfb\x7f\xfc\x7f" + b"\x82\x80\x01\x00"
    entries = [decode(n, raw) for n, raw in enumerate([twice + record.SerializeToString(), unknown + twice])]
    block = Block(0, Span(0, 1, UsageMark(), entries[-1].usage), entries, noted=False)
    rows = read_back(columns("life", block))
    assert rows == one_by_one("life", block)
    assert [row["tags"].get(b"feature") for row in rows] == [b"answers", b"search"]
    assert [row["record"] for row in rows] == [entry.raw for entry in entries]


def test_a_number_too_large_for_its_column_is_not_cut_short() -> None:
    record = cost_record()
    record.rating.status = 257  # type: ignore[assignment]
    entry = Entry(0, record.SerializeToString(), UsageMark("life", 1), 0)
    [block] = PartitionCutter(0, Resume()).take([entry], 0)
    with pytest.raises(OverflowError, match="status"):
        columns("life", block)
