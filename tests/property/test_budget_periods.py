"""Periods tile time in every zone the machine knows, through every change of its clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.budget.domain.periods import Period, Window, known_zones, next_period, period_of, previous_period
from services.common.clock import DAY, HOUR, MINUTE, to_datetime, to_micros

_FROM = to_micros(datetime(1900, 1, 1, tzinfo=UTC))
_UNTIL = to_micros(datetime(2100, 1, 1, tzinfo=UTC))

zones = st.sampled_from(sorted(known_zones()))
periods = st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR])
times = st.integers(_FROM, _UNTIL)


@given(times, periods, zones)
def test_a_period_holds_its_time_and_meets_its_neighbours(time: int, period: Period, zone: str) -> None:
    window = period_of(time, period, zone)
    assert window.start <= time < window.end
    assert next_period(window, period, zone).start == window.end
    assert previous_period(window, period, zone).end == window.start


@given(times, periods, zones, st.floats(0, 1, exclude_max=True))
def test_every_moment_of_a_period_names_that_period(time: int, period: Period, zone: str, share: float) -> None:
    window = period_of(time, period, zone)
    inside = window.start + int((window.end - window.start) * share)
    assert period_of(inside, period, zone) == window
    assert period_of(window.end - 1, period, zone) == window


@given(times, periods, zones)
def test_a_period_starts_when_the_clocks_first_read_midnight_of_its_first_day(
    time: int, period: Period, zone: str
) -> None:
    tz = ZoneInfo(zone)
    start = period_of(time, period, zone).start
    at, before = (to_datetime(moment).astimezone(tz).replace(tzinfo=None) for moment in (start, start - 1))
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert before < midnight <= at
    if at != midnight:
        offset_at, offset_before = (to_datetime(m).astimezone(tz).utcoffset() for m in (start, start - 1))
        assert offset_at != offset_before, "midnight may be missing only where the clocks jumped"


@given(times, zones)
def test_longer_periods_are_made_of_whole_days(time: int, zone: str) -> None:
    for period in (Period.WEEK, Period.MONTH):
        window = period_of(time, period, zone)
        days = [period_of(window.start, Period.DAY, zone)]
        while days[-1].end < window.end:
            days.append(next_period(days[-1], Period.DAY, zone))
        assert days[0].start == window.start
        assert days[-1].end == window.end


def test_every_change_of_every_zones_clocks_from_2000_to_2040() -> None:
    """Each day around each change: without gap or overlap, and as long as the clocks say."""
    changes = 0
    for zone in sorted(known_zones()):
        tz = ZoneInfo(zone)
        step = 14 * DAY
        for time in range(
            to_micros(datetime(2000, 1, 1, tzinfo=UTC)), to_micros(datetime(2040, 1, 1, tzinfo=UTC)), step
        ):
            before, after = (to_datetime(t).astimezone(tz).utcoffset() for t in (time, time + step))
            if before == after:
                continue
            changes += 1
            change = _first_with_offset_after(time, time + step, tz)
            days: list[Window] = [period_of(change - 30 * HOUR, Period.DAY, zone)]
            while days[-1].start <= change + DAY:
                days.append(next_period(days[-1], Period.DAY, zone))
            for one, following in pairwise(days):
                assert one.end == following.start
                assert 20 * HOUR <= one.end - one.start <= 28 * HOUR, (zone, to_datetime(change))
            for nearby in (change - 1, change, change + 1, change - 61 * MINUTE, change + 61 * MINUTE):
                assert period_of(nearby, Period.DAY, zone).holds(nearby)
    assert changes > 5_000


def _first_with_offset_after(low: int, high: int, tz: ZoneInfo) -> int:
    wanted = to_datetime(high).astimezone(tz).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if to_datetime(middle).astimezone(tz).utcoffset() == wanted:
            high = middle
        else:
            low = middle
    return high
