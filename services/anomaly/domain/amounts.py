"""One hour of many series, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.anomaly.domain.rows import Floats
from services.anomaly.domain.series import Series, Totals
from services.common.money import PICOS_PER_DOLLAR

MOST = 2**62
"""A sum of money or tokens beyond it is judged as if it were this."""
COST, REQUESTS, EVENTS, INPUT, CACHE_READ, OUTPUT, FAILED = range(len(Totals._fields))
COLUMNS = len(Totals._fields)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Totals by row."""

    totals: npt.NDArray[np.int64]
    """(rows, COLUMNS)"""

    @property
    def dollars(self) -> Floats:
        return self.totals[:, COST] / PICOS_PER_DOLLAR

    @property
    def answered(self) -> npt.NDArray[np.int64]:
        """Requests that did not fail."""
        found: npt.NDArray[np.int64] = np.maximum(self.totals[:, REQUESTS] - self.totals[:, FAILED], 0)
        return found

    def column(self, number: int) -> npt.NDArray[np.int64]:
        """One of COST, REQUESTS, ..."""
        found: npt.NDArray[np.int64] = self.totals[:, number]
        return found

    def of(self, row: int) -> Totals:
        return Totals(*map(int, self.totals[row]))


def amounts(rows: int, index: Mapping[Series, int], totals: Mapping[Series, Totals]) -> Amounts:
    """Totals of an hour in the rows of their series; a series without any has zeros."""
    table = np.zeros((rows, COLUMNS), np.int64)
    known = [(index[series], sums) for series, sums in totals.items() if series in index]
    if known:
        places = [place for place, _ in known]
        table[places] = _columns([sums for _, sums in known])
    return Amounts(table)


def _columns(totals: list[Totals]) -> npt.NDArray[np.int64]:
    """As arrays, with the largest amounts cut off."""
    try:
        return np.clip(np.array(totals, np.int64), -MOST, MOST)
    except OverflowError:
        return np.array([[min(max(amount, -MOST), MOST) for amount in sums] for sums in totals], np.int64)
