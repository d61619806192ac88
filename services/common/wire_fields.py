"""The fields of thousands of serialized messages at once, as arrays: a twentieth of the time that objects would take.

Messages of one type lie in one buffer. A step of the scan reads the next field of every message, so it takes as many
steps as the longest message has fields, and each step is a few operations on arrays. See the Protocol Buffers encoding
guide for what it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from services.common.wire_words import LONG_TAG, Words, heads_of, next_fields
from services.common.wire_words import Ints as Ints

Bools = npt.NDArray[np.bool_]


class Buffer:
    """Messages one behind the other, as bytes that can be read eight at a time from anywhere.

    The first byte is a zero of its own: the length of what is absent. The last one has fifteen more behind it: a varint
    has up to ten.
    """

    def __init__(self, messages: Sequence[bytes]) -> None:
        self.data = b"".join([b"\0", *messages, bytes(15)])
        self.bytes = np.frombuffer(self.data, np.uint8)
        self.words: Words = np.ndarray((len(self.data) - 7,), "<u8", self.data, strides=(1,))
        sizes = np.array(list(map(len, messages)), np.int64)
        ends = np.cumsum(sizes) + 1
        self.messages = Spans(ends - sizes, ends)

    def joined(self, spans: Spans) -> bytes:
        """The spans' bytes, one behind the other."""
        sizes = spans.end - spans.begin
        ends = np.cumsum(sizes)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(spans.begin - (ends - sizes), sizes)
        joined: bytes = self.bytes[places].tobytes()
        return joined

    def texts(self, spans: Spans) -> list[bytes]:
        """Each span's bytes."""
        data = self.data
        return [data[begin:end] for begin, end in zip(spans.begin.tolist(), spans.end.tolist(), strict=True)]


class Spans(NamedTuple):
    """Where strings, bytes or messages lie in a buffer, one a row; empty where a message has none."""

    begin: Ints
    end: Ints

    def of(self, rows: Ints) -> Spans:
        return Spans(self.begin[rows], self.end[rows])


class Occurrences(NamedTuple):
    """A repeated field: the row that each of its values belongs to, and where the value lies; in the rows' order."""

    rows: Ints
    spans: Spans


@dataclass(frozen=True)
class Fields:
    """Some fields of messages of one type.

    `irregular`: rows this cannot tell, such as one that has a field twice, or is not a message at all. Whoever has
    such a row asks the Protocol Buffers library to parse it, and where it can, to serialize it anew.
    """

    irregular: Bools
    _fields: dict[str, tuple[int, FieldDescriptor]]
    _starts: Ints
    _values: Words
    _ends: Ints
    _repeated: dict[str, Occurrences]

    def present(self, name: str) -> Bools:
        """Whether a row's message has the field."""
        present: Bools = self._ends[self._slot(name)] != 0
        return present

    def numbers(self, name: str) -> Ints:
        """The values of a field that is a number, an enum or a bool; 0 where it is absent."""
        slot, field = self._fields[name]
        values: Words = self._values[slot]
        match field.type:
            case FieldDescriptor.TYPE_SINT32 | FieldDescriptor.TYPE_SINT64:
                values = values >> np.uint64(1) ^ -(values & np.uint64(1))
            case FieldDescriptor.TYPE_BOOL:
                values = (values != 0).astype(np.uint64)
            case FieldDescriptor.TYPE_UINT32:
                values = values & np.uint64(0xFFFF_FFFF)
            case FieldDescriptor.TYPE_INT32 | FieldDescriptor.TYPE_ENUM:
                values = values.astype(np.int32).astype(np.uint64)
            case FieldDescriptor.TYPE_INT64:
                pass
            case _:
                raise ValueError(f"{field.full_name} is no number that this reads")
        numbers: Ints = values.view(np.int64)
        return numbers

    def spans(self, name: str) -> Spans:
        """Where the values of a string, bytes or message field lie."""
        slot = self._slot(name)
        ends = self._ends[slot]
        return Spans(ends - self._values[slot].view(np.int64), ends)

    def with_lengths(self, name: str) -> Spans:
        """As `spans`, with the length before each: what ClickHouse takes for a string, too."""
        slot, field = self._fields[name]
        ends, tag = self._ends[slot], 1 if field.number < LONG_TAG else 2
        present = ends != 0
        return Spans(np.where(present, self._starts[slot] + tag, 0), np.where(present, ends, 1))

    def span_of_all(self, names: Sequence[str]) -> Spans:
        """Where these fields lie, tags and lengths and whatever is between them included: rows whose bytes there are
        equal have equal values of all of them."""
        slots = [self._slot(name) for name in names]
        ends = self._ends[slots]
        starts = np.where(ends != 0, self._starts[slots], np.iinfo(np.int64).max)
        return Spans(starts.min(axis=0), ends.max(axis=0))

    def occurrences(self, name: str) -> Occurrences:
        """The values of a repeated field, or the entries of a map."""
        return self._repeated[name]

    def _slot(self, name: str) -> int:
        return self._fields[name][0]


