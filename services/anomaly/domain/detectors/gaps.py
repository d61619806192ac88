"""How long a series has paused before: what pauses now and then is not gone because it pauses once more.

Counted in hours in which something always came until then, told or not. The longest pause may have been an outage; two
of the kind are a habit.
"""

from __future__ import annotations

import numpy as np

from services.anomaly.domain.bank import HOURS_A_WEEK
from services.anomaly.domain.rows import Mask, RowArrays, rows_of
from services.anomaly.domain.series import Hour

MEMORY_HOURS = 8 * HOURS_A_WEEK
KEPT = 4
"""Pauses of a series; the shortest makes room."""


class GapBank(RowArrays):
    """Of all series of a tenant."""

    ARRAYS = ("_under_way", "_lengths", "_ends")

    def __init__(self) -> None:
        self._under_way = np.zeros(0, np.int32)
        self._lengths = np.zeros((0, KEPT), np.int32)
        self._ends = np.zeros((0, KEPT), np.int64)

    def count(self, hour: Hour, silent: Mask, heard: Mask) -> None:
        """Takes in the next hour: rows that pause in it, and rows that had events."""
        over = rows_of(heard & (self._under_way > 0))
        if over.size:
            kept = np.where(hour - self._ends[over] < MEMORY_HOURS, self._lengths[over], 0)
            place = np.argmin(kept, axis=1)
            longer = self._under_way[over] > kept[np.arange(len(over)), place]
            self._lengths[over[longer], place[longer]] = self._under_way[over[longer]]
            self._ends[over[longer], place[longer]] = hour
            self._under_way[over] = 0
        self._under_way[silent] += 1

    def habit(self, hour: Hour, row: int) -> int:
        """Hours of the longest pause but one, as far as memory reaches back; not of the one under way."""
        kept = np.where(hour - self._ends[row] < MEMORY_HOURS, self._lengths[row], 0)
        return int(np.sort(kept)[-2])
