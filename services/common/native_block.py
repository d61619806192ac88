"""ClickHouse's Native format for inserts: a block as the bytes that go over the wire, from columns of bytes and arrays.

What is a string stays the UTF-8 bytes it was read as, and what is a number an array, so nothing is done per value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.common.wire import encode_varint

Ints = npt.NDArray[np.int64]
_Array = npt.NDArray[Any]

CODES = "LowCardinality(String)"
_CODES_VERSION = (1).to_bytes(8, "little")
_NEW_DICTIONARY = 1 << 9 | 1 << 10
"""Flags of a LowCardinality column: it brings its own keys."""


class Coded(NamedTuple):
    """Strings by number: the different values, and for each row the number of its own."""

    values: Sequence[bytes]
    numbers: Ints


class Column(NamedTuple):
    """A column of a block, in its serialization."""

    name: str
    type: str
    rows: int
    data: bytes


def block(columns: Sequence[Column]) -> bytes:
    """The whole block. Raises ValueError: the columns are not all of the same length."""
    [rows] = {column.rows for column in columns}
    parts = [encode_varint(len(columns)), encode_varint(rows)]
    for column in columns:
        parts += [_string(column.name.encode()), _string(column.type.encode()), column.data]
    return b"".join(parts)


def numbers(name: str, values: Ints, kind: str = "Int64", dtype: str = "<i8") -> Column:
    """A column of numbers of a fixed size.

    Args:
        name: of the column.
        values: one a row.
        kind: the ClickHouse type.
        dtype: NumPy's name of how a value is laid out.

    Raises:
        OverflowError: a value is too large for the type.
    """
    laid_out = values.astype(dtype)
    if not np.array_equal(laid_out, values):
        raise OverflowError(f"column {name}: a value does not fit {kind}")
    return Column(name, kind, len(values), laid_out.tobytes())


def strings(name: str, values: Sequence[bytes]) -> Column:
    """A column of strings."""
    return Column(name, "String", len(values), _strings(values))


def strings_with_lengths(name: str, rows: int, data: bytes) -> Column:
    """A column of strings that have their lengths, as varints, before them already."""
    return Column(name, "String", rows, data)


def fixed_strings(name: str, size: int, data: bytes) -> Column:
    """A column of strings that all have this many bytes, one behind the other."""
    return Column(name, f"FixedString({size})", len(data) // size, data)


def codes(name: str, values: Coded) -> Column:
    """A column of LowCardinality(String)."""
    return Column(name, CODES, len(values.numbers), _CODES_VERSION + _codes(values))


def code_lists(name: str, sizes: Ints, values: Coded) -> Column:
    """A column of arrays of LowCardinality(String): how many each row has, and all of them."""
    return Column(name, f"Array({CODES})", len(sizes), _CODES_VERSION + _ends(sizes) + _codes(values))


def code_maps(name: str, sizes: Ints, keys: Coded, values: bytes) -> Column:
    """A column of Map(LowCardinality(String), String): how many entries each row has, the keys of all, and the values
    of all with their lengths before them."""
    data = b"".join([_CODES_VERSION, _ends(sizes), _codes(keys), values])
    return Column(name, f"Map({CODES}, String)", len(sizes), data)


def number_maps(name: str, sizes: Ints, keys: Sequence[bytes], values: Ints) -> Column:
    """A column of Map(String, Int64): how many entries each row has, and all of them."""
    data = b"".join([_ends(sizes), _strings(keys), values.astype("<i8").tobytes()])
    return Column(name, "Map(String, Int64)", len(sizes), data)


def _codes(coded: Coded) -> bytes:
    if not len(coded.numbers):
        return b""
    power = next(power for power in range(4) if len(coded.values) <= 1 << (8 << power))
    header = np.array([_NEW_DICTIONARY | power, len(coded.values)], "<u8").tobytes()
    count = len(coded.numbers).to_bytes(8, "little")
    return b"".join([header, _strings(coded.values), count, coded.numbers.astype(f"<u{1 << power}").tobytes()])


def _ends(sizes: Ints) -> bytes:
    return np.cumsum(sizes).astype("<u8").tobytes()


def _string(value: bytes) -> bytes:
    return encode_varint(len(value)) + value


def _strings(values: Sequence[bytes]) -> bytes:
    parts = [b""] * (2 * len(values))
    parts[::2], parts[1::2] = map(encode_varint, map(len, values)), values
    return b"".join(parts)
