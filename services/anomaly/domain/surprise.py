"""How surprising a score is for this very series: one threshold then means one false-alarm rate everywhere."""

from __future__ import annotations

import math

import numpy as np

from services.anomaly.domain.rows import NOBODY, Floats, Mask, RowArrays, bounded, or_zero, row_quantile, rows_of
from services.anomaly.domain.series import Hour

BODY = 0.95
WINDOW = 336
PRIOR_EXCESS = 1.0
"""Mean excess assumed before any was seen, in spreads: heavier than a normal tail (0.4), so that a young series is
given the benefit of the doubt."""
MEMORY = 0.03
FARTHEST = 5.0
"""Times the mean excess: so much of a score is learned. One in 150 is more where excesses are exponential; what is so
hour after hour is an anomaly that is not known yet."""
LEAST_EXCESS = 0.3
LEAST_EDGE = 1.0
REFRESH_HOURS = 6
YOUNG = 48


class TailBank(RowArrays):
    """Empirical up to the 95th percentile of past scores, exponential beyond (peaks over threshold, Pickands 1975).

    `surprise` is -ln p, in nats: it adds up over hours, and over it a threshold is a probability.
    """

    ARRAYS = ("_scores", "_edge", "_excess", "_learned")

    def __init__(self) -> None:
        self._scores = np.full((0, WINDOW), np.nan, np.float16)
        self._edge = np.full(0, np.nan)
        self._excess = np.full(0, np.nan)
        self._learned = np.zeros(0, np.int32)

    def surprise(self, scores: Floats) -> Floats:
        """-ln of the probability of such a score or a higher one; 0 for any of the usual ones."""
        over = scores - self.edge()
        return np.where(over > 0, over * self.steepness() - math.log(1 - BODY), 0.0)

    def steepness(self) -> Floats:
        """Nats that a score higher by one surprises more."""
        return 1 / np.maximum(LEAST_EXCESS, np.where(np.isnan(self._excess), PRIOR_EXCESS, self._excess))

    def edge(self) -> Floats:
        """The score that one hour in twenty exceeds."""
        found: Floats = np.fmax(LEAST_EDGE, self._edge)
        return found

    def learn(self, hour: Hour, scores: Floats, learned: Mask, kept: Mask = NOBODY) -> None:
        """Takes in the scores of an hour that is no anomaly; `kept` rows are as if it had not been."""
        learned = learned & ~np.isnan(scores) & ~kept
        self._learn_excess(scores, learned)
        older = np.where(kept, self._scores[:, hour % WINDOW], np.nan)
        self._scores[:, hour % WINDOW] = np.where(learned, bounded(scores, -6e4, 6e4), older)
        self._learned += learned
        if hour % REFRESH_HOURS == 0:
            self._edge = row_quantile(self._scores, BODY)
            return
        rows = rows_of(learned & (self._learned < YOUNG))
        if len(rows):
            self._edge[rows] = row_quantile(self._scores[rows], BODY)

    def learn_late(self, row: int, hour: Hour, score: float) -> None:
        """Takes in the score of an hour gone by."""
        self._learn_excess(np.array([score]), np.ones(1, np.bool_), slice(row, row + 1))
        self._scores[row, hour % WINDOW] = np.clip(score, -6e4, 6e4)
        self._learned[row] += 1

    def _learn_excess(self, scores: Floats, learned: Mask, rows: slice = slice(None)) -> None:
        before = np.where(np.isnan(self._excess[rows]), PRIOR_EXCESS, self._excess[rows])
        over = np.minimum(scores - self.edge()[rows], FARTHEST * before)
        self._excess[rows] = np.where(learned & (over > 0), before + MEMORY * (over - before), before)


class PersistenceBank(RowArrays):
    """How much of an odd hour is still there an hour later, since busy hours come in busy days: the lag-one
    autocorrelation of scores, from 0 to 0.8. An hour that follows an odd one brings that much less news."""

    ARRAYS = ("_together", "_alone", "_before", "_mean")
    MEMORY = 0.005
    """About eight days."""
    SLOW = 0.01
    """About four days: what is so for longer is a level that moved, and tells nothing of how long odd hours last."""
    CLIP = 4.0
    MOST = 0.8
    LEAST_SQUARE = 0.5
    """Scores that are smaller as a rule do not tell how long odd hours last."""

    def __init__(self) -> None:
        self._together = np.full(0, np.nan)
        self._alone = np.full(0, np.nan)
        self._before = np.full(0, np.nan)
        self._mean = np.full(0, np.nan)

    def learn(self, scores: Floats, learned: Mask) -> None:
        """Takes in the scores of the next hour. Rows that do not learn it begin anew with the one after it."""
        scores = np.where(learned, bounded(scores, -self.CLIP, self.CLIP), np.nan)
        beyond = scores - or_zero(self._mean)
        self._mean = self._moved(or_zero(self._mean), scores, self.SLOW)
        self._together = self._moved(self._together, beyond * self._before, self.MEMORY)
        self._alone = self._moved(self._alone, beyond * beyond, self.MEMORY)
        self._before = beyond

    def get(self) -> Floats:
        """The autocorrelation, by row."""
        return bounded(or_zero(self._together) / np.maximum(or_zero(self._alone), self.LEAST_SQUARE), 0.0, self.MOST)

    @staticmethod
    def _moved(mean: Floats, value: Floats, share: float) -> Floats:
        moved = np.where(np.isnan(mean), value, mean + share * (value - mean))
        return np.where(np.isnan(value), mean, moved)
