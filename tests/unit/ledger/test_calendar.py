"""Where days, weeks and months begin."""

from __future__ import annotations

from itertools import pairwise

import pytest

from services.common.clock import DAY, HOUR, format_rfc3339, parse_rfc3339
from services.ledger.domain.calendar import (
    Unit,
    bucket_starts,
    hour_places,
    hour_shifts,
    hour_starts,
    just_before,
    months_before,
)


def _starts(unit: Unit, start: str, end: str, zone: str) -> list[str]:
    return [format_rfc3339(at) for at in bucket_starts(unit, parse_rfc3339(start), parse_rfc3339(end), zone)]


def test_days_in_berlin_have_23_and_25_hours_at_the_clock_changes() -> None:
    for start, end, hours in [("2026-03-28", "2026-03-31", [24, 23, 24]), ("2026-10-24", "2026-10-27", [24, 25, 24])]:
        first, last = parse_rfc3339(f"{start}T00:00:00+00:00"), parse_rfc3339(f"{end}T00:00:00+00:00")
        starts = bucket_starts("day", first, last, "Europe/Berlin")
        assert [(b - a) // HOUR for a, b in pairwise(starts)] == hours


def test_days_in_kolkata_begin_on_the_half_hour() -> None:
    assert _starts("day", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z", "Asia/Kolkata") == [
        "2026-03-09T18:30:00Z", "2026-03-10T18:30:00Z",
    ]  # fmt: skip


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert _starts("week", "2026-03-11T00:00:00Z", "2026-03-17T00:00:00Z", "UTC") == [
        "2026-03-09T00:00:00Z", "2026-03-16T00:00:00Z",
    ]  # fmt: skip
    assert _starts("month", "2026-12-31T23:30:00Z", "2027-01-01T00:30:00Z", "Europe/Berlin") == ["2026-12-31T23:00:00Z"]


def test_a_skipped_midnight_begins_with_the_clock_change() -> None:
    # In Santiago the clocks went from 24:00 on 5 September 2026 (04:00 UTC) straight to 01:00.
    assert _starts("day", "2026-09-06T03:00:00Z", "2026-09-06T05:00:00Z", "America/Santiago") == [
        "2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z",
    ]  # fmt: skip


def test_a_range_on_bucket_boundaries_has_just_its_buckets() -> None:
    assert _starts("day", "2026-03-10T00:00:00Z", "2026-03-12T00:00:00Z", "UTC") == [
        "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Pacific/Apia"])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_buckets_cover_any_range_in_order(unit: Unit, zone: str) -> None:
    start = parse_rfc3339("2011-12-28T05:17:00Z")
    for length in (1, HOUR, 3 * DAY, 400 * DAY):
        starts = bucket_starts(unit, start, start + length, zone)
        assert starts == sorted(set(starts))
        assert starts[0] <= start < (starts[1] if len(starts) > 1 else start + length + 1)
        assert starts[-1] < start + length


def _range(start: str, end: str) -> tuple[int, int]:
    return parse_rfc3339(start), parse_rfc3339(end)


def _shown(span: tuple[int, int]) -> tuple[str, str]:
    return format_rfc3339(span[0]), format_rfc3339(span[1])


@pytest.mark.parametrize(
    ("start", "end", "zone", "before"),
    [
        ("2026-03-10T00:00:00Z", "2026-03-17T00:00:00Z", "UTC", ("2026-03-03T00:00:00Z", "2026-03-10T00:00:00Z")),
        # Three days and ten hours: four days earlier, up to the same hour.
        ("2026-03-10T00:00:00Z", "2026-03-13T10:00:00Z", "UTC", ("2026-03-06T00:00:00Z", "2026-03-09T10:00:00Z")),
        ("2026-03-10T05:30:00Z", "2026-03-10T07:00:00Z", "UTC", ("2026-03-10T04:00:00Z", "2026-03-10T05:30:00Z")),
        # Berlin's 29 March 2026 has 23 hours, the day before it 24.
        (
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
            "Europe/Berlin",
            ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"),
        ),
    ],
)
def test_the_range_just_before(start: str, end: str, zone: str, before: tuple[str, str]) -> None:
    assert _shown(just_before(*_range(start, end), zone)) == before


