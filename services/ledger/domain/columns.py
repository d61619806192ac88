"""Blocks of entries as rows of `cost_entries`, column by column.

The columns are read off the bytes that the records came in, a field of all records at a time: objects would take
several times as long, and that is most of what writing takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from services.common import native_block as native
from services.common.dimensions import BUCKETS
from services.common.native_block import Coded, Column
from services.common.postings import postings
from services.common.wire_fields import Fields, Ints
from services.ledger.domain.blocks import Block
from services.ledger.domain.entry import KEY_BYTES, Entry
from services.ledger.domain.record_fields import RecordFields, parsed

_USAGE_CODES: Sequence[Sequence[str]] = (
    ("tenant_id", "source"),
    ("provider", "model", "tool", "team", "user", "project", "key", "environment"),
    ("service_tier", "region"),
)
"""Columns of few values that are fields of UsageEvent; those of a line follow one another in the bytes."""

_VIEWS = ("list", "contracted", "billed")
"""The views of cost beside the effective one; one that a message leaves out equals that."""

_TIME = "DateTime64(6, 'UTC')"
# Enum columns take their numbers: the server maps Int8 to Enum8.
_INT8 = ("Int8", "i1")
_BOOL = ("Bool", "u1")
_INT32 = ("Int32", "<i4")


def columns(incarnation: str, block: Block) -> list[Column]:
    """The block as columns of `cost_entries`. An event that moved to other dimensions makes two rows."""
    entries: Sequence[Entry] = block.entries
    read, reversals = RecordFields([entry.raw for entry in entries]), np.zeros(len(entries), np.int64)
    asking = read.irregular | read.record.present("previous")
    if asking.any():
        rows = [row for entry, asks in zip(entries, asking.tolist(), strict=True) for row in _rows(entry, asks)]
        entries, reversals = [row.entry for row in rows], np.array([row.reversal for row in rows], np.int64)
        read = RecordFields([row.value for row in rows])
    if read.irregular.any():
        raise ValueError(f"partition {block.partition}: a record from {block.span.first} on cannot be read as columns")
    count = len(entries)
    return [
        *_of_usage(read),
        *_of_deltas(read),
        *_of_rating(read),
        native.numbers("reversal", reversals, *_BOOL),
        native.codes("log_incarnation", Coded([incarnation.encode()], np.zeros(count, np.int64))),
        native.numbers("log_partition", np.full(count, block.partition), *_INT32),
        native.numbers("log_offset", np.array([entry.offset for entry in entries])),
        native.numbers("block_start", np.full(count, block.span.first)),
        native.strings("record", [entry.raw for entry in entries]),
    ]


class _Row(NamedTuple):
    """A row: the entry it comes of, the serialized CostRecord that it tells, and whether it takes back."""

    entry: Entry
    value: bytes
    reversal: bool = False


def _rows(entry: Entry, asks: bool) -> Iterator[_Row]:
    """An entry's rows; `asks`: its bytes must be looked into one by one."""
    if not asks:
        yield _Row(entry, entry.raw)
        return
    parts = postings(parsed(entry.raw))
    for part in parts:
        yield _Row(entry, part.SerializeToString(), reversal=len(parts) > 1 and part is parts[0])


def _of_usage(read: RecordFields) -> Iterator[Column]:
    usage, joined, count = read.usage, read.buffer.joined, len(read.irregular)
    for names in _USAGE_CODES:
        yield from _codes(read, usage, {name: name for name in names})
    for name in ("event_key", "content_hash"):
        spans = usage.spans(name)
        if ((spans.end - spans.begin) != KEY_BYTES).any():
            raise ValueError(f"a row's {name} has not {KEY_BYTES} bytes")
        yield native.fixed_strings(name, KEY_BYTES, joined(spans))
    for name, number in (("time", "time_unix_micros"), ("received", "received_unix_micros")):
        yield native.numbers(name, usage.numbers(number), _TIME)
    for name in ("session", "source_event_id", "quantities"):
        yield native.strings_with_lengths(name, count, joined(usage.with_lengths(name)))
    yield native.numbers("batch", usage.numbers("batch"), *_BOOL)
    for name in ("outcome", "measurement"):
        yield native.numbers(name, usage.numbers(name), *_INT8)
    yield native.numbers("correction", read.correction.numbers("kind"), *_INT8)
    tags = read.tags
    values = joined(tags.fields.with_lengths("value"))
    yield native.code_maps("tags", _sizes(read, tags.rows), _coded(tags.keys), values)


