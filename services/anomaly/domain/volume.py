"""How many usually come in an hour: requests, or events."""

from __future__ import annotations

import math

from services.anomaly.domain.baseline import PULL
from services.anomaly.domain.ring import HourRing, median
from services.anomaly.domain.series import Hour


class UsualVolume:
    """Counts of eight weeks, and what they make usual: the median of the hour of the week, shrunk to the hour of the
    day's."""

    def __init__(self) -> None:
        self._counts = HourRing()

    def usual(self, hour: Hour) -> float:
        """How many come in this hour."""
        weekly = self._counts.same_hour_of_week(hour)
        daily = self._counts.same_hour_of_day(hour)
        wide = median(daily) if daily else 0.0
        return (len(weekly) * median(weekly) + PULL * wide) / (len(weekly) + PULL) if weekly else wide

    def in_other_weeks(self, hour: Hour) -> list[float]:
        """How many came in the same hour of other weeks."""
        return self._counts.same_hour_of_week(hour)

    def learn(self, hour: Hour, count: int) -> None:
        self._counts.put(hour, max(0, count))

    def pass_over(self, hour: Hour) -> None:
        """The hour belongs to an anomaly."""
        self._counts.put(hour, math.nan)

    def amend(self, hour: Hour, late: int) -> None:
        """Adds what came after the hour was closed."""
        before = self._counts.get(hour)
        self._counts.amend(hour, max(0.0, late + (0.0 if math.isnan(before) else before)))
