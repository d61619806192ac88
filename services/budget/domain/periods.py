"""Calendar periods in a time zone: which one a moment lies in, exactly, through every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from services.common.clock import Micros, to_datetime, to_micros

ONE_DAY = timedelta(days=1)


class Period(IntEnum):
    """How long a budget lasts; numbered as `finops.budget.v1.Period`."""

    DAY = 1
    WEEK = 2
    """Starts on Monday (ISO 8601)."""
    MONTH = 3
    QUARTER = 4
    """Starts on the first of January, April, July or October."""
    YEAR = 5
    CUSTOM = 6
    """One range of days."""
    ROLLING = 7
    """The last hours or days, whenever that is."""


class Window(NamedTuple):
    """Half-open [start, end), never empty."""

    start: Micros
    end: Micros

    def holds(self, time: Micros) -> bool:
        return self.start <= time < self.end


def period_of(time: Micros, period: Period, zone: str) -> Window:
    """The period that `time` lies in.

    A period starts with the first instant at which the zone's clocks read midnight of its first day, or later. So a
    day whose midnight is skipped starts where the skip ends, a day whose midnight comes twice starts with the first
    of them, and periods tile time: no gap, no overlap.

    Raises:
        ZoneInfoNotFoundError: no such zone.
        OverflowError: outside the years 1 to 9999.
    """
    first = _first_day(to_datetime(time).astimezone(ZoneInfo(zone)).date(), period)
    # Where clocks fall back across midnight the local date steps back too, and may name a neighbouring period.
    while time < day_start(first, zone):
        first = _following(first, period, -1)
    following = _following(first, period, 1)
    while time >= day_start(following, zone):
        first, following = following, _following(following, period, 1)
    return Window(day_start(first, zone), day_start(following, zone))


def next_period(window: Window, period: Period, zone: str) -> Window:
    """The period that starts where this one ends."""
    return period_of(window.end, period, zone)


def previous_period(window: Window, period: Period, zone: str) -> Window:
    """The period that ends where this one starts."""
    return period_of(window.start - 1, period, zone)


def day_of(time: Micros, zone: str) -> date:
    """The local day a moment belongs to. Where clocks fall back across midnight, what comes after the first midnight
    belongs to the new day, whatever the clocks read then.

    Raises:
        ZoneInfoNotFoundError: no such zone.
        OverflowError: outside the years 1 to 9999.
    """
    day = to_datetime(time).astimezone(ZoneInfo(zone)).date()
    while time >= day_start(day + ONE_DAY, zone):
        day += ONE_DAY
    return day


@cache
def known_zones() -> frozenset[str]:
    """Names of the IANA zones; without `localtime`, which means another one on every machine."""
    return frozenset(available_timezones() - {"localtime"})


def _first_day(day: date, period: Period) -> date:
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - timedelta(days=day.weekday())
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Period.YEAR:
            return day.replace(month=1, day=1)
    raise ValueError(f"{period.name} is no period of the calendar")


def _following(first: date, period: Period, steps: int) -> date:
    """First day of the period `steps` after the one whose first day is given."""
    match period:
        case Period.DAY:
            return first + timedelta(days=steps)
        case Period.WEEK:
            return first + timedelta(weeks=steps)
        case Period.MONTH:
            return _plus_months(first, steps)
        case Period.QUARTER:
            return _plus_months(first, 3 * steps)
        case Period.YEAR:
            return _plus_months(first, 12 * steps)
    raise ValueError(f"{period.name} is no period of the calendar")


def _plus_months(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


@lru_cache(maxsize=65_536)
def day_start(day: date, zone: str) -> Micros:
    """The first instant at which clocks in the zone read 00:00 of `day`, or later."""
    tz = ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=tz)
    found = to_micros(midnight)
    if _reads(found, tz) == midnight.replace(tzinfo=None):
        return found
    # Midnight lies in a gap: with fold=1 it is read with the offset after the gap (PEP 495), an instant before the gap.
    before, after = to_micros(midnight.replace(fold=1)), found
    while after - before > 1:
        middle = (before + after) // 2
        if _reads(middle, tz) >= midnight.replace(tzinfo=None):
            after = middle
        else:
            before = middle
    return after


def _reads(time: Micros, tz: ZoneInfo) -> datetime:
    return to_datetime(time).replace(tzinfo=UTC).astimezone(tz).replace(tzinfo=None, fold=0)
