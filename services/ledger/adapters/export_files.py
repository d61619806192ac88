"""FOCUS as CSV and Parquet files, written batch by batch."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import pyarrow as pa
from pyarrow import parquet

from services.common.clock import format_rfc3339
from services.ledger.domain.focus.columns import Column, Kind, Version, columns
from services.ledger.domain.focus.rows import Row
from services.ledger.handlers.export import FileFacts, Format

_EXACT = Context(prec=60)
_DIGITS = {Kind.MONEY: 12, Kind.PRICE: 18, Kind.QUANTITY: 6}
_CHUNK = 1 << 20


class _Writer(Protocol):
    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...


class FocusFile:
    """One file, being written: a context manager. `facts` once it is closed."""

    def __init__(self, path: Path, format: Format, version: Version) -> None:
        self._path = path
        writers: dict[Format, Callable[[Path, Sequence[Column]], _Writer]] = {
            Format.CSV: _Csv, Format.PARQUET: _Parquet,
        }  # fmt: skip
        self._writer = writers[format](path, columns(version))
        self._rows = 0

    def __enter__(self) -> FocusFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def write(self, rows: Sequence[Row]) -> None:
        """Appends rows of this version."""
        self._rows += len(rows)
        self._writer.write(rows)

    def facts(self) -> FileFacts:
        """Of the closed file."""
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return FileFacts(self._rows, self._path.stat().st_size, digest.hexdigest())


class _Csv:
    """RFC 4180, UTF-8, a header line; empty is null."""

    def __init__(self, path: Path, layout: Sequence[Column]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow([column.name for column in layout])
        self._text = [_TEXTS.get(column.kind, str) for column in layout]

    def write(self, rows: Sequence[Row]) -> None:
        self._csv.writerows(
            ["" if value is None else text(value) for text, value in zip(self._text, row, strict=True)] for row in rows
        )

    def close(self) -> None:
        self._file.close()


class _Parquet:
    """Zstandard-compressed; decimals stay exact, times are UTC."""

    def __init__(self, path: Path, layout: Sequence[Column]) -> None:
        self._values = [_VALUES.get(column.kind, _same) for column in layout]
        self._schema = pa.schema([pa.field(column.name, _TYPES[column.kind], column.nulls) for column in layout])
        self._file = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        values = zip(self._values, zip(*rows, strict=True), self._schema, strict=True)
        arrays = [pa.array(_read(read, column), field.type) for read, column, field in values]
        self._file.write_batch(pa.record_batch(arrays, schema=self._schema))

    def close(self) -> None:
        self._file.close()


def _read(read: Callable[[Any], Any], column: Iterable[Any]) -> list[Any]:
    return [None if value is None else read(value) for value in column]


def _same(value: Any) -> Any:
    return value


def _decimal(kind: Kind) -> Callable[[int], Decimal]:
    digits = _DIGITS[kind]
    return lambda value: Decimal(value).scaleb(-digits, _EXACT)


def _decimal_text(kind: Kind) -> Callable[[int], str]:
    exact = _decimal(kind)
    return lambda value: format(exact(value).normalize(_EXACT), "f")


def _moment(value: int) -> datetime:
    return datetime.fromtimestamp(value // 1_000_000, UTC)


def _flag(value: bool) -> str:
    return "true" if value else "false"


_TEXTS: dict[Kind, Callable[[Any], str]] = {
    **{kind: _decimal_text(kind) for kind in _DIGITS}, Kind.TIME: format_rfc3339, Kind.FLAG: _flag,
}  # fmt: skip
_VALUES: dict[Kind, Callable[[Any], Any]] = {**{kind: _decimal(kind) for kind in _DIGITS}, Kind.TIME: _moment}
_TYPES: dict[Kind, pa.DataType] = {
    **{kind: pa.decimal128(38, digits) for kind, digits in _DIGITS.items()},
    Kind.TEXT: pa.string(),
    Kind.JSON: pa.string(),
    Kind.TIME: pa.timestamp("ms", tz="UTC"),
    Kind.COUNT: pa.int64(),
    Kind.FLAG: pa.bool_(),
}
