"""Spend of a range, bucket by bucket: what it was, and what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from services.budget.domain.periods import Window, day_of, day_start
from services.common.clock import HOUR, Micros
from services.common.forecast.hours import HourlySpend
from services.common.forecast.outlook import Outlook


class Point(NamedTuple):
    """One bucket; picodollars."""

    time: Micros
    actual: float | None
    """Spend so far; None: the bucket has not begun."""
    expected: float | None
    """Of the whole bucket; None: it is over, or there is too little history."""
    low: float | None = None
    high: float | None = None


def buckets_of(window: Window, zone: str, *, by_day: bool) -> Sequence[Window]:
    """Hours, or local days, that tile a range. The first and the last may be cut by its ends."""
    return [Window(max(start, window.start), min(end, window.end)) for start, end in _edges(window, zone, by_day)]


def course_of(spent: HourlySpend, outlook: Outlook | None, buckets: Sequence[Window], now: Micros) -> Iterator[Point]:
    """The buckets of a range.

    Args:
        spent: every hour up to `now`, the last of which is under way.
        outlook: made after the last whole hour; None: too little history.
        buckets: in order.
        now: divides past from future.
    """
    interval = outlook.interval if outlook is not None else None
    for start, end in buckets:
        actual = spent.between(start, min(end, spent.end)) if start <= now else None
        if end <= now or outlook is None:
            yield Point(start, actual, None)
            continue
        ahead = outlook.between(max(start, now), end)
        past = actual or 0.0
        if interval is None:
            yield Point(start, actual, past + ahead)
        else:
            low, high = sorted((ahead * interval.low, ahead * interval.high))
            yield Point(start, actual, past + ahead, past + min(low, ahead), past + max(high, ahead))


def _edges(window: Window, zone: str, by_day: bool) -> Iterator[tuple[Micros, Micros]]:
    if not by_day:
        first = window.start - window.start % HOUR
        yield from ((start, start + HOUR) for start in range(first, window.end, HOUR))
        return
    first_day, last_day = day_of(window.start, zone), day_of(window.end - 1, zone)
    days = (last_day - first_day).days + 2
    starts = [day_start(first_day + timedelta(days=day), zone) for day in range(days)]
    # A day that the zone left out altogether is empty.
    yield from ((start, end) for start, end in pairwise(starts) if start < end)
