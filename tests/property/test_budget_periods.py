"""Calendars, fiscal years and rolling windows against a reference that walks from day to day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.budget.domain.calendar import bucket_at, buckets, following, period_at, preceding
from services.budget.domain.fiscal import days_of, year_start
from services.budget.domain.periods import Period, Window, day_of, day_start, known_zones
from services.budget.domain.terms import (
    Calendar,
    CustomRange,
    DayOfWeek,
    RollingUnit,
    RollingWindow,
    Terms,
    WeekPattern,
)
from services.common.clock import DAY, HOUR, MINUTE, to_datetime, to_micros

ONE_DAY = timedelta(days=1)
JANUARY = Calendar()
_FROM = to_micros(datetime(1990, 1, 1, tzinfo=UTC))
_UNTIL = to_micros(datetime(2060, 1, 1, tzinfo=UTC))
_MONTHS_IN = {
    WeekPattern.WEEK_PATTERN_445: (4, 4, 5),
    WeekPattern.WEEK_PATTERN_454: (4, 5, 4),
    WeekPattern.WEEK_PATTERN_544: (5, 4, 4),
}

times = st.integers(_FROM, _UNTIL)
days = st.dates(date(1990, 1, 1), date(2060, 1, 1))
zones = st.sampled_from(sorted(known_zones()))
tiling = st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR])
calendars = st.builds(
    Calendar,
    year_start_month=st.integers(1, 12),
    year_start_day=st.integers(1, 28),
    week_start=st.sampled_from(DayOfWeek),
    week_pattern=st.none() | st.sampled_from(WeekPattern),
)
rolling_windows = st.builds(RollingWindow, st.sampled_from(RollingUnit), st.integers(1, 60))


def terms(period: Period, zone: str = "UTC", calendar: Calendar = JANUARY, **more: object) -> Terms:
    return Terms("", "", 1, period, zone, calendar=calendar, **more)  # type: ignore[arg-type]


# --- the reference: does a day begin a period? ------------------------------------------------------------------------


def begins(day: date, period: Period, calendar: Calendar) -> bool:
    """Whether a day is the first one of a period, told from the days before it alone."""
    if period is Period.DAY:
        return True
    if period is Period.WEEK:
        return day.isoweekday() == calendar.week_start
    if calendar.week_pattern is not None:
        return begins_of_weeks(day, period, calendar)
    if day.day != calendar.year_start_day:
        return False
    months = (day.month - calendar.year_start_month) % 12
    return period is Period.MONTH or months % (3 if period is Period.QUARTER else 12) == 0


@cache
def begins_a_year_of_weeks(day: date, calendar: Calendar) -> bool:
    """Whether the fiscal year's day lies within three days of this start of a week."""
    near = [day + timedelta(days=away) for away in range(-3, 4)]
    named = (calendar.year_start_month, calendar.year_start_day)
    return day.isoweekday() == calendar.week_start and any((d.month, d.day) == named for d in near)


def begins_of_weeks(day: date, period: Period, calendar: Calendar) -> bool:
    if day.isoweekday() != calendar.week_start:
        return False
    weeks, start = 0, day
    while not begins_a_year_of_weeks(start, calendar):
        weeks, start = weeks + 1, start - timedelta(weeks=1)
    assert calendar.week_pattern is not None
    months, past = [0], 0
    for length in _MONTHS_IN[calendar.week_pattern] * 4:
        past += length
        months.append(past)
    starts = months[:12]  # What comes after the twelfth month's start, the 53rd week too, is its own.
    return weeks in {Period.MONTH: starts, Period.QUARTER: starts[::3], Period.YEAR: starts[:1]}[period]


def walked(day: date, period: Period, calendar: Calendar) -> tuple[date, date]:
    first = day
    while not begins(first, period, calendar):
        first -= ONE_DAY
    last = day + ONE_DAY
    while not begins(last, period, calendar):
        last += ONE_DAY
    return first, last


@given(days, tiling, calendars)
def test_periods_are_those_found_by_walking(day: date, period: Period, calendar: Calendar) -> None:
    assert days_of(day, period, calendar) == walked(day, period, calendar)


