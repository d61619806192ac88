"""When each series began and was heard last, and whether another carries it on."""

from __future__ import annotations

import numpy as np

from services.anomaly.domain.rows import RowArrays
from services.anomaly.domain.series import Hour, Series

RENAMED_WITHIN = 2
"""Hours, the last before a series falls silent, in which another that carries it on may begin at the earliest,"""
RENAMED_SHARE = 0.3
"""with this share of its events."""
TAKEN_OVER = 0.7
"""What a series without history spends is new money if the whole tenant is beyond its usual by this share of it."""


class Lives(RowArrays):
    """Of all series of a tenant."""

    ARRAYS = ("first", "last_active", "unit_seen", "ended", "used", "heeded", "by_regularity", "dimension")

    def __init__(self) -> None:
        self.first = np.zeros(0, np.int64)
        self.last_active = np.zeros(0, np.int64)
        self.unit_seen = np.zeros(0, np.int64)
        self.ended = np.zeros(0, np.bool_)
        """Silent for so long that it must have been on purpose, or carried on under another name."""
        self.used = np.zeros(0, np.bool_)
        """The row is a series'."""
        self.heeded = np.zeros(0, np.bool_)
        """Its silence is told,"""
        self.by_regularity = np.zeros(0, np.bool_)
        """or only if it was regular."""
        self.dimension = np.zeros(0, np.int16)
        """Number of its dimension."""
        self._dimensions: dict[str, int] = {}

    def begin(self, row: int, series: Series, hour: Hour, *, heeded: bool, by_regularity: bool) -> None:
        """Gives the row to a series."""
        self.used[row], self.heeded[row], self.by_regularity[row] = True, heeded, by_regularity
        self.first[row] = self.last_active[row] = self.unit_seen[row] = hour
        self.dimension[row] = self._dimensions.setdefault(series.dimension, len(self._dimensions))

    def goes_by_another_name(self, row: int, events: np.ndarray, usual: float) -> bool:
        """True if series that began when this one ended have much of its volume: a renamed team, a rotated key.

        Args:
            row: of the silent series.
            events: of this hour, by row.
            usual: events of the silent series in such an hour.
        """
        began = self.first > self.last_active[row] - RENAMED_WITHIN
        fresh = self.used & began & (self.dimension == self.dimension[row])
        return bool(events[fresh].sum() >= RENAMED_SHARE * usual)
