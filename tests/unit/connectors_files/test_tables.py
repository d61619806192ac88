"""Files as they come: compressed, marked, cut short, in other encodings, not what they seem."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from services.connectors.files.opening import FileError
from services.connectors.files.tables import BadRow, Kind, Row, Table

CSV = "time,model,input_tokens\n2026-11-20T10:00:00Z,gpt-4o,5\n2026-11-20T11:00:00Z,gpt-4o,7\n"


def _rows(path: Path, kind: Kind | None = None, encoding: str = "utf-8") -> list[Row | BadRow]:
    return list(Table.of(path, kind, encoding).rows())


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    "packed",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(text[:40].encode()) + gzip.compress(text[40:].encode()),
        lambda text: _zstd(text.encode()),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
    ],
    ids=["plain", "bom", "utf-16", "crlf", "gzip", "gzip of two members", "zstd", "semicolons", "tabs"],
)
def test_the_same_rows_however_packed(tmp_path: Path, packed: Callable[[str], bytes]) -> None:
    path = tmp_path / "usage"
    path.write_bytes(packed(CSV))
    assert _rows(path) == [
        Row(2, {"time": "2026-11-20T10:00:00Z", "model": "gpt-4o", "input_tokens": "5"}),
        Row(3, {"time": "2026-11-20T11:00:00Z", "model": "gpt-4o", "input_tokens": "7"}),
    ]
    assert Table.of(path).columns() == ["time", "model", "input_tokens"]


def test_a_row_of_another_width_harms_no_other(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text('a,b\n1,2\n\n1,2,3\n"x\ny",4\n5\n6,7\n')
    assert _rows(path) == [
        Row(2, {"a": "1", "b": "2"}),
        BadRow(4, "has 3 fields, the header 2: quote what holds ','"),
        Row(5, {"a": "x\ny", "b": "4"}),
        BadRow(7, "has 1 fields, the header 2: quote what holds ','"),
        Row(8, {"a": "6", "b": "7"}),
    ]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    path.write_text('{"a": 1}\n\nnonsense\n[1]\n{"a": {"b": 2}}\n')
    first, bad, array, last = _rows(path)
    assert (first, last) == (Row(1, {"a": 1}), Row(5, {"a": {"b": 2}}))
    assert isinstance(bad, BadRow)
    assert (bad.line, bad.message.startswith("is no JSON")) == (3, True)
    assert array == BadRow(4, "is no JSON object: write one object a line")


def test_parquet_reads_only_what_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "usage.parquet"
    table = pa.table({
        "a": [1, None],
        "tags": pa.array([[("team", "x")], None], pa.map_(pa.string(), pa.string())),
        "prompt": ["secret", "secret"],
    })  # fmt: skip
    pa.parquet.write_table(table, path)
    rows = list(Table.of(path).rows({"a", "tags"}))
    assert rows == [Row(1, {"a": 1, "tags": {"team": "x"}}), Row(2, {"a": None, "tags": {}})]


def test_progress_counts_the_file_itself(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode() * 1000))
    told: list[int] = []
    list(Table.of(path).rows(told=told.append))
    assert sum(told) == path.stat().st_size


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b'[{"a": 1}]', "is one JSON array: write one object a line"),
        (b"a,a\n1,2\n", "two columns are called 'a'"),
        (gzip.compress(CSV.encode())[:-12], "damaged or cut short"),
        (b"\x1f\x8bnonsense", "damaged or cut short"),
        (b"\x28\xb5\x2f\xfdnonsense", "damaged or cut short"),
        (_zstd(CSV.encode() * 50)[:-20], "damaged or cut short"),
        (b"PAR1nonsense", "is no Parquet file that can be read"),
        ("name,caf\u00e9\n1,2\n".encode("latin-1"), r"line 1 is not utf-8: byte 0xe9 at 8; name the file's encoding"),
        (b"a,b\n1,\xff\n", "line 2 is not utf-8"),
        (
            b"\x7fELF\0\0\xff\0",
            "line 1 is not utf-8: byte 0xff at 6; it looks like no text: CSV, JSON lines and Parquet",
        ),
        (b'a,b\n1,"' + b"x" * (2 << 20), "line 2: field larger than field limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "usage"
    path.write_bytes(content)
    with pytest.raises(FileError, match=said):
        _rows(path)


def test_json_lines_of_which_none_is_an_object_have_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    path.write_text('\n{\n  "a": 1\n}\n')
    with pytest.raises(FileError, match=r"line 2 is no JSON: .*: write one whole object a line"):
        Table.of(path).columns()
    path.write_text('{\n{"a": 1}\n')
    assert Table.of(path).columns() == ["a"]


def test_a_named_encoding(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes("name,café\nö,2\n".encode("cp1252"))
    assert _rows(path, encoding="cp1252") == [Row(2, {"name": "ö", "café": "2"})]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file or directory: check its name"):
        _rows(tmp_path / "none.csv")
    with pytest.raises(FileError, match=r"Is a directory: name the files in it, such as .*/\*\.csv"):
        _rows(tmp_path)