@pytest.mark.parametrize("period", [Period.MONTH, Period.QUARTER, Period.YEAR])
@pytest.mark.parametrize("pattern", [None, *WeekPattern], ids=lambda p: p.name if p else "calendar")
def test_every_day_of_forty_years(period: Period, pattern: WeekPattern | None) -> None:
    calendar = Calendar(10, 1, DayOfWeek.SUNDAY, pattern)
    day, (first, last) = date(2000, 1, 1), walked(date(2000, 1, 1), period, calendar)
    while day < date(2040, 1, 1):
        if day == last:
            first, last = walked(day, period, calendar)
        assert days_of(day, period, calendar) == (first, last)
        day += ONE_DAY


# --- years that people know -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calendar", "day", "first", "following_first"),
    [
        (Calendar(), "2024-02-29", "2024-01-01", "2025-01-01"),
        (Calendar(4, 6), "2026-04-05", "2025-04-06", "2026-04-06"),
        (Calendar(4, 6), "2026-04-06", "2026-04-06", "2027-04-06"),
        (Calendar(10, 1), "2026-09-30", "2025-10-01", "2026-10-01"),
        (Calendar(7, 1), "2026-07-01", "2026-07-01", "2027-07-01"),
        # The retail calendar of the US: weeks from Sunday, the year nearest to 1 February; 2023 had 53 weeks.
        (Calendar(2, 1, DayOfWeek.SUNDAY, WeekPattern.WEEK_PATTERN_454), "2024-02-03", "2023-01-29", "2024-02-04"),
        (Calendar(2, 1, DayOfWeek.SUNDAY, WeekPattern.WEEK_PATTERN_454), "2024-02-04", "2024-02-04", "2025-02-02"),
    ],
)  # fmt: skip
def test_fiscal_years(calendar: Calendar, day: str, first: str, following_first: str) -> None:
    found = days_of(date.fromisoformat(day), Period.YEAR, calendar)
    assert [d.isoformat() for d in found] == [first, following_first]


def test_the_53rd_week_is_the_last_months() -> None:
    retail = Calendar(2, 1, DayOfWeek.SUNDAY, WeekPattern.WEEK_PATTERN_454)
    december = days_of(date(2024, 2, 1), Period.MONTH, retail)
    assert (december.first, december.following) == (date(2023, 12, 31), date(2024, 2, 4))
    assert days_of(date(2024, 2, 1), Period.QUARTER, retail) == (date(2023, 10, 29), date(2024, 2, 4))


@given(st.integers(1990, 2060), calendars.filter(lambda c: c.week_pattern is not None))
def test_years_of_weeks_have_52_or_53(year: int, calendar: Calendar) -> None:
    start, end = year_start(year, calendar), year_start(year + 1, calendar)
    assert (end - start).days in (364, 371)
    assert abs((start - date(year, calendar.year_start_month, calendar.year_start_day)).days) <= 3


# --- time -------------------------------------------------------------------------------------------------------------


@given(times, tiling, calendars, zones, st.floats(0, 1, exclude_max=True))
def test_periods_tile_time(time: int, period: Period, calendar: Calendar, zone: str, share: float) -> None:
    mine = terms(period, zone, calendar)
    window = period_at(mine, time)
    assert window is not None and window.holds(time)
    after, before = following(mine, window), preceding(mine, window)
    assert after is not None and after.start == window.end
    assert before is not None and before.end == window.start
    assert period_at(mine, window.start + int((window.end - window.start) * share)) == window
    assert buckets(mine, window) == (window,)
    assert bucket_at(mine, time) == window


@given(times, tiling, zones)
def test_a_period_starts_when_the_clocks_first_read_midnight_of_its_first_day(
    time: int, period: Period, zone: str
) -> None:
    tz = ZoneInfo(zone)
    window = period_at(terms(period, zone), time)
    assert window is not None
    at, before = (
        to_datetime(moment).astimezone(tz).replace(tzinfo=None) for moment in (window.start, window.start - 1)
    )
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert before < midnight <= at
    if at != midnight:
        offset_at, offset_before = (to_datetime(m).astimezone(tz).utcoffset() for m in (window.start, window.start - 1))
        assert offset_at != offset_before, "midnight may be missing only where the clocks jumped"


