"""Fields of foreign JSON, ids, and amounts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.money import parse_dollars
from services.connectors.domain.connector import SourceRefusedError, Unreadable
from services.connectors.domain.event import MAX_ID, dollars_of_cents, row_id
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.domain.twins import Twins


@pytest.mark.parametrize(
    ("value", "count"),
    [(None, 0), (0, 0), (12, 12), (12.0, 12), (Decimal("12.0"), 12), ("12", 12), (" 12 ", 12), ("1e3", 1000)],
)
def test_counts(value: Any, count: int) -> None:
    assert Row({"n": value}).count("n") == count


@pytest.mark.parametrize(
    "value", [-1, 1.5, True, "", "twelve", [], {}, 10**16, Decimal("1E+999999"), "1e999", float("nan")]
)
def test_no_counts(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^at\.n must be a "):
        Row({"n": value}, "at.").count("n")


@pytest.mark.parametrize(
    ("value", "amount"),
    [(0.1, "0.1"), (Decimal("6.853079795837402"), "6.853079795837402"), ("-2.50", "-2.50"), (3, "3")],
)
def test_amounts_keep_their_digits(value: Any, amount: str) -> None:
    assert str(Row({"n": value}).amount("n")) == amount


@pytest.mark.parametrize("value", [None, "", "1,5", "12.5 USD", True, 10**13, "inf"])
def test_no_amounts(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^n "):
        Row({"n": value}).amount("n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (" a\nb\x00 ", "a b"),
        (7, "7"),
        ("x" * 300, "x" * 256),
        ("\ud800!", "?!"),
        ("naïve ünï", "naïve ünï"),
    ],
)
def test_texts(value: Any, text: str) -> None:
    assert Row({"t": value}).text("t") == text


@pytest.mark.parametrize("value", [{}, [], True, 1.5])
def test_a_label_of_another_type_is_empty_and_a_text_is_refused(value: Any) -> None:
    assert Row({"t": value}).label("t") == ""
    with pytest.raises(ValueError, match="t must be text"):
        Row({"t": value}).text("t")


def test_moments() -> None:
    row = Row(
        {"a": "2021-08-03T18:00:00-06:00", "b": "2025-09-08", "c": "1750979225854", "d": 10**15, "e": "soon", "f": 5}
    )
    assert row.moment("a") == datetime(2021, 8, 4, tzinfo=UTC)
    assert row.moment("b") == datetime(2025, 9, 8, tzinfo=UTC)
    assert row.moment_of_millis("c") == datetime(2025, 6, 26, 23, 7, 5, 854_000, tzinfo=UTC)
    for name in ("e", "f", "none"):
        with pytest.raises(ValueError, match=f"{name} must be a time such as"):
            row.moment(name)
    with pytest.raises(ValueError, match="d must be milliseconds since 1970"):
        row.moment_of_millis("d")
    with pytest.raises(ValueError, match="none is missing"):
        row.moment_of_millis("none")


def test_nested_fields_are_named_by_their_path() -> None:
    row = Row({"a": {"b": {"c": "x"}}})
    with pytest.raises(ValueError, match=r"a\.b\.c must be a number, not 'x'"):
        row.row("a").row("b").count("c")
    with pytest.raises(ValueError, match=r"a\.b must be a list, not an object of 1"):
        row.row("a").items("b")
    assert row.row("none").count("n") == 0
    assert row.row("none").items("n") == []


def test_a_row_that_cannot_be_read_is_named_with_its_reason() -> None:
    assert read({"n": "x"}, lambda row: row.count("n"), "row 3") == Unreadable("row 3", "n must be a number, not 'x'")
    assert read({"n": 1}, lambda row: row.count("n"), "row 3") == 1


def test_documents_that_are_none() -> None:
    with pytest.raises(SourceRefusedError, match="Acme answered with nothing, not an object"):
        document(None, "Acme")
    with pytest.raises(SourceRefusedError, match="Acme answered without a list 'data'"):
        listed(document({"data": None}, "Acme"), "data", "Acme")


def test_ids_that_are_too_long_stay_apart() -> None:
    long, longer = row_id("d", "x" * 300), row_id("d", "x" * 301)
    assert len(long) == len(longer) == MAX_ID
    assert long != longer
    assert long == row_id("d", "x" * 300)


@given(st.lists(st.text(max_size=6) | st.none() | st.integers(), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_ids_of_different_parts_differ(one: list[Any], other: list[str]) -> None:
    alike = ["" if part is None else str(part) for part in one] == other
    # No part at all and one empty part read the same; every row has at least its day.
    assert (row_id("day", *one) == row_id("day", *other)) == alike


@given(st.integers(0, 2**50))
def test_cents_become_dollars_exactly(picocents: int) -> None:
    # A ten thousandth of a millionth of a cent is a picodollar.
    cents = Decimal(picocents).scaleb(-10)
    assert parse_dollars(dollars_of_cents(cents)) == picocents


def test_finer_than_a_picodollar_is_rounded_half_to_even() -> None:
    assert dollars_of_cents(Decimal("0.00000000005")) == "0"
    assert dollars_of_cents(Decimal("0.00000000015")) == "0.000000000002"


def test_twins_are_numbered_in_turn() -> None:
    twins = Twins()
    assert [twins.name(name) for name in ("a", "b", "a", "a", "b")] == ["a", "b", "a:2", "a:3", "b:2"]
