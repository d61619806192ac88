"""How days make weeks, months, quarters and years: of the calendar, of a fiscal year, or of whole weeks."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from services.budget.domain.periods import ONE_DAY, Period
from services.budget.domain.terms import Calendar, WeekPattern

WEEK = timedelta(weeks=1)

_WEEKS_OF_MONTHS = {
    WeekPattern.WEEK_PATTERN_445: (4, 4, 5),
    WeekPattern.WEEK_PATTERN_454: (4, 5, 4),
    WeekPattern.WEEK_PATTERN_544: (5, 4, 4),
}


class Days(NamedTuple):
    """Half-open [first, following), never empty."""

    first: date
    following: date


def days_of(day: date, period: Period, calendar: Calendar) -> Days:
    """The days of the period that `day` lies in.

    Raises:
        ValueError: no period of the calendar (CUSTOM, ROLLING), or it leaves the years 1 to 9999.
    """
    match period:
        case Period.DAY:
            return Days(day, day + ONE_DAY)
        case Period.WEEK:
            first = day - timedelta(days=_days_since_week_start(day, calendar))
            return Days(first, first + WEEK)
        case Period.MONTH | Period.QUARTER | Period.YEAR:
            year = day.year + 1
            while year_start(year, calendar) > day:
                year -= 1
            firsts = [*_first_days(year, period, calendar), year_start(year + 1, calendar)]
            following = bisect_right(firsts, day)
            return Days(firsts[following - 1], firsts[following])
    raise ValueError(f"{period.name} is no period of the calendar")


@lru_cache(maxsize=4_096)
def year_start(year: int, calendar: Calendar) -> date:
    """First day of the fiscal year that starts in this year of the calendar; of a year of whole weeks, the start of a
    week that is nearest to that day."""
    start = date(year, calendar.year_start_month, calendar.year_start_day)
    if calendar.week_pattern is None:
        return start
    into = _days_since_week_start(start, calendar)
    return start - timedelta(days=into) if into <= 3 else start + timedelta(days=7 - into)


@lru_cache(maxsize=4_096)
def _first_days(year: int, period: Period, calendar: Calendar) -> tuple[date, ...]:
    """First days of the fiscal year's months, quarters, or itself."""
    start = year_start(year, calendar)
    if period is Period.YEAR:
        return (start,)
    if calendar.week_pattern is None:
        months = tuple(_plus_months(start, number) for number in range(12))
    else:
        # What is left of the year, the 53rd week too, belongs to the last month.
        weeks = _WEEKS_OF_MONTHS[calendar.week_pattern] * 4
        months = tuple(start + past * WEEK for past in accumulate(weeks[:-1], initial=0))
    return months if period is Period.MONTH else months[::3]


def _days_since_week_start(day: date, calendar: Calendar) -> int:
    return (day.isoweekday() - calendar.week_start) % 7


def _plus_months(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, first.day)
