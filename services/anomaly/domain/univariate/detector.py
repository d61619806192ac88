"""The channels together: one number a value."""

from __future__ import annotations

import math
from datetime import datetime

from services.anomaly.domain.univariate.calibration import EDGE_SURPRISE, RollingTail
from services.anomaly.domain.univariate.level import LevelNovelty
from services.anomaly.domain.univariate.mixture import MixtureChange
from services.anomaly.domain.univariate.novelty import ValueNovelty
from services.anomaly.domain.univariate.repeats import RepeatFilter

LARGEST = 1e300
LEVEL_WEIGHT = 0.2
MIXTURE_WEIGHT = 0.6


class UnivariateDetector:
    """Scores each value by those before it; nothing to set.

    The surprise of the value counts in full. That of the level counts a fifth and that of the mixture, only beyond its
    95th percentile, three fifths: both are smoothed, hence stay up for many rows and are weaker evidence.

    >>> from datetime import datetime, timedelta
    >>> detector, start = make_nab_detector(), datetime(2026, 1, 1)
    >>> scores = [detector.step(start + timedelta(hours=h), float(h % 24)) for h in range(480)]
    >>> max(scores[48:]), round(detector.step(start + timedelta(hours=480), 90.0), 3)
    (0.0, 0.999)
    """

    def __init__(self) -> None:
        self._value, self._value_tail = ValueNovelty(), RollingTail()
        self._level, self._level_tail = LevelNovelty(), RollingTail()
        self._mixture, self._mixture_tail = MixtureChange(), RollingTail()
        self._repeats = RepeatFilter()

    def step(self, timestamp: datetime, value: float) -> float:
        """1 - p for a value that is news, 0 for any other. NaN and infinities are missing values: 0, nothing learned.

        Rows count, not the clock: gaps and timestamps that repeat make no difference.
        """
        if not math.isfinite(value):
            return 0.0
        return -math.expm1(-self._repeats.passed(self._surprise(max(-LARGEST, min(LARGEST, value)))))

    def _surprise(self, value: float) -> float:
        of_value = self._value_tail.surprise(self._value.score(value))
        of_level = self._level_tail.surprise(self._level.score(value))
        of_mixture = self._mixture_tail.surprise(self._mixture.score(value))
        return of_value + LEVEL_WEIGHT * of_level + MIXTURE_WEIGHT * max(0.0, of_mixture - EDGE_SURPRISE)


def make_nab_detector() -> UnivariateDetector:
    """A fresh detector, for `score.py` of the Numenta Anomaly Benchmark."""
    return UnivariateDetector()
