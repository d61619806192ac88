"""Rows of CSV, JSON lines and Parquet files, one at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from services.connectors.files.opening import FileError, lines, opened

Values = Mapping[str, Any]
"""By column: text from CSV; what JSON and Parquet have; objects and maps as dicts."""

Told = Callable[[int], None]
"""Is told how many more bytes of the file were read."""

_BATCH_ROWS = 2_000
_HEADER_ROWS = 1_000
_MAX_FIELD = 1 << 20
_DELIMITERS = ",;\t|"


class Kind(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Row:
    """A row and where it stands: its first line, or its number in a Parquet file; both count from 1."""

    line: int
    values: Values


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is none; its neighbours are not harmed."""

    line: int
    message: str


@dataclass(frozen=True)
class Table:
    """A file with rows."""

    path: Path
    kind: Kind
    encoding: str = "utf-8"

    @classmethod
    def of(cls, path: Path, kind: Kind | None = None, encoding: str = "utf-8") -> Table:
        """A file, its kind by its content unless told.

        Raises:
            FileError
        """
        return cls(path, kind or _kind(path, encoding), encoding)

    def columns(self) -> list[str]:
        """Names of the columns; of JSON lines, which have no header, those of the first thousand rows.

        Raises:
            FileError
        """
        if self.kind is Kind.PARQUET:
            with _parquet(self.path) as file:
                return [str(name) for name in file.schema_arrow.names]
        if self.kind is Kind.JSON_LINES:
            return _names(self.path, list(islice(self._text_rows(lambda _: None), _HEADER_ROWS)))
        with opened(self.path) as stream:
            header = next(lines(self.path, stream, self.encoding), "")
            return _reader(self.path, header, iter(()))[0]

    def rows(self, columns: Collection[str] | None = None, told: Told = lambda _: None) -> Iterator[Row | BadRow]:
        """Every row.

        Args:
            columns: the only ones needed, which spares reading the others of a Parquet file; by default all.
            told: is told of progress.

        Raises:
            FileError: the file cannot be read on.
        """
        if self.kind is Kind.PARQUET:
            return _parquet_rows(self.path, columns, told)
        return self._text_rows(told)

    def _text_rows(self, told: Told) -> Iterator[Row | BadRow]:
        with opened(self.path, told) as stream:
            text = lines(self.path, stream, self.encoding)
            if self.kind is Kind.CSV:
                yield from _csv_rows(self.path, text)
            else:
                for number, line in enumerate(text, 1):
                    if line.strip():
                        yield _object(line, number)


def _kind(path: Path, encoding: str) -> Kind:
    with opened(path) as stream:
        if stream.read(4) == b"PAR1":
            return Kind.PARQUET
    with opened(path) as stream:
        for line in lines(path, stream, encoding):
            start = line.lstrip()[:1]
            if start == "[":
                raise FileError(f"{path}: is one JSON array: write one object a line, such as with `jq -c '.[]'`")
            if start:
                return Kind.JSON_LINES if start == "{" else Kind.CSV
    raise FileError(f"{path}: is empty")


def _delimiter(header: str) -> str:
    """The one that occurs most in the header."""
    return max(_DELIMITERS, key=header.count)


def _reader(path: Path, header: str, text: Iterator[str]) -> tuple[list[str], Any]:
    """The columns, and what reads the rows after them."""
    reader = csv.reader(chain([header], text), delimiter=_delimiter(header))
    csv.field_size_limit(_MAX_FIELD)
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise FileError(f"{path}: line 1: {error}") from None
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FileError(f"{path}: two columns are called {twice!r}: rename one")
    return names, reader


def _csv_rows(path: Path, text: Iterator[str]) -> Iterator[Row | BadRow]:
    header = next(text, "")
    names, reader = _reader(path, header, text)
    first = reader.line_num + 1
    try:
        for fields in reader:
            if len(fields) == len(names):
                yield Row(first, dict(zip(names, fields, strict=True)))
            elif fields:
                quote = f"quote what holds {_delimiter(header)!r}"
                yield BadRow(first, f"has {len(fields)} fields, the header {len(names)}: {quote}")
            first = reader.line_num + 1
    except csv.Error as error:
        raise FileError(f"{path}: line {first}: {error}") from None


def _names(path: Path, first: list[Row | BadRow]) -> list[str]:
    """Every name in the first rows of a file of JSON lines."""
    good = [row for row in first if isinstance(row, Row)]
    for row in first:
        if isinstance(row, BadRow) and not good:
            raise FileError(f"{path}: line {row.line} {row.message}: write one whole object a line")
    return list(dict.fromkeys(name for row in good for name in row.values))


def _object(line: str, number: int) -> Row | BadRow:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return BadRow(number, f"is no JSON: {error.msg} at column {error.colno}")
    if not isinstance(value, dict):
        return BadRow(number, "is no JSON object: write one object a line")
    return Row(number, value)


@contextmanager
def _parquet(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None
    except (pa.ArrowException, ValueError, OverflowError) as error:
        # Names and text that are no UTF-8, and times no calendar has, come out only as they are read.
        raise FileError(f"{path}: is no Parquet file that can be read: {error}") from None


def _parquet_rows(path: Path, columns: Collection[str] | None, told: Told) -> Iterator[Row]:
    with _parquet(path) as file:
        names = [name for name in file.schema_arrow.names if columns is None or name in columns]
        maps = [name for name in names if pa.types.is_map(file.schema_arrow.field(name).type)]
        share = path.stat().st_size / max(1, file.metadata.num_rows)
        number, bytes_told = 0, 0
        for batch in file.iter_batches(_BATCH_ROWS, columns=names):
            for values in batch.to_pylist():
                number += 1
                for name in maps:
                    values[name] = dict(values[name] or ())
                yield Row(number, values)
            told(int(number * share) - bytes_told)
            bytes_told = int(number * share)
