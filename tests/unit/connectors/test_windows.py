"""Which stretch is read, and what then counts as read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.connectors.domain.connector import Window
from services.connectors.domain.windows import ceiling, floor, read_through, reread_from, windows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_moment_lies_in_its_bucket() -> None:
    assert floor(at("2026-11-23T12:34:56"), HOUR) == at("2026-11-23T12:00:00")
    assert ceiling(at("2026-11-23T12:34:56"), HOUR) == at("2026-11-23T13:00:00")
    assert floor(at("2026-11-23T12:34:56"), DAY) == at("2026-11-23")
    assert ceiling(at("2026-11-23"), DAY) == at("2026-11-23")


def test_windows_are_no_wider_than_the_stride_and_the_last_holds_the_present() -> None:
    found = list(windows(at("2026-11-20T10:30:00"), at("2026-11-23T12:34:56"), HOUR, DAY))
    assert found == [
        Window(at("2026-11-20T10:00:00"), at("2026-11-21T10:00:00")),
        Window(at("2026-11-21T10:00:00"), at("2026-11-22T10:00:00")),
        Window(at("2026-11-22T10:00:00"), at("2026-11-23T10:00:00")),
        Window(at("2026-11-23T10:00:00"), at("2026-11-23T13:00:00")),
    ]


@pytest.mark.parametrize("stride", [timedelta(minutes=1), timedelta(minutes=90), timedelta(hours=1)])
def test_a_stride_that_is_no_multiple_of_the_grain_is_cut(stride: timedelta) -> None:
    (first, *_) = windows(at("2026-11-20"), at("2026-11-21"), HOUR, stride)
    assert first.end - first.start == HOUR


@given(MOMENTS, MOMENTS, st.sampled_from([HOUR, DAY]), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_windows_cover_everything_once(start: datetime, end: datetime, grain: timedelta, stride: timedelta) -> None:
    found = list(windows(start, end, grain, stride))
    if start > end:
        assert all(window.start <= end for window in found)
        return
    edge = floor(start, grain)
    for window in found:
        assert window.start == edge
        assert grain <= window.end - window.start <= max(grain, stride)
        edge = window.end
    assert edge == max(floor(start, grain), ceiling(end, grain)) >= end


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=10)), st.sampled_from([HOUR, DAY]), MOMENTS)
def test_every_bucket_that_was_not_final_is_read_again(
    read_at: datetime, settles: timedelta, grain: timedelta, moment: datetime
) -> None:
    start = reread_from(read_at, read_at + grain, settles, grain)
    bucket = floor(moment, grain)
    could_change = bucket + grain + settles > read_at
    assert could_change == (bucket >= start)


def test_a_checkpoint_ahead_of_the_clock_says_nothing_about_what_comes() -> None:
    now = at("2026-11-23T12:00:00")
    assert reread_from(now + 5 * DAY, now, HOUR, HOUR) == now - HOUR


def test_what_a_source_has_not_seen_happen_does_not_count_as_read() -> None:
    window = Window(at("2026-11-23T00:00:00"), at("2026-11-23T13:00:00"))
    asked = at("2026-11-23T12:30:00")
    assert read_through(window, asked, timedelta(0)) == asked
    assert read_through(window, asked, 2 * HOUR) == at("2026-11-23T10:30:00")
    assert read_through(window, asked, 9 * DAY) == asked - 9 * DAY
    past = Window(at("2026-11-20"), at("2026-11-21"))
    assert read_through(past, asked, 2 * HOUR) == past.end
