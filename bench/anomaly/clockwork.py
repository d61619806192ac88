"""Hours of the bench: local time, daylight saving, month ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from services.anomaly.domain.series import Hour

FIRST: Hour = 497_040
"""Midnight of Monday, 14 September 2026: clocks change in Europe and in America within the nine weeks."""
DAY, WEEK = 24, 168
Ints = npt.NDArray[np.int64]


@cache
def local_hours(zone: str, hours: int) -> Ints:
    """Hour of the local week, Monday 0:00 being 0, of each hour of the bench."""
    begin, place = datetime.fromtimestamp(FIRST * 3_600, UTC), ZoneInfo(zone)
    moments = [(begin + timedelta(hours=n)).astimezone(place) for n in range(hours)]
    return np.array([moment.weekday() * DAY + moment.hour for moment in moments])


@cache
def month_end(hours: int) -> npt.NDArray[np.bool_]:
    """True in the last two days of a month and the first of the next."""
    begin = datetime.fromtimestamp(FIRST * 3_600, UTC)
    days = [begin + timedelta(hours=n) for n in range(hours)]
    return np.array([(day + timedelta(days=2)).month != day.month or day.day == 1 for day in days])
