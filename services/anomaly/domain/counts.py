"""How unlikely a count is: none where many are usual, or many times as many.

Counts of m on average that vary as m + m^2 / k are negative binomial: a Poisson process whose rate is not the same
every hour. k is what the counts of weeks make it, each beside the median of its hour of the week.
"""

from __future__ import annotations

import math

import numpy as np

from services.anomaly.domain.rows import Floats, row_count, row_median

LEAST_HOURS = 168
"""Hours that tell how much counts vary."""
LEAST_WEEKS = 3
"""Of each hour of the week."""
BUSY = 0.5
"""Share of the usual events of an hour that makes another one about as busy."""
EVENEST = 1e6
"""k of counts that vary no more than those of a Poisson process."""


class Habits:
    """What weeks of counts tell of a series.

    >>> rng = np.random.default_rng(1)
    >>> even, uneven = (Habits(rng.negative_binomial(k, k / (k + 20), (168, 8)).astype(float)) for k in (1000, 2))
    >>> even.known and even.varies > 30 and 1 < uneven.varies < 3
    True
    >>> round(even.of_none(20)) > 15 > 6 > round(uneven.of_none(20))
    True
    >>> even.of_so_many(100, 20) > 40 and uneven.of_so_many(60, 20) == 0
    True
    """

    def __init__(self, counts: Floats) -> None:
        """
        Args:
            counts: (hours of the week, weeks); NaN where nothing was learned.
        """
        usual, weeks = row_median(counts), row_count(counts)
        known = ((usual >= 1) & (weeks >= LEAST_WEEKS))[:, None] & ~np.isnan(counts)
        self.known = bool(known.sum() >= LEAST_HOURS)
        """Whether they tell anything."""
        means = np.broadcast_to(usual[:, None], counts.shape)[known]
        # Of few values the median lies among them, and nearer to each than the mean of all that may come.
        nearer = np.broadcast_to(((weeks + 1) / np.maximum(weeks - 1, 1))[:, None], counts.shape)[known]
        beyond = float(np.sum(nearer * (counts[known] - means) ** 2 - means))
        self.varies = float(np.sum(means**2)) / beyond if beyond > 0 else EVENEST
        """k; the more, the more even they are."""
        self._means, self._ratios = means, counts[known] / means
        self.highest = float(np.max(self._ratios, initial=1.0))
        """The largest multiple of its usual that an hour ever had."""

    def fewest(self, mean: float) -> tuple[int, float]:
        """How many hours were usually about as busy as one of so many, and the smallest share of its usual that any of
        them had."""
        ratios = self._of_hours_like(mean)
        return len(ratios), float(np.min(ratios, initial=1.0))

    def of_so_few(self, count: float, mean: float) -> float:
        """-ln of the probability of so few or fewer, as far as hours about as busy tell (Laplace's rule of succession).
        Nothing where there are not enough of them."""
        ratios = self._of_hours_like(mean)
        if len(ratios) < LEAST_HOURS or not count < mean:
            return 0.0
        as_few = int((ratios <= count / mean).sum())
        return math.log((len(ratios) + 1) / (as_few + 1))

    def of_none(self, mean: float) -> float:
        """-ln of the probability of none where so many are usual."""
        k = self.varies
        return k * math.log1p(mean / k)

    def of_so_many(self, count: float, mean: float) -> float:
        """-ln of (a bound on) the probability of so many or more: the rate function of the negative binomial. Nothing
        where there were as many times the usual in any hour before."""
        k = self.varies
        if mean <= 0 or count <= mean * self.highest:
            return 0.0
        return max(0.0, count * math.log(count / mean) - (count + k) * math.log((count + k) / (mean + k)))

    def _of_hours_like(self, mean: float) -> Floats:
        """What hours that are usually about as busy had, as shares of their usual."""
        found: Floats = self._ratios[self._means >= BUSY * mean]
        return found
