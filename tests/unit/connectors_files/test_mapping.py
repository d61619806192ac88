"""Columns to fields, and the ids of rows that have none."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from services.connectors.files.digests import Occurrences
from services.connectors.files.mapping import (
    OBJECTS,
    READERS,
    USAGE,
    Assignment,
    Mapped,
    MappingError,
    RowError,
    from_toml,
)
from services.connectors.files.reading import Found, Options, Reading
from services.connectors.files.tables import Row
from services.ingest.domain import seat
from services.ingest.domain.context import Context
from services.ingest.domain.sources import native
from services.ingest.domain.times import TimeWindow

ROW = {
    "when": "2026-11-20 10:00:00",
    "what": "gpt-4o",
    "in": "900",
    "out": "50.0",
    "who": " ann@example.com ",
    "cc": "4711",
}


def _event(values: dict[str, Any], *assignments: str, source: str = "import") -> Any:
    mapped = Mapped([Assignment.of(each) for each in assignments], list(values), source)
    return mapped.event(Row(2, values))


def test_columns_constants_and_tags() -> None:
    event = _event(
        ROW, "when=time", "what=model", "in=input_tokens", "out=output_tokens", "who=user", "cc=tag:cost_center",
        "=openai=provider", "=true=batch",
    )  # fmt: skip
    assert {name: value for name, value in event.items() if name != "id"} == {
        "time": "2026-11-20T10:00:00Z",
        "source": "import",
        "provider": "openai",
        "model": "gpt-4o",
        "user": "ann@example.com",
        "batch": True,
        "usage": {"input_tokens": 900, "output_tokens": 50},
        "tags": {"cost_center": "4711"},
    }


def test_columns_called_as_our_fields_need_no_word() -> None:
    event = _event(
        {"id": "r1", "time": "2026-11-20T10:00:00+01:00", "seats": "1", "tag:a": "b", "other": "x", "team": ""}
    )
    assert event == {
        "id": "r1", "time": "2026-11-20T09:00:00Z", "source": "import", "usage": {"seats": 1}, "tags": {"a": "b"},
    }  # fmt: skip


def test_business_metrics_are_columns_too() -> None:
    event = _event({"id": "o1", "time": "2026-11-20T10:00:00Z", "metric:orders": "12", "closed": "3"},
                   "closed=metric:tickets")  # fmt: skip
    assert (event["usage"], event["metrics"]) == ({}, {"orders": 12, "tickets": 3})
    with pytest.raises(RowError, match="column 'closed' as metric:tickets"):
        _event({"time": "2026-11-20T10:00:00Z", "closed": "many"}, "closed=metric:tickets")


def test_our_own_json_passes_as_it_is() -> None:
    own = {
        "id": "req-1", "time": "2026-11-20T10:00:00Z", "source": "checkout", "model": "gpt-4o",
        "usage": {"input_tokens": 9, "credits": "1.5"}, "tags": {"feature": "x"}, "batch": True,
        "seat": {"assigned_at": "2026-01-01T00:00:00Z", "pending_cancellation": True}, "source_cost": "0.5",
        "metrics": {"orders": 2},
    }  # fmt: skip
    assert _event(own) == own


def test_each_row_of_json_has_its_own_fields(tmp_path: Path) -> None:
    """Also those that no row before it had."""
    path = tmp_path / "usage.jsonl"
    rows: list[dict[str, Any]] = [
        {"id": "1", "time": "2026-11-20", "usage": {"requests": 1}},
        {
            "id": "2",
            "time": "2026-11-20",
            "input_tokens": 5,
            "batch": True,
            "tag:a": "b",
            "tags": {"c": "d"},
            "who": "ann",
        },
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = list(Reading([path], Options(assignments=[Assignment.of("who=user")])))
    assert [item.event for item in found if isinstance(item, Found)] == [
        {"id": "1", "time": "2026-11-20T00:00:00Z", "source": "import", "usage": {"requests": 1}},
        {
            "id": "2", "time": "2026-11-20T00:00:00Z", "source": "import", "usage": {"input_tokens": 5}, "batch": True,
            "tags": {"c": "d", "a": "b"}, "user": "ann",
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T10:00:00.250Z", "2026-11-20T10:00:00.250000Z"),
        ("1763632800", "2025-11-20T10:00:00Z"),
        (1763632800000, "2025-11-20T10:00:00Z"),
        (1763632800.5, "2025-11-20T10:00:00.500000Z"),
    ],
)
def test_times(written: Any, expected: str) -> None:
    assert _event({"time": written, "requests": 1})["time"] == expected


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"time": "soon", "requests": "1"}, "column 'time' as time: 'soon' is no time"),
        ({"time": "2026-11-20", "requests": "1,5"}, "column 'requests' as requests: '1,5' is no number"),
        ({"time": "2026-11-20", "requests": "1.5"}, "'1.5' is no whole number"),
        ({"time": "2026-11-20", "requests": "NaN"}, "'NaN' is no number"),
        ({"time": "2026-11-20", "requests": "9" * 99}, "is no number"),
        ({"time": "2026-11-20", "requests": True}, "is no number"),
        ({"time": "", "requests": "1"}, "has no time"),
        ({"time": "2026-11-20", "requests": "1", "batch": "maybe"}, "'maybe' is neither true nor false"),
        ({"time": "2026-11-20", "usage": "{]"}, "column 'usage': '{]' is no JSON object"),
    ],
)
def test_a_row_that_is_no_event_says_which_column(values: dict[str, Any], said: str) -> None:
    with pytest.raises(RowError, match=said.replace("{", r"\{").replace("]", r"\]")):
        _event(values)


@pytest.mark.parametrize(
    ("columns", "assignments", "said"),
    [
        (["model", "input_tokens"], [], "no column is the time: say which with --map COLUMN=time; the file has model"),
        (["time", "model"], [], "no column is a quantity"),
        (["time", "requests"], ["x=user"], "there is no column 'x': the file has time, requests"),
        (["time", "requests"], ["time=wehn"], "'wehn' is no field of an event: use one of batch"),
        (["time", "requests"], ["time"], "write COLUMN=FIELD"),
        (["time", "requests"], ["=abc=input_tokens"], "the constant 'abc' as input_tokens: 'abc' is no number"),
    ],
)
def test_a_mapping_that_cannot_be_meant(columns: list[str], assignments: list[str], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        Mapped([Assignment.of(each) for each in assignments], columns, "import")


def test_a_mapping_file(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text('[map]\n"user email" = "user"\nkey = ["key", "tag:key"]\n"=openai" = "provider"\n')
    assert from_toml(path) == [
        Assignment("user email", "user"), Assignment("key", "key"), Assignment("key", "tag:key"),
        Assignment("=openai", "provider"),
    ]  # fmt: skip
    for content, said in (
        ("[map]\nx = 1", "must be a field's name"),
        ("[map]\nx = 'no'", "is no field"),
        ("x = 'user'", r"must hold one table \[map\]"),
        ("[map", "Expected"),
    ):
        path.write_text(content)
        with pytest.raises(MappingError, match=said):
            from_toml(path)
    with pytest.raises(MappingError, match="No such file"):
        from_toml(tmp_path / "none.toml")


def test_ids_are_of_the_content() -> None:
    """Whatever the file is called, wherever the row stands; identical rows are told apart by how many came before."""
    columns = ["time", "requests", "user"]
    row = {"time": "2026-11-20", "requests": "1", "user": "ann"}
    other = {**row, "user": "bob"}

    def ids(*rows: dict[str, str], source: str = "import") -> list[str]:
        mapped = Mapped([], columns, source)
        return [mapped.event(Row(n, values))["id"] for n, values in enumerate(rows)]

    first = ids(row, other, row, row)
    assert len(set(first)) == 4
    assert ids(other, row, row, row) == [first[1], first[0], first[2], first[3]]
    assert ids(row, {**row, "requests": "2"})[1] not in first
    assert not set(ids(row, source="another")) & set(first)


def test_occurrences_are_exact_over_many() -> None:
    """Against a plain dictionary, through several growths of the table."""
    random.seed(5)
    seen, counted = Occurrences(), dict[bytes, int]()
    for _ in range(20_000):
        digest = hashlib.blake2b(random.randrange(9_000).to_bytes(4), digest_size=16).digest()
        assert seen.count(digest) == counted.get(digest, 0)
        counted[digest] = counted.get(digest, 0) + 1


def test_ingest_takes_what_is_mapped() -> None:
    event = _event(ROW, "when=time", "what=model", "in=input_tokens", "out=output_tokens", "who=user", "cc=tag:cc")
    decoded = native.decode(event, Context("acme", 0, TimeWindow(0, 4 * 10**15)))
    assert (decoded.quantities.input_tokens, decoded.quantities.output_tokens, decoded.user) == (
        900,
        50,
        "ann@example.com",
    )


def test_every_field_of_an_event_may_be_a_column() -> None:
    top = {name for name in READERS if "." not in name and name not in USAGE}
    assert top == native.KNOWN_FIELDS - native.CONTENT_FIELDS - set(OBJECTS)
    assert set(USAGE) == set(native.USAGE_FIELDS)
    assert {name.removeprefix("seat.") for name in READERS if name.startswith("seat.")} == set(seat.FIELDS)
