"""How many requests or events come in an hour, of many series at once."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from services.anomaly.domain.bank import HOURS_A_DAY, HOURS_A_WEEK, LARGEST, shrunk
from services.anomaly.domain.counts import Habits
from services.anomaly.domain.rows import NOBODY, Floats, Mask, Ordered, RowArrays, or_zero, row_count, row_median
from services.anomaly.domain.series import Hour


class VolumeBank(RowArrays):
    """How many usually come in an hour, requests or events: the median of the hour of the week, shrunk to the hour of
    the day's."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("_roots",)
    WEEKS = 8

    def __init__(self) -> None:
        self._size = self.WEEKS * HOURS_A_WEEK
        # Half precision holds a square root of any count well enough.
        self._roots = np.full((0, self._size), np.nan, np.float16)

    def usual(self, hour: Hour, rows: np.ndarray) -> Floats:
        """How many come in this hour."""
        if not len(rows):
            return np.zeros(0)
        weekly = self._roots[rows, hour % HOURS_A_WEEK :: HOURS_A_WEEK]
        daily = self._roots[rows, hour % HOURS_A_DAY :: HOURS_A_DAY]
        weeks = Ordered(weekly)
        return shrunk(weeks.count, weeks.median() ** 2, or_zero(row_median(daily) ** 2))

    def always(self, hour: Hour, rows: np.ndarray) -> tuple[Floats, Floats]:
        """The fewest and the median in the same hour of other weeks; 0 where no week is known."""
        weekly = self._roots[rows, hour % HOURS_A_WEEK :: HOURS_A_WEEK].astype(np.float64)
        known = row_count(weekly) > 0
        fewest = np.min(np.where(np.isnan(weekly), np.inf, weekly), axis=1, initial=np.inf) ** 2
        return np.where(known, fewest, 0.0), or_zero(row_median(weekly) ** 2)

    def habits(self, row: int, without: Hour | None = None) -> Habits:
        """How much its counts vary, but for those of one hour."""
        roots = self._roots[row].astype(np.float64)
        if without is not None:
            roots[without % self._size] = np.nan
        return Habits(roots.reshape(-1, HOURS_A_WEEK).T ** 2)

    def between(self, hour: Hour, row: int) -> tuple[float, float, float] | None:
        """The fewest, the usual and the most in the same hour of other weeks; None where no week is known."""
        weekly = self._roots[row, hour % HOURS_A_WEEK :: HOURS_A_WEEK].astype(np.float64)
        if np.isnan(weekly).all():
            return None
        usual = float(self.usual(hour, np.array([row]))[0])
        return min(usual, float(np.nanmin(weekly)) ** 2), usual, max(usual, float(np.nanmax(weekly)) ** 2)

    def learn(self, hour: Hour, counts: Floats, learned: Mask, kept: Mask = NOBODY) -> None:
        """Takes in the counts of an hour; rows that do not learn it remember nothing of it, and those that are `kept`
        what they learned eight weeks before."""
        roots = np.minimum(np.sqrt(np.maximum(counts, 0.0)), LARGEST)
        before = np.where(kept, self._roots[:, hour % self._size], np.nan)
        self._roots[:, hour % self._size] = np.where(learned & ~kept, roots, before)

    def admit_none(self, row: int, since: Hour, through: Hour, now: Hour) -> None:
        """That nothing came in those hours was as usual. `now` is the hour learned last."""
        hours = np.arange(max(since, now - self._size + 1), min(through, now) + 1)
        self._roots[row, hours % self._size] = 0.0

    def amend(self, row: int, hour: Hour, late: int) -> None:
        """Adds what came after the hour was closed."""
        before = float(self._roots[row, hour % self._size])
        count = max(0.0, late + (0.0 if np.isnan(before) else before**2))
        self._roots[row, hour % self._size] = min(count**0.5, LARGEST)