def _of_deltas(read: RecordFields) -> Iterator[Column]:
    record, delta, position = read.record, read.delta, read.position
    yield native.numbers("revision", record.numbers("revision"), "UInt32", "<u4")
    cost = record.numbers("cost_delta_picos")
    yield native.numbers("cost_picos_delta", cost)
    yield native.numbers("shadow_cost_picos_delta", record.numbers("shadow_cost_delta_picos"))
    for view in _VIEWS:
        yield native.numbers(f"{view}_cost_picos_delta", _view(record, f"{view}_cost_delta_picos", cost))
    for name in ("unpriced_events_delta", "events_delta"):
        yield native.numbers(name, record.numbers(name), *_INT8)
    for bucket in BUCKETS:
        yield native.numbers(f"{bucket}_delta", delta.numbers(bucket))
    metrics = read.metrics
    sizes, values = _sizes(read, metrics.rows), metrics.fields.numbers("value")
    yield native.number_maps("metrics_delta", sizes, metrics.keys, values)
    yield from _codes(read, position, {"incarnation": "usage_incarnation"})
    yield native.numbers("usage_partition", position.numbers("partition"), *_INT32)
    yield native.numbers("usage_offset", position.numbers("offset"))


def _of_rating(read: RecordFields) -> Iterator[Column]:
    rating = read.rating
    cost = rating.numbers("cost_picos")
    yield native.numbers("cost_picos", cost)
    yield native.numbers("shadow_cost_picos", rating.numbers("shadow_cost_picos"))
    for view in _VIEWS:
        yield native.numbers(f"{view}_cost_picos", _view(rating, f"{view}_cost_picos", cost))
    yield native.numbers("status", rating.numbers("status"), *_INT8)
    yield from _codes(read, rating, {name: name for name in ("price_id", "price_book_version")})
    unpriced = rating.occurrences("unpriced_buckets")
    buckets = _coded(read.buffer.texts(unpriced.spans))
    yield native.code_lists("unpriced_buckets", _sizes(read, unpriced.rows), buckets)


def _view(fields: Fields, name: str, otherwise: Ints) -> Ints:
    return np.where(fields.present(name), fields.numbers(name), otherwise)


def _sizes(read: RecordFields, rows: Ints) -> Ints:
    """How many values each row has, given the row of each value."""
    return np.bincount(rows, minlength=len(read.irregular))


def _codes(read: RecordFields, fields: Fields, names: Mapping[str, str]) -> Iterator[Column]:
    """Columns of few values, by the names of their fields. Most rows share all of them with others, so each of the
    different runs of bytes that hold them is looked into once."""
    runs = fields.span_of_all(list(names))
    rows, numbers = _distinct(read.buffer.texts(runs)) if runs.end.any() else _all_alike(len(runs.end))
    for field, column in names.items():
        few = _coded(read.buffer.texts(fields.spans(field).of(rows)))
        yield native.codes(column, Coded(few.values, few.numbers[numbers]))


def _coded(values: Sequence[bytes]) -> Coded:
    rows, numbers = _distinct(values)
    return Coded([values[row] for row in rows.tolist()], numbers)


def _distinct(values: Sequence[bytes]) -> tuple[Ints, Ints]:
    """A row of each different value, and for each row the number of its own among these."""
    rows = dict(zip(values, range(len(values)), strict=True))
    numbers = dict(zip(rows, range(len(rows)), strict=True))
    return np.array(list(rows.values()), np.int64), np.array(list(map(numbers.__getitem__, values)), np.int64)


def _all_alike(rows: int) -> tuple[Ints, Ints]:
    """As `_distinct`, of values that are all the same."""
    return np.arange(min(rows, 1)), np.zeros(rows, np.int64)
