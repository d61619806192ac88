"""Figures as people read them."""

from __future__ import annotations

import pytest

from services.common.clock import DAY, HOUR, MINUTE, parse_rfc3339
from services.common.money import parse_dollars
from services.console.domain import figures
from services.console.domain.periods import zone


@pytest.mark.parametrize(
    ("amount", "short"),
    [
        ("0", "$0.00"),
        ("1234.56", "$1,234.56"),
        ("1234.565", "$1,234.57"),
        ("-1234.5", "-$1,234.50"),
        ("0.01", "$0.01"),
        ("0.0042", "$0.0042"),
        ("0.004279", "$0.0042"),
        ("0.000000000007", "$0.000000000007"),
        ("-0.0009", "-$0.0009"),
        ("9200000.01", "$9,200,000.01"),
        ("123456789012.345678901234", "$123,456,789,012.35"),
    ],
)
def test_dollars(amount: str, short: str) -> None:
    assert figures.dollars(parse_dollars(amount)) == short


@pytest.mark.parametrize(
    ("amount", "text"),
    [("12", "$12.00"), ("0.012345678901", "$0.012345678901"), ("-1234567.1", "-$1,234,567.10"), ("0", "$0.00")],
)
def test_every_digit(amount: str, text: str) -> None:
    assert figures.dollars_exact(parse_dollars(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("9.12", "$9.12"), ("678.4", "$678"), ("4310", "$4,310"), ("45300", "$45.3k"), ("1200000", "$1.2M")],
)
def test_scarce_room(amount: str, text: str) -> None:
    assert figures.dollars_short(parse_dollars(amount)) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (9_999, "9,999"), (12_345, "12.3k"), (4_500_000, "4.5M"), (6_700_000_000, "6.7B")]
)
def test_counts(number: int, text: str) -> None:
    assert figures.count(number) == text


def test_plurals() -> None:
    assert [figures.plural(n, "event") for n in (0, 1, 2)] == ["0 events", "1 event", "2 events"]


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.256, "+26%"), (-0.034, "−3.4%"), (None, "new"), (0.0, "0%"), (-1.0, "−100%"), (19.0, "×20")],
)
def test_changes(ratio: float | None, text: str) -> None:
    assert figures.change(ratio) == text


def test_times_are_those_of_the_zone() -> None:
    moment = parse_rfc3339("2026-11-23T23:05:00Z")
    assert figures.moment(moment, zone("UTC")) == "23 Nov 2026, 23:05"
    assert figures.moment(moment, zone("Europe/Berlin")) == "24 Nov 2026, 00:05"


@pytest.mark.parametrize(
    ("passed", "text"),
    [(1, "just now"), (5 * MINUTE, "5 min ago"), (3 * HOUR, "3 h ago"), (DAY, "1 day ago"), (9 * DAY, "9 days ago")],
)
def test_ages(passed: int, text: str) -> None:
    assert figures.ago(0, passed) == text
