"""Spend by the hour, and which hour of the local week each hour is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.common.clock import DAY, HOUR, Micros, to_datetime

Floats = NDArray[np.float64]
Slots = NDArray[np.intp]

HOURS_OF_WEEK = 168


@dataclass(frozen=True)
class HourlySpend:
    """Spend of consecutive UTC hours, the first of which starts at `start`. Hours without spend are zeros.

    Picodollars as floats: a forecast is an estimate, and no figure of an account is made from it.
    """

    start: Micros
    values: Floats

    @property
    def end(self) -> Micros:
        """End of the last hour."""
        return self.start + len(self.values) * HOUR

    def between(self, start: Micros, end: Micros) -> float:
        """Spend in [start, end), picodollars; of an hour that lies partly within, that part."""
        return self._until(max(start, end)) - self._until(start)

    @cached_property
    def _cumulated(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self.values)))

    def _until(self, moment: Micros) -> float:
        """Spend before a moment, evenly within an hour; interpolating over all hours costs as much as a decision."""
        hours = min(max((moment - self.start) / HOUR, 0.0), float(len(self.values)))
        whole = int(hours)
        part = (hours - whole) * self.values.item(whole) if whole < len(self.values) else 0.0
        return self._cumulated.item(whole) + part


def hours_of_week(start: Micros, hours: int, zone: str) -> Slots:
    """For each of `hours` UTC hours from `start` the local hour of the week it begins in, 0 (Monday 00:00) to 167."""
    first_day = start - start % DAY
    days = (start + hours * HOUR - first_day + DAY - 1) // DAY
    slots = np.concatenate([_day(first_day + day * DAY, zone) for day in range(days)] or [np.zeros(0, np.intp)])
    offset = (start - first_day) // HOUR
    return slots[offset : offset + hours]


@lru_cache(maxsize=8_192)
def _day(day: Micros, zone: str) -> Slots:
    """Slots of one UTC day's hours."""
    tz = ZoneInfo(zone)
    local = [to_datetime(day + hour * HOUR).astimezone(tz) for hour in range(24)]
    slots = np.array([moment.weekday() * 24 + moment.hour for moment in local], dtype=np.intp)
    slots.setflags(write=False)
    return slots
