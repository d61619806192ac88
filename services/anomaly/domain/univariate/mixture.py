"""How the recent values are spread over the usual range, against how they used to be."""

from __future__ import annotations

import math
from collections import deque

from services.anomaly.domain.univariate.history import SortedHistory

RANGE_MEMORY = 1_000
LEAST_HISTORY = 20
INNER_BINS = 8
BINS = INNER_BINS + 2
RECENT = 50
FORGETTING = 2 / 1_001
LEAST_SHARE = 0.002


class MixtureChange:
    """Relative entropy (Kullback and Leibler 1951), in nats, of the last 50 values to those before them.

    Eight bins over the usual range, one below it, one above. Sees values that are all known but come too often: a
    series that stays up, or flat, or swings more than it did.

    >>> mixture = MixtureChange()
    >>> usual = [mixture.score(float(row % 10)) for row in range(500)]
    >>> stuck = [mixture.score(4.0) for _ in range(50)]
    >>> usual[-1] < 0.1, stuck[-1] > 1.5
    (True, True)
    """

    def __init__(self) -> None:
        self._range = SortedHistory(RANGE_MEMORY)
        self._recent: deque[int] = deque()
        self._counts = [0] * BINS
        self._usual = [1 / BINS] * BINS

    def score(self, value: float) -> float:
        """0 until there are 50 values."""
        entering = self._bin(value)
        self._range.add(value)
        self._recent.append(entering)
        self._counts[entering] += 1
        if len(self._recent) <= RECENT:
            return 0.0
        leaving = self._recent.popleft()
        self._counts[leaving] -= 1
        entropy = self._entropy()
        self._learn(leaving)
        return entropy

    def _bin(self, value: float) -> int:
        if len(self._range) < LEAST_HISTORY:
            return 1
        low, high = self._range.quantile(0.02), self._range.quantile(0.98)
        if value < low:
            return 0
        if value > high:
            return BINS - 1
        return 1 if high == low else 1 + min(INNER_BINS - 1, int((value - low) / (high - low) * INNER_BINS))

    def _entropy(self) -> float:
        total = 0.0
        for count, usual in zip(self._counts, self._usual, strict=True):
            if count:
                share = count / RECENT
                total += share * math.log(share / (usual + LEAST_SHARE))
        return max(0.0, total)

    def _learn(self, leaving: int) -> None:
        keep = 1 - FORGETTING
        self._usual = [keep * share for share in self._usual]
        self._usual[leaving] += FORGETTING
