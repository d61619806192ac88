"""Times: exact microseconds, with an offset or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common import clock


@given(st.integers(min_value=-(2**50), max_value=2**52))
def test_text_and_back(micros: int) -> None:
    assert clock.parse_rfc3339(clock.format_rfc3339(micros)) == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T01:00:01.000002+01:00", 1_000_002),
        ("1970-01-01T00:00:01.123456789Z", 1_123_456),
    ],
)
def test_known_times(text: str, micros: int) -> None:
    assert clock.parse_rfc3339(text) == micros


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23T12:00:00", "2026-13-01T00:00:00Z", "99999-01-01T00:00Z"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        clock.parse_rfc3339(text)
