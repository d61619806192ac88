"""How surprising a score is for this very series: one threshold then means one false-alarm rate everywhere."""

from __future__ import annotations

import math

from river import stats

BODY = 0.95
WINDOW = 336
PRIOR_EXCESS = 1.0
"""Mean excess assumed before any was seen, in spreads: heavier than a normal tail (0.4), so that a young series is
given the benefit of the doubt."""
MEMORY = 0.03
LEAST_EXCESS = 0.3
LEAST_EDGE = 1.0


class TailCalibration:
    """Empirical up to the 95th percentile of past scores, exponential beyond (peaks over threshold, Pickands 1975).

    `surprise` is -ln p, in nats: it adds up over hours, and over it a threshold is a probability.
    """

    def __init__(self) -> None:
        self._edge = stats.RollingQuantile(BODY, WINDOW)
        self._excess = stats.EWMean(MEMORY)
        self._excess.update(PRIOR_EXCESS)

    def surprise(self, score: float) -> float:
        """-ln of the probability of such a score or a higher one; 0 for any of the usual ones."""
        over = score - self.edge()
        return 0.0 if over <= 0 else over / self._decay() - math.log(1 - BODY)

    def edge(self) -> float:
        """The score that one hour in twenty exceeds."""
        found = self._edge.get()
        return LEAST_EDGE if found is None else max(LEAST_EDGE, float(found))

    def learn(self, score: float) -> None:
        """Takes in a score of an hour that is no anomaly."""
        over = score - self.edge()
        if over > 0:
            self._excess.update(over)
        self._edge.update(score)

    def _decay(self) -> float:
        return max(LEAST_EXCESS, float(self._excess.get()))
