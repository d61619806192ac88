"""Sums of whole numbers by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from services.common.wire_words import Ints


def sums_by(keys: Ints, amounts: Ints) -> Iterator[tuple[int, Sequence[int]]]:
    """The first row of each group, and the sum of each amount over its rows.

    Args:
        keys: of the rows; those of a group are equal.
        amounts: (kinds, rows), small enough for the sum of all to fit.

    >>> list(sums_by(np.array([7, 3, 7]), np.array([[1, 2, 4], [0, 1, 0]])))
    [(1, [2, 1]), (0, [5, 0])]
    """
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sums = np.add.reduceat(amounts[:, order], starts, axis=1)
    yield from zip(order[starts].tolist(), sums.T.tolist(), strict=True)
