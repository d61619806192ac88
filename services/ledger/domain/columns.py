"""Entries as columns of `cost_entries`: plain ints and strings, because those encode several times faster than objects.

Each column is one comprehension over the whole block; nothing is done per row that can be done per column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from finops.cost.v1.cost_pb2 import CostRecord

from services.common.dimensions import BUCKETS, DIMENSIONS
from services.common.postings import postings
from services.ledger.domain.blocks import Block
from services.ledger.domain.entry import Entry

_CODES = "LowCardinality(String)"
_MICROS = "DateTime64(6, 'UTC')"

_USAGE: Mapping[str, tuple[str, str]] = {
    "tenant_id": ("tenant_id", _CODES),
    "event_key": ("event_key", "FixedString(16)"),
    "content_hash": ("content_hash", "FixedString(16)"),
    "time": ("time_unix_micros", _MICROS),
    "received": ("received_unix_micros", _MICROS),
    **{name: (name, _CODES) for name in DIMENSIONS if name != "tenant"},
    "region": ("region", _CODES),
    "session": ("session", "String"),
    "source_event_id": ("source_event_id", "String"),
    "batch": ("batch", "Bool"),
    # Enum columns take their numbers: the server maps Int8 to Enum8.
    "outcome": ("outcome", "Int8"),
    "measurement": ("measurement", "Int8"),
}
"""Columns read straight off UsageEvent: its field, and the type sent."""

_RATING: Mapping[str, str] = {
    "cost_picos": "Int64",
    "shadow_cost_picos": "Int64",
    "status": "Int8",
    "price_id": _CODES,
    "price_book_version": _CODES,
}
_RECORD: Mapping[str, tuple[str, str]] = {
    "revision": ("revision", "UInt32"),
    "cost_picos_delta": ("cost_delta_picos", "Int64"),
    "shadow_cost_picos_delta": ("shadow_cost_delta_picos", "Int64"),
    "unpriced_events_delta": ("unpriced_events_delta", "Int8"),
    "events_delta": ("events_delta", "Int8"),
}
_NOTHING: Mapping[str, int] = {}
_NONE: Sequence[str] = ()
_VIEWS = ("list", "contracted", "billed")
"""The views of cost beside the effective one; one that a message leaves out equals that."""
_USAGE_POSITION: Mapping[str, tuple[str, str]] = {
    "usage_incarnation": ("incarnation", _CODES),
    "usage_partition": ("partition", "Int32"),
    "usage_offset": ("offset", "Int64"),
}

COLUMN_TYPES: Mapping[str, str] = {
    **{column: kind for column, (_, kind) in _USAGE.items()},
    "tags": f"Map({_CODES}, String)",
    "quantities": "String",
    **{column: kind for column, (_, kind) in _RECORD.items()},
    **{f"{bucket}_delta": "Int64" for bucket in BUCKETS},
    "metrics_delta": "Map(String, Int64)",
    **_RATING,
    **{f"{view}_cost_picos": "Int64" for view in _VIEWS},
    **{f"{view}_cost_picos_delta": "Int64" for view in _VIEWS},
    "reversal": "Bool",
    "correction": "Int8",
    "unpriced_buckets": f"Array({_CODES})",
    **{column: kind for column, (_, kind) in _USAGE_POSITION.items()},
    "log_incarnation": _CODES,
    "log_partition": "Int32",
    "log_offset": "Int64",
    "block_start": "Int64",
    "record": "String",
}
"""The columns an insert names, in the order of `columns`, with the types it sends."""


def columns(incarnation: str, block: Block) -> list[Sequence[Any]]:
    """The block's values, one sequence for each of COLUMN_TYPES. An event that moved to other dimensions makes two
    rows."""
    entries, records, reversals = _rows(block)
    rows = len(entries)
    usages = [record.usage for record in records]
    deltas = [record.quantity_delta for record in records]
    ratings = [record.rating for record in records]
    costs, cost_deltas = _read("cost_picos", ratings), _read("cost_delta_picos", records)
    positions = [record.usage_position for record in records]
    return [
        *(_read(field, usages) for field, _ in _USAGE.values()),
        # Faster than dict(tags), which goes through the keys in Python.
        [{name: tags[name] for name in tags} for usage in usages for tags in [usage.tags]],
        [usage.quantities.SerializeToString() for usage in usages],
        *(_read(field, records) for field, _ in _RECORD.values()),
        *(_read(bucket, deltas) for bucket in BUCKETS),
        [dict(metrics) if (metrics := delta.business_metrics) else _NOTHING for delta in deltas],
        *(_read(field, ratings) for field in _RATING),
        *(_view(f"{view}_cost_picos", ratings, costs) for view in _VIEWS),
        *(_view(f"{view}_cost_delta_picos", records, cost_deltas) for view in _VIEWS),
        reversals,
        [usage.correction.kind if usage.HasField("correction") else 0 for usage in usages],
        [list(buckets) if (buckets := rating.unpriced_buckets) else _NONE for rating in ratings],
        *(_read(field, positions) for field, _ in _USAGE_POSITION.values()),
        [incarnation] * rows,
        [block.partition] * rows,
        [entry.offset for entry in entries],
        [block.span.first] * rows,
        [entry.raw for entry in entries],
    ]


def _rows(block: Block) -> tuple[Sequence[Entry], list[CostRecord], list[bool]]:
    """For each row its entry, what it adds, and whether it takes back."""
    entries = block.entries
    records = [entry.record for entry in entries]
    if not any(record.HasField("previous") for record in records):
        return entries, records, [False] * len(records)
    split = [(entry, postings(entry.record)) for entry in entries]
    return (
        [entry for entry, parts in split for _ in parts],
        [part for _, parts in split for part in parts],
        [len(parts) > 1 and part is parts[0] for _, parts in split for part in parts],
    )


def _view(field: str, messages: Sequence[Any], otherwise: Sequence[int]) -> list[int]:
    read = attrgetter(field)
    return [
        read(message) if message.HasField(field) else effective
        for message, effective in zip(messages, otherwise, strict=True)
    ]


def _read(field: str, messages: Sequence[Any]) -> list[Any]:
    return list(map(attrgetter(field), messages))
