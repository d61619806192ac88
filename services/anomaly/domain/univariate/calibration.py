"""How rare a score is for this series and this channel."""

from __future__ import annotations

import math

from services.anomaly.domain.univariate.history import SortedHistory

MEMORY = 2_000
BODY = 0.95
EDGE_SURPRISE = -math.log(1 - BODY)
PRIOR_EXCESS = 1.0
LEARNING = 0.03
LEAST_EXCESS = 0.1
LARGEST_STEP = 10.0


class RollingTail:
    """-ln p of a score, in nats: empirical for 19 in 20 scores, exponential beyond (Pickands 1975).

    Young or old, calm or wild: the same surprise then comes about equally often, and surprises can be added.

    >>> tail = RollingTail()
    >>> for row in range(1000):
    ...     _ = tail.surprise(row % 100 / 100)
    >>> round(tail.surprise(0.5), 1), tail.surprise(3.0) > 10
    (0.7, True)
    """

    def __init__(self) -> None:
        self._scores = SortedHistory(MEMORY)
        self._excess = PRIOR_EXCESS

    def surprise(self, score: float) -> float:
        """At least 0; learns the score. The first ones are judged by a prior: an excess of 1 is usual."""
        known = len(self._scores)
        edge = max(0.0, self._scores.quantile(BODY)) if known else 0.0
        over = score - edge
        if over > 0:
            excess = max(LEAST_EXCESS, self._excess)
            found = EDGE_SURPRISE + over / excess
            # One giant must not hide the next anomaly.
            self._excess += LEARNING * (min(over, LARGEST_STEP * excess) - self._excess)
        else:
            found = min(EDGE_SURPRISE, -math.log((self._scores.above(score) + 1) / (known + 1)))
        self._scores.add(score)
        return found
