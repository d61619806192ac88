"""How much of an odd hour is still there an hour later: busy hours come in busy days."""

from __future__ import annotations

from river import stats

MEMORY = 0.005
"""About eight days."""
CLIP = 4.0
MOST = 0.8


class Persistence:
    """Lag-one autocorrelation of scores, from 0 to 0.8. An hour that follows an odd one brings that much less news."""

    def __init__(self) -> None:
        self._together = stats.EWMean(MEMORY)
        self._alone = stats.EWMean(MEMORY)
        self._before: float | None = None

    def learn(self, score: float) -> None:
        """Takes in the score of the next hour."""
        score = min(max(score, -CLIP), CLIP)
        if self._before is not None:
            self._together.update(score * self._before)
        self._alone.update(score * score)
        self._before = score

    def skip(self) -> None:
        """The next score does not follow on the last."""
        self._before = None

    def get(self) -> float:
        together, alone = float(self._together.get() or 0.0), float(self._alone.get() or 0.0)
        return min(MOST, max(0.0, together / alone)) if alone > 0 else 0.0
