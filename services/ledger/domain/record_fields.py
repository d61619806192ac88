"""The fields of many serialized cost records, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition, Rating
from finops.usage.v1.usage_pb2 import Correction, Quantities, UsageEvent
from google.protobuf.message import Message

from services.common.dimensions import BUCKETS
from services.common.wire_fields import Bools, Buffer, Fields, Ints, Spans, scan, scan_entries

_RECORD = (
    "usage", "revision", "rating", "cost_delta_picos", "shadow_cost_delta_picos", "quantity_delta",
    "unpriced_events_delta", "usage_position", "list_cost_delta_picos", "contracted_cost_delta_picos",
    "billed_cost_delta_picos", "previous", "events_delta",
)  # fmt: skip
_USAGE = (
    "event_key", "content_hash", "tenant_id", "source", "source_event_id", "time_unix_micros", "received_unix_micros",
    "provider", "model", "tool", "team", "user", "project", "key", "environment", "tags", "session", "service_tier",
    "batch", "region", "quantities", "outcome", "measurement", "correction",
)  # fmt: skip
_RATING = (
    "cost_picos", "shadow_cost_picos", "status", "unpriced_buckets", "price_id", "price_book_version",
    "list_cost_picos", "contracted_cost_picos", "billed_cost_picos",
)  # fmt: skip


class MapEntries(NamedTuple):
    """The entries of a map field: the row of each, its key, and `key` and `value` as fields; in the rows' order."""

    rows: Ints
    keys: Sequence[bytes]
    fields: Fields


class RecordFields:
    """The fields of cost records that are columns of the entries, one row a record.

    `irregular`: rows that cannot be told like this; `parsed` makes them regular.
    """

    def __init__(self, values: Sequence[bytes]) -> None:
        self.buffer = Buffer(values)
        self.record = self._scan(CostRecord, self.buffer.messages, _RECORD)
        self.usage = self._scan(UsageEvent, self.record.spans("usage"), _USAGE)
        self.correction = self._scan(Correction, self.usage.spans("correction"), ("kind",))
        self.rating = self._scan(Rating, self.record.spans("rating"), _RATING)
        self.delta = self._scan(Quantities, self.record.spans("quantity_delta"), (*BUCKETS, "business_metrics"))
        self.position = self._scan(
            LogPosition, self.record.spans("usage_position"), ("incarnation", "partition", "offset")
        )
        self.irregular: Bools = np.logical_or.reduce(
            [f.irregular for f in (self.record, self.usage, self.correction, self.rating, self.delta, self.position)]
        )
        self.tags = self._entries(UsageEvent, self.usage, "tags")
        self.metrics = self._entries(Quantities, self.delta, "business_metrics")

    def _scan(self, message: type[Message], spans: Spans, names: Sequence[str]) -> Fields:
        return scan(message, self.buffer, spans, names)

    def _entries(self, message: type[Message], fields: Fields, name: str) -> MapEntries:
        rows, spans = fields.occurrences(name)
        entries = scan_entries(message, self.buffer, spans, name)
        keys = self.buffer.texts(entries.spans("key"))
        self.irregular[rows[entries.irregular]] = True
        if len(rows) > len(np.unique(rows)):
            # The last of the entries of one key counts, which a column of them cannot tell.
            seen: set[tuple[int, bytes]] = set()
            for row, key in zip(rows.tolist(), keys, strict=True):
                if (row, key) in seen:
                    self.irregular[row] = True
                seen.add((row, key))
        return MapEntries(rows, keys, entries)


def parsed(value: bytes) -> CostRecord:
    """The record as an object that serializes to regular bytes."""
    record = CostRecord.FromString(value)
    discard: Any = record
    discard.DiscardUnknownFields()
    return record
