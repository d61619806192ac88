"""The periods of a budget: which one a moment lies in, its neighbours, and the windows its spend is summed in.

Periods of the calendar tile time, through every change of the clocks. A custom range is alone. A rolling window moves
on by an hour or a local day at a time, so that it overlaps its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from services.budget.domain.fiscal import days_of
from services.budget.domain.periods import ONE_DAY, Window, day_of, day_start
from services.budget.domain.terms import RollingUnit, RollingWindow, Terms
from services.common.clock import HOUR, Micros


def period_at(terms: Terms, time: Micros) -> Window | None:
    """The period that `time` lies in; None before and after a custom range.

    A period starts with the first instant at which the zone's clocks read midnight of its first day, or later. So a
    day whose midnight is skipped starts where the skip ends, and a day whose midnight comes twice with the first one.
    A rolling window ends with the hour or day under way.

    Raises:
        ZoneInfoNotFoundError: no such zone.
        OverflowError, ValueError: outside the years 1 to 9999.
    """
    if terms.rolling_window is not None:
        return _rolling(terms.rolling_window, terms.time_zone, time)
    zone = terms.time_zone
    if terms.custom_range is not None:
        days = terms.custom_range
        window = Window(day_start(days.first_day, zone), day_start(days.last_day + ONE_DAY, zone))
        return window if window.holds(time) else None
    first, following = days_of(day_of(time, zone), terms.period, terms.calendar)
    return Window(day_start(first, zone), day_start(following, zone))


def following(terms: Terms, window: Window) -> Window | None:
    """The period after one of this budget's; None after a custom range."""
    return period_at(terms, window.end)


def preceding(terms: Terms, window: Window) -> Window | None:
    """The period before one of this budget's; None before a custom range."""
    return period_at(terms, buckets(terms, window)[-1].start - 1)


def bucket_at(terms: Terms, time: Micros) -> Window | None:
    """The accounting window that spend of this time is summed in: the period, or the hour or day of a rolling window.

    None outside a custom range.
    """
    rolling = terms.rolling_window
    return period_at(terms, time) if rolling is None else _bucket(rolling.unit, terms.time_zone, time)


def buckets(terms: Terms, window: Window) -> Sequence[Window]:
    """The accounting windows that make up one of this budget's periods, oldest first."""
    rolling, zone = terms.rolling_window, terms.time_zone
    if rolling is None:
        return (window,)
    if rolling.unit is RollingUnit.HOUR:
        return [Window(start, start + HOUR) for start in range(window.start, window.end, HOUR)]
    last = day_of(window.end - 1, zone)
    starts = [day_start(last - timedelta(days=back), zone) for back in range(rolling.count - 1, -2, -1)]
    # A day that the zone left out altogether is empty (Pacific/Apia, 2011-12-30).
    return [Window(start, end) for start, end in pairwise(starts) if start < end]


def _rolling(rolling: RollingWindow, zone: str, time: Micros) -> Window:
    if rolling.unit is RollingUnit.HOUR:
        end = _bucket(rolling.unit, zone, time).end
        return Window(end - rolling.count * HOUR, end)
    last = day_of(time, zone)
    return Window(day_start(last - (rolling.count - 1) * ONE_DAY, zone), day_start(last + ONE_DAY, zone))


def _bucket(unit: RollingUnit, zone: str, time: Micros) -> Window:
    if unit is RollingUnit.HOUR:
        start = time // HOUR * HOUR
        return Window(start, start + HOUR)
    day = day_of(time, zone)
    return Window(day_start(day, zone), day_start(day + ONE_DAY, zone))
