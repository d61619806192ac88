"""Silence: nothing at all where events are usual.

An hour that is usually quiet says nothing either way, so only hours in which the series has always been busy count. It
is events that are counted, not the requests they may stand for: events arrive apart from each other, so that their
number tells how unlikely none is.
"""

from __future__ import annotations

import numpy as np

from services.anomaly.domain.bank import VolumeBank
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import Floats, Mask
from services.anomaly.domain.series import Hour

BUSY = 0.5
"""Share of the usual events of an hour that makes it one like any other."""


class SilenceDetector(VolumeBank):
    """The silence channel."""

    name = "silence"

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._policy = policy

    def silent(self, hour: Hour, events: Floats, watched: Mask) -> Mask:
        """Rows where nothing came although something always did."""
        silent = np.zeros(len(events), np.bool_)
        rows = np.flatnonzero(watched & (events <= 0))
        if len(rows):
            fewest, middle = self.always(hour, rows)
            least = self._policy.silent_events
            silent[rows] = (fewest > 0) & (middle >= least * 0.999) & (self.usual(hour, rows) >= least * 0.999)
        return silent

    def weight(self, hour: Hour, start: Hour, row: int) -> float:
        """How many quiet silent hours this one is worth: as many times as more than enough always came in it, if the
        series was as busy as usual until it broke off. One that never began may have a holiday.

        Args:
            hour: silent.
            start: since when it has been silent.
            row: of the series.
        """
        rows = np.array([row])
        before, usual = float(self._roots[row, (start - 1) % self._size]) ** 2, float(self.usual(start - 1, rows)[0])
        if not before >= max(BUSY * usual, 1.0):
            return 1.0
        fewest = float(self.always(hour, rows)[0][0])
        return min(max(1.0, fewest / self._policy.silent_events), float(self._policy.silent_hours))
