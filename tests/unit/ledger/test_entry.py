"""Decoding cost records, and turning them into columns."""

from __future__ import annotations

import pytest
from finops.usage.v1.usage_pb2 import Quantities

from services.common.dimensions import BUCKETS
from services.ledger.domain.blocks import PartitionCutter, Resume
from services.ledger.domain.columns import COLUMN_TYPES, columns
from services.ledger.domain.entry import LATEST_TIME, UnreadableRecordError, decode
from tests.unit.ledger.records import INCARNATION, cost_record


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
    return record.SerializeToString()


@pytest.mark.parametrize(
    "reason", ["empty", "not a CostRecord", "bad key", "no tenant", "no revision", "bad time", "no usage position"]
)
def test_what_can_never_be_stored_is_refused_with_its_reason(reason: str) -> None:
    with pytest.raises(UnreadableRecordError) as caught:
        decode(1, _broken(reason))
    assert caught.value.reason == reason


def test_columns_hold_every_field_once() -> None:
    record = cost_record(
        usage_offset=41, usage_partition=2, tags={"feature": "answers"}, shadow_picos=7, unpriced_delta=1,
        quantities=Quantities(**{name: n for n, name in enumerate(BUCKETS, 1)}),
        delta=Quantities(**{name: -n for n, name in enumerate(BUCKETS, 1)}),
    )  # fmt: skip
    entries = [decode(9, record.SerializeToString())]
    [block] = PartitionCutter(2, Resume()).take(entries, 9)
    values = columns("life-9", block)
    assert len(values) == len(COLUMN_TYPES)
    row = {name: column[0] for name, column in zip(COLUMN_TYPES, values, strict=True)}
    assert [row[f"{bucket}_delta"] for bucket in BUCKETS] == [-n for n in range(1, len(BUCKETS) + 1)]
    assert Quantities.FromString(row["quantities"]) == record.usage.quantities
    assert (row["cost_picos"], row["cost_picos_delta"], row["shadow_cost_picos"]) == (1_000_000, 1_000_000, 7)
    assert (row["tenant_id"], row["team"], row["tags"]) == ("acme", "search", {"feature": "answers"})
    assert (row["log_incarnation"], row["log_partition"], row["log_offset"], row["block_start"]) == ("life-9", 2, 9, 9)
    assert (row["usage_incarnation"], row["usage_partition"], row["usage_offset"]) == (INCARNATION, 2, 41)
    assert row["unpriced_buckets"] == ["output_tokens"]
    assert row["record"] == record.SerializeToString()
