"""How far a value is from all that were seen."""

from __future__ import annotations

import math

from services.anomaly.domain.univariate.history import SortedHistory

LEAST_HISTORY = 10
MEMORY = 20_000
GAIN = 10.0
LARGEST = 1e9
RELATIVE_FLOOR = 1e-3
ABSOLUTE_FLOOR = 1e-9


class ValueNovelty:
    """ln(1 + 10 gap / spread), the gap being that to the nearest known value, the spread that of nine tenths of them.

    Unlike a distance from the mean it stays low for both humps of a series with two, and for peaks known to come
    back; it is high in a hole of the distribution, not only beyond its ends.

    >>> novelty = ValueNovelty()
    >>> for hour in range(100):
    ...     _ = novelty.score(float(hour % 2 * 100))
    >>> novelty.score(100.0), round(novelty.score(50.0), 2)
    (0.0, 1.79)
    """

    def __init__(self) -> None:
        self._known = SortedHistory(MEMORY)

    def score(self, value: float) -> float:
        """0 for a value seen before; learns it."""
        score = 0.0
        if len(self._known) >= LEAST_HISTORY:
            score = math.log1p(GAIN * min(LARGEST, self._known.gap(value) / self._spread()))
        self._known.add(value)
        return score

    def _spread(self) -> float:
        known = self._known
        floor = ABSOLUTE_FLOOR + RELATIVE_FLOOR * abs(known.quantile(0.5))
        return known.quantile(0.95) - known.quantile(0.05) + floor