def scan(message: type[Message], buffer: Buffer, spans: Spans, names: Sequence[str]) -> Fields:
    """Reads the fields of these names off a message in each span; other fields are passed over.

    Args:
        message: the type. Of a map entry `entry_type` gives it.
        buffer: what the spans are in.
        spans: one a row.
        names: of fields that are no float, fixed-size number or packed list.
    """
    return _scan(_layout(message.DESCRIPTOR, tuple(names)), buffer, spans)


def scan_entries(message: type[Message], buffer: Buffer, spans: Spans, name: str) -> Fields:
    """Reads `key` and `value` off entries of the message's map of this name."""
    entry: Any = message.DESCRIPTOR.fields_by_name[name].message_type
    return _scan(_layout(entry, ("key", "value")), buffer, spans)


class _Layout(NamedTuple):
    """What to look for: singular fields before repeated ones, slots in that order from 1 on."""

    fields: Sequence[FieldDescriptor]
    singular: int
    heads: Ints


@lru_cache
def _layout(descriptor: Any, names: tuple[str, ...]) -> _Layout:
    fields = sorted((descriptor.fields_by_name[name] for name in names), key=lambda field: bool(field.is_repeated))
    return _Layout(fields, sum(not field.is_repeated for field in fields), heads_of(fields))


def _scan(layout: _Layout, buffer: Buffer, spans: Spans) -> Fields:
    described, singular, heads = layout
    count = len(spans.begin)
    # Slot 0 takes what was not asked for. Where the end is 0, a message has no such field.
    starts, ends = (np.zeros((len(described) + 1, count), np.int64) for _ in range(2))
    values = np.zeros((len(described) + 1, count), np.uint64)
    all_starts, all_values, all_ends = starts.ravel(), values.ravel(), ends.ravel()
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    irregular = np.zeros(count, np.bool_)

    rows = np.flatnonzero(spans.begin < spans.end)
    at, stop = spans.begin[rows], spans.end[rows]
    while rows.size:
        slot, value, begin, end = next_fields(buffer.words, at, heads)
        place = slot * count + rows
        wrong = (end <= at) | (end > stop)
        if all_ends[place].any():
            wrong |= (all_ends[place] != 0) & (slot > 0) & (slot <= singular)
        if wrong.any():
            irregular[rows[wrong]] = True
            end[wrong] = stop[wrong]
        all_starts[place], all_values[place], all_ends[place] = at, value, end
        if singular < len(described) and (listed := np.flatnonzero(slot > singular)).size:
            found.append((slot[listed], rows[listed], begin[listed], end[listed]))
        going = end < stop
        if going.all():
            at = end
        else:
            rows, at, stop = rows[going], end[going], stop[going]
    ends[:, irregular] = 0
    values[:, irregular] = 0
    fields = {field.name: (slot, field) for slot, field in enumerate(described, 1)}
    repeated = {field.name: _in_order(found, slot, irregular) for slot, field in list(fields.values())[singular:]}
    return Fields(irregular, fields, starts, values, ends, repeated)


def _in_order(found: Sequence[tuple[Ints, Ints, Ints, Ints]], wanted: int, irregular: Bools) -> Occurrences:
    empty = np.zeros(0, np.int64)
    slot, rows, begin, end = (np.concatenate(parts) for parts in zip((empty,) * 4, *found, strict=True))
    mine = np.flatnonzero((slot == wanted) & ~irregular[rows])
    mine = mine[np.argsort(rows[mine], kind="stable")]
    return Occurrences(rows[mine], Spans(begin[mine], end[mine]))