@pytest.mark.parametrize(
    ("start", "end", "zone", "before"),
    [
        ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "UTC", ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")),
        ("2026-03-01T00:00:00Z", "2026-03-24T09:00:00Z", "UTC", ("2026-02-01T00:00:00Z", "2026-02-24T09:00:00Z")),
        ("2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z", "UTC", ("2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z")),
        ("2026-03-30T10:00:00Z", "2026-03-31T15:00:00Z", "UTC", ("2026-02-28T10:00:00Z", "2026-03-01T00:00:00Z")),
        (
            "2026-03-31T22:00:00Z",
            "2026-04-30T22:00:00Z",
            "Europe/Berlin",
            ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        ),
    ],
)
def test_the_same_days_a_month_before(start: str, end: str, zone: str, before: tuple[str, str]) -> None:
    assert _shown(months_before(*_range(start, end), 1, zone)) == before


def test_the_same_days_a_year_before_a_leap_day() -> None:
    leap = _range("2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z")
    assert _shown(months_before(*leap, 12, "UTC")) == ("2027-02-28T00:00:00Z", "2027-03-01T00:00:00Z")


def test_an_hour_that_happens_twice_is_compared_with_one_that_is_there() -> None:
    # From the first half past two to the second one, in Berlin on 25 October 2026.
    doubled = _range("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")
    assert _shown(months_before(*doubled, 1, "Europe/Berlin")) == ("2026-09-25T00:30:00Z", "2026-09-25T01:30:00Z")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Australia/Lord_Howe"])
def test_ranges_compared_with_are_never_empty_and_come_before(zone: str) -> None:
    start = parse_rfc3339("2026-01-01T00:00:00Z")
    for hours in range(0, 400 * 24, 7):
        for length in (HOUR // 2, HOUR, DAY, 31 * DAY):
            span = start + hours * HOUR, start + hours * HOUR + length
            for found in (just_before(*span, zone), months_before(*span, 1, zone), months_before(*span, 12, zone)):
                assert found[0] < found[1]
                assert found[0] < span[0]
                assert found[1] <= span[1]


def _hours(start: str, end: str, zone: str) -> list[int]:
    span = _range(start, end)
    return hour_starts(*span, hour_shifts(*span, zone))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", ["2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z", "2026-03-10T12:00:00Z"]),
        ("Asia/Kolkata", ["2026-03-10T10:30:00Z", "2026-03-10T11:30:00Z"]),
        ("Asia/Kathmandu", ["2026-03-10T10:15:00Z", "2026-03-10T11:15:00Z", "2026-03-10T12:15:00Z"]),
        ("America/St_Johns", ["2026-03-10T10:30:00Z", "2026-03-10T11:30:00Z"]),
    ],
)
def test_hours_begin_where_the_wall_clock_has_them(zone: str, expected: list[str]) -> None:
    assert list(map(format_rfc3339, _hours("2026-03-10T10:40:00Z", "2026-03-10T12:20:00Z", zone))) == expected


def test_lord_howes_clocks_go_back_by_half_an_hour() -> None:
    """At two in the morning (UTC+11) it is half past one again (UTC+10:30): hours begin at 0, 1, 1:30 again, 2, 3."""
    hours = _hours("2026-04-04T13:00:00Z", "2026-04-04T17:00:00Z", "Australia/Lord_Howe")
    assert list(map(format_rfc3339, hours)) == [
        "2026-04-04T13:00:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z",
        "2026-04-04T16:30:00Z",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"])
def test_hours_of_a_year_follow_each_other_without_a_gap(zone: str) -> None:
    start, end = _range("2026-01-01T00:10:00Z", "2027-01-01T00:00:00Z")
    hours = hour_starts(start, end, hour_shifts(start, end, zone))
    assert hours[0] <= start < hours[1]
    assert end - HOUR <= hours[-1] < end
    assert {later - earlier for earlier, later in pairwise(hours)} <= {HOUR, HOUR // 2}
    assert len(hour_places(hours, zone)) == len(set(hour_places(hours, zone).values()))


def test_hours_have_the_place_the_wall_clock_gives_them() -> None:
    def places(start: str, end: str) -> list[tuple[int, ...]]:
        return list(hour_places(_hours(start, end, "Europe/Berlin"), "Europe/Berlin").values())

    plain = places("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z")
    short = places("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    long = places("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
    assert plain == [(0, hour, 0, 0) for hour in range(24)]
    assert set(plain) - set(short) == {(0, 2, 0, 0)}
    assert set(long) - set(plain) == {(0, 2, 0, 1)}
    assert len(long) == 25