@given(days, st.integers(0, 400), zones)
def test_a_custom_range_holds_its_days_and_no_others(first: date, length: int, zone: str) -> None:
    last = first + length * ONE_DAY
    mine = terms(Period.CUSTOM, zone, custom_range=CustomRange(first, last))
    start, end = day_start(first, zone), day_start(last + ONE_DAY, zone)
    window = period_at(mine, start)
    if start == end:  # The zone left that day out.
        assert window is None
        return
    assert window == Window(start, end) == period_at(mine, end - 1)
    assert period_at(mine, start - 1) is None
    assert period_at(mine, end) is None
    assert following(mine, window) is None
    assert preceding(mine, window) is None
    assert bucket_at(mine, end) is None


@given(times, rolling_windows, zones)
def test_a_rolling_window_is_its_last_buckets(time: int, rolling: RollingWindow, zone: str) -> None:
    mine = terms(Period.ROLLING, zone, rolling_window=rolling)
    window = period_at(mine, time)
    assert window is not None
    parts = buckets(mine, window)
    assert parts[-1] == bucket_at(mine, time)
    assert parts[-1].holds(time)
    assert (parts[0].start, parts[-1].end) == window
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(bucket_at(mine, part.start) == part == bucket_at(mine, part.end - 1) for part in parts)
    if rolling.unit is RollingUnit.HOUR:
        assert len(parts) == rolling.count
        assert all(part.end - part.start == HOUR for part in parts)
    else:
        assert len({day_of(part.start, zone) for part in parts}) == len(parts)
        assert day_of(time, zone) - day_of(window.start, zone) <= (rolling.count - 1) * ONE_DAY
    after, before = following(mine, window), preceding(mine, window)
    assert after is not None and after.end == window.end + (
        buckets(mine, after)[-1].end - buckets(mine, after)[-1].start
    )
    assert before is not None and before.end == parts[-1].start


def test_a_day_that_a_zone_left_out_is_no_bucket() -> None:
    """Samoa went from 29 to 31 December 2011."""
    mine = terms(Period.ROLLING, "Pacific/Apia", rolling_window=RollingWindow(RollingUnit.DAY, 3))
    new_years_eve = day_start(date(2011, 12, 31), "Pacific/Apia")
    window = period_at(mine, new_years_eve)
    assert window is not None
    assert [day_of(part.start, "Pacific/Apia").day for part in buckets(mine, window)] == [29, 31]


def test_every_change_of_every_zones_clocks_from_2000_to_2040() -> None:
    """Each day around each change: without gap or overlap, and as long as the clocks say."""
    changes = 0
    for zone in sorted(known_zones()):
        tz = ZoneInfo(zone)
        daily = terms(Period.DAY, zone)
        step = 14 * DAY
        for time in range(
            to_micros(datetime(2000, 1, 1, tzinfo=UTC)), to_micros(datetime(2040, 1, 1, tzinfo=UTC)), step
        ):
            before, after = (to_datetime(t).astimezone(tz).utcoffset() for t in (time, time + step))
            if before == after:
                continue
            changes += 1
            change = first_with_offset_after(time, time + step, tz)
            day = period_at(daily, change - 30 * HOUR)
            while day is not None and day.start <= change + DAY:
                assert 20 * HOUR <= day.end - day.start <= 28 * HOUR, (zone, to_datetime(change))
                next_day = following(daily, day)
                assert next_day is not None and next_day.start == day.end
                day = next_day
            for nearby in (change - 1, change, change + 1, change - 61 * MINUTE, change + 61 * MINUTE):
                window = period_at(daily, nearby)
                assert window is not None and window.holds(nearby)
    assert changes > 5_000


def first_with_offset_after(low: int, high: int, tz: ZoneInfo) -> int:
    wanted = to_datetime(high).astimezone(tz).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if to_datetime(middle).astimezone(tz).utcoffset() == wanted:
            high = middle
        else:
            low = middle
    return high
