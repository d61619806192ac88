"""Files as streams of bytes and lines: decompressed, decoded, never whole in memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

GZIP = b"\x1f\x8b"
ZSTANDARD = b"\x28\xb5\x2f\xfd"

_BUFFER = 1 << 18
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


class FileError(Exception):
    """A file that cannot be read on: which, where in it, and how to mend it."""


class _Counting(io.RawIOBase):
    """Tells how many bytes of the file itself were read, whatever they decompress to."""

    def __init__(self, raw: IO[bytes], told: Callable[[int], None]) -> None:
        self._raw = raw
        self._told = told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._told(len(data))
        return len(data)


@contextmanager
def opened(path: Path, told: Callable[[int], None] = lambda _: None) -> Iterator[io.BufferedReader[Any]]:
    """The file's bytes, decompressed where it is gzip or Zstandard by its first bytes.

    Args:
        path: of the file.
        told: is told how many bytes of the file were read since last time.

    Raises:
        FileError: there is none, or it may not be read, or it is damaged.
    """
    try:
        with path.open("rb") as raw:
            first = raw.read(4)
            raw.seek(0)
            counted = io.BufferedReader(_Counting(raw, told), _BUFFER)
            if first.startswith(GZIP):
                yield io.BufferedReader(gzip.GzipFile(fileobj=counted), _BUFFER)
            elif first == ZSTANDARD:
                yield io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(counted, "r"), "zstd"), _BUFFER)
            else:
                yield counted
    except (EOFError, gzip.BadGzipFile, zlib.error, pa.ArrowException) as error:
        raise FileError(f"{path}: damaged or cut short: {error}") from None
    except IsADirectoryError as error:
        raise FileError(f"{path}: {error.strerror}: name the files in it, such as {path}/*.csv") from None
    except FileNotFoundError as error:
        raise FileError(f"{path}: {error.strerror}: check its name, which is relative to {Path.cwd()}") from None
    except OSError as error:
        # Arrow tells damage as an error of the system, without a number.
        raise FileError(f"{path}: {error.strerror or f'damaged or cut short: {error}'}") from None


def lines(path: Path, stream: io.BufferedReader[Any], encoding: str) -> Iterator[str]:
    """Its lines with their ends, decoded. A mark at the start that says UTF-16 or UTF-8 wins over `encoding`.

    Raises:
        FileError: a line is not in that encoding.
    """
    start = stream.peek(len(_UTF8_MARK))
    mark, binary = start[: len(_UTF8_MARK)], b"\0" in start
    if mark[:2] in _UTF16_MARKS:
        # Here a line's end is two bytes, so the stream is decoded before it is cut into lines.
        try:
            yield from io.TextIOWrapper(stream, encoding="utf-16", newline="")
        except UnicodeError as error:
            raise FileError(f"{path}: is not UTF-16, as its first bytes say: {error}") from None
        return
    if mark == _UTF8_MARK:
        stream.read(len(_UTF8_MARK))
        encoding = "utf-8"
    for number, line in enumerate(stream, 1):
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as error:
            mend = "it looks like no text: CSV, JSON lines and Parquet are read, plain, .gz or .zst"
            if not binary:
                mend = "name the file's encoding, such as --encoding cp1252"
            raise FileError(
                f"{path}: line {number} is not {encoding}: byte 0x{line[error.start]:02x} at {error.start}; {mend}"
            ) from None
