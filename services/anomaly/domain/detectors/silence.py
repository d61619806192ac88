"""Silence: nothing at all where events are usual.

An hour that is usually quiet says nothing either way, so only hours in which the series has always been busy count. It
is events that are counted, not the requests they may stand for: events arrive apart from each other, so that their
number tells how unlikely none is.
"""

from __future__ import annotations

import math

import numpy as np

from services.anomaly.domain.bank import HOURS_A_WEEK
from services.anomaly.domain.counts import BUSY, LEAST_HOURS, Habits
from services.anomaly.domain.detectors.gaps import GapBank
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import Floats, Mask, row_count, row_median
from services.anomaly.domain.series import Hour
from services.anomaly.domain.volumes import VolumeBank

LEAST_WEEKS = 2
"""An hour of the week always had events if so many weeks are known in which it had."""
MISSED = 4
"""Events of clockwork that do not come are an alarm."""


class SilenceDetector(VolumeBank):
    """The silence channel."""

    name = "silence"

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._policy = policy
        self._gaps = GapBank()
        self._pauses: Mask = np.zeros(0, np.bool_)

    def grow(self, rows: int) -> None:
        super().grow(rows)
        self._gaps.grow(rows)

    def clear(self, row: int) -> None:
        super().clear(row)
        self._gaps.clear(row)

    def silent(self, hour: Hour, events: Floats, watched: Mask, by_regularity: Mask) -> Mask:
        """Rows where nothing came although something always did.

        Args:
            hour: that closed.
            events: in it.
            watched: rows to look at,
            by_regularity: of which these must have been regular.
        """
        self._pauses = self._broken_off(hour, events, watched)
        silent = self._pauses.copy()
        rows = np.flatnonzero(silent)
        silent[rows] = row_count(self._roots[rows, hour % HOURS_A_WEEK :: HOURS_A_WEEK]) >= LEAST_WEEKS
        rows = np.flatnonzero(silent & by_regularity)
        needed = self._policy.evidence_needed
        unlikely = [self._unlikely(hour, row, self.habits(row, hour - 1)) for row in rows.tolist()]
        certain = np.array(unlikely) >= needed
        silent[rows] = self._never_quiet(rows) & certain
        return silent

    def count_gaps(self, hour: Hour, heard: Mask) -> None:
        """Takes in who pauses in the hour that `silent` was asked about last, and who is heard in it."""
        self._gaps.count(hour, self._pauses, heard)

    def _broken_off(self, hour: Hour, events: Floats, watched: Mask) -> Mask:
        broken_off = np.zeros(len(events), np.bool_)
        rows = np.flatnonzero(watched & (events <= 0))
        if len(rows):
            fewest, middle = self.always(hour, rows)
            least = self._policy.silent_events
            enough = (middle >= least * 0.999) & (self.usual(hour, rows) >= least * 0.999)
            broken_off[rows] = (fewest > 0) & enough
            few = rows[(fewest > 0) & ~enough]
            if len(few):
                broken_off[few] = self._never_quiet_when_busy(hour, few)
        return broken_off

    def _never_quiet_when_busy(self, hour: Hour, rows: np.ndarray) -> Mask:
        """Rows that had events in every one of enough hours that are usually about as busy as this one."""
        roots = self._roots[rows].reshape(len(rows), -1, HOURS_A_WEEK)
        usual = row_median(roots.transpose(0, 2, 1).reshape(-1, roots.shape[1])).reshape(len(rows), 1, HOURS_A_WEEK)
        busy = (usual >= BUSY**0.5 * usual[:, :, hour % HOURS_A_WEEK, None]) & ~np.isnan(roots)
        found: Mask = (busy.sum(axis=(1, 2)) >= LEAST_HOURS) & ~((roots <= 0) & busy).any(axis=(1, 2))
        return found

    def _never_quiet(self, rows: np.ndarray) -> Mask:
        """Rows that had events in every hour of weeks, be it one."""
        roots = self._roots[rows]
        found: Mask = (row_count(roots) >= LEAST_WEEKS * HOURS_A_WEEK) & ~(roots <= 0).any(axis=1)
        return found

    def weight(self, hour: Hour, start: Hour, row: int) -> float:
        """How many quiet silent hours this one is worth: more where more than enough always came in it, or where none
        is unlikelier, if the series was as busy as usual until it broke off. One that never began may have a holiday,
        and one that has paused before does so again.

        Args:
            hour: silent.
            start: since when it has been silent.
            row: of the series.
        """
        most, rows = float(self._policy.silent_hours), np.array([row])
        most = min(most, most / (self._gaps.habit(hour, row) + 1))
        if not any(self._was_busy(before, hour, row) for before in (start - 1, start - 2)):
            return min(1.0, most)
        fewest = float(self.always(hour, rows)[0][0])
        # In the hour in which it broke off fewer came than should have, which is no habit.
        habits = self.habits(row, start - 1)
        unlikely = self._unlikely(hour, row, habits)
        if start == hour:
            usual = float(self.usual(hour - 1, rows)[0])
            unlikely += habits.of_so_few(float(self._roots[row, (hour - 1) % self._size]) ** 2, usual)
        quiet = unlikely / self._policy.evidence_needed * self._policy.silent_hours
        return min(round(max(1.0, fewest / self._policy.silent_events, quiet), 2), most)

    def _was_busy(self, before: Hour, hour: Hour, row: int) -> bool:
        """Whether that hour was as busy as usual, and is usually about as busy as this one. In the last before it broke
        off, it may have done so early."""
        count, rows = float(self._roots[row, before % self._size]) ** 2, np.array([row])
        usual, now = (float(self.usual(each, rows)[0]) for each in (before, hour))
        return count >= max(BUSY * usual, 1.0) and usual >= BUSY * now

    def _unlikely(self, hour: Hour, row: int, habits: Habits) -> float:
        """-ln of the probability that nothing comes in this hour."""
        mean = float(self.usual(hour, np.array([row]))[0])
        if not habits.known:
            return 0.0
        hours, lowest = habits.fewest(mean)
        if hours < LEAST_HOURS or lowest <= 0:
            return habits.of_none(mean)
        # It never was far below what is usual.
        clockwork = self._policy.evidence_needed * min(1.0, mean / MISSED) if lowest >= BUSY else 0.0
        # Of n such hours none was empty: that the next one is has a chance of one in n (Laplace's rule of succession).
        return max(clockwork, habits.of_none(mean), math.log1p(hours))
