"""How far the recent level is from all levels there were."""

from __future__ import annotations

from collections import deque

from services.anomaly.domain.univariate.novelty import ValueNovelty

WIDTH = 10


class LevelNovelty:
    """Novelty of the mean of the last ten values: sees a shift of the level that no single value gives away.

    >>> level = LevelNovelty()
    >>> scores = [level.score(float(row % 2)) for row in range(100)] + [level.score(1.0) for _ in range(10)]
    >>> max(scores[:100]), max(scores[100:]) > 1
    (0.0, True)
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=WIDTH)
        self._levels = ValueNovelty()

    def score(self, value: float) -> float:
        """0 until there are ten values."""
        self._recent.append(value)
        if len(self._recent) < WIDTH:
            return 0.0
        # Summed anew: a running sum would not recover from a value that swamps all others.
        return self._levels.score(sum(self._recent) / WIDTH)
