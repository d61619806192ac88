"""The last values of a series, in order of size."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque


class SortedHistory:
    """Up to `size` values, oldest out first. Adding one is a binary search and a move of memory.

    >>> history = SortedHistory(3)
    >>> for value in (5.0, 1.0, 9.0, 2.0):
    ...     history.add(value)
    >>> len(history), history.quantile(0.5), history.above(2.0), history.gap(4.0)
    (3, 2.0, 2, 2.0)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._arrived: deque[float] = deque()
        self._ordered: list[float] = []

    def __len__(self) -> int:
        return len(self._ordered)

    def add(self, value: float) -> None:
        """Takes in a finite value."""
        if len(self._arrived) == self._size:
            del self._ordered[bisect_left(self._ordered, self._arrived.popleft())]
        self._arrived.append(value)
        insort(self._ordered, value)

    def quantile(self, share: float) -> float:
        """The value that `share` (0 to 1) of them do not exceed, downwards to one there is; there must be one."""
        return self._ordered[int(share * (len(self._ordered) - 1))]

    def above(self, value: float) -> int:
        """How many are as large, or larger."""
        return len(self._ordered) - bisect_left(self._ordered, value)

    def gap(self, value: float) -> float:
        """Distance to the nearest of them; there must be one."""
        ordered = self._ordered
        place = bisect_left(ordered, value)
        if place == len(ordered):
            return value - ordered[-1]
        if place == 0:
            return ordered[0] - value
        return min(value - ordered[place - 1], ordered[place] - value)
