"""One alarm for one anomaly."""

from __future__ import annotations

ROWS = 400
MARGIN = 1.2
LEAST = 2.0


class RepeatFilter:
    """After an alarm the next must be a fifth more surprising; this bar falls to nothing over 400 rows.

    >>> repeats = RepeatFilter()
    >>> [repeats.passed(surprise) for surprise in (1.0, 6.0, 6.5, 9.0, 5.0)]
    [0.0, 6.0, 0.0, 9.0, 0.0]
    """

    def __init__(self) -> None:
        self._bar = 0.0
        self._slope = 0.0

    def passed(self, surprise: float) -> float:
        """The surprise itself if it is news, else 0."""
        if surprise > max(self._bar, LEAST):
            self._bar = MARGIN * surprise
            self._slope = self._bar / ROWS
            return surprise
        self._bar = max(0.0, self._bar - self._slope)
        return 0.0
