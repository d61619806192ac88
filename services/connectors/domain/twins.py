"""Rows of one reading that call themselves the same."""

from __future__ import annotations

from collections import Counter


class Twins:
    """Gives the second row of a name the name `...:2`, the third `...:3`.

    Without it the second would pass for a revision of the first, which then would be lost. All rows of a name must be
    told in one reading: should they change places until the next, each figure moves to the other's name and their sum
    stays what it is.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def name(self, row_id: str) -> str:
        """The id of the next row that is called `row_id`."""
        self._seen[row_id] += 1
        times = self._seen[row_id]
        return row_id if times == 1 else f"{row_id}:{times}"
