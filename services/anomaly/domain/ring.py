"""The last eight weeks of a series, hour by hour."""

from __future__ import annotations

import math
from array import array

from services.anomaly.domain.series import Hour

HOURS_A_DAY = 24
HOURS_A_WEEK = 168
WEEKS = 8
SIZE = WEEKS * HOURS_A_WEEK


class HourRing:
    """A value an hour, NaN where there is none. 5 kB, whatever happens.

    Its length is a multiple of a week, so that the same hour of the week, or of the day, is a slice with a stride.
    """

    def __init__(self) -> None:
        self._values = array("f", [math.nan]) * SIZE
        self._newest: Hour | None = None

    def put(self, hour: Hour, value: float) -> None:
        """Stores the next hour's value, over the one eight weeks older."""
        self._values[hour % SIZE] = value
        self._newest = hour

    def get(self, hour: Hour) -> float:
        """NaN if the hour is unknown, or too long ago."""
        return self._values[hour % SIZE] if self.holds(hour) else math.nan

    def holds(self, hour: Hour) -> bool:
        """True if the ring reaches back to this hour."""
        return self._newest is not None and self._newest - SIZE < hour <= self._newest

    def amend(self, hour: Hour, value: float) -> None:
        """Overwrites an hour it reaches back to."""
        if self.holds(hour):
            self._values[hour % SIZE] = value

    def forget_before(self, hour: Hour) -> None:
        """Empties everything older."""
        if self._newest is None:
            return
        for old in range(self._newest - SIZE + 1, min(hour, self._newest + 1)):
            self._values[old % SIZE] = math.nan

    def same_hour_of_week(self, hour: Hour) -> list[float]:
        return [value for value in self._values[hour % HOURS_A_WEEK :: HOURS_A_WEEK] if value == value]

    def same_hour_of_day(self, hour: Hour) -> list[float]:
        return [value for value in self._values[hour % HOURS_A_DAY :: HOURS_A_DAY] if value == value]

    def known(self) -> list[float]:
        """All values there are, in no order that means anything."""
        return [value for value in self._values if value == value]


def median(values: list[float]) -> float:
    """The middle of values that are not empty."""
    ordered = sorted(values)
    middle, odd = divmod(len(ordered), 2)
    return ordered[middle] if odd else (ordered[middle - 1] + ordered[middle]) / 2
