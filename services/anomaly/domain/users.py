"""Who asks: how many users made requests in an hour and in a day, and how many usually do.

Users cost nothing by themselves, so that more of them are no alarm. They tell why something costs more: many new ones,
or few that do more each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.rows import Mask, row_median
from services.anomaly.domain.series import PAIR, Hour, Series, Totals
from services.anomaly.domain.volumes import VolumeBank
from services.common.distinct_values import count, hashed, smallest

USER = "user"
DAYS = 56
WEEKS_BACK = range(2, 8)
"""Weeks that tell how many are usual on a weekday: as of a drift, which last week may be part of."""

Sketches = Mapping[Series, frozenset[int]]
"""Users by series, as `distinct_values` has them."""


class Crowd(NamedTuple):
    """How many users made requests, and how many usually do."""

    users: int
    usual: float


def asking(cells: Mapping[tuple[Series, ...], Totals], known: Sketches) -> Sketches:
    """Who made requests, by series that are not one user's.

    Args:
        cells: sums by the set of series each counts in.
        known: what history told of the same hour.
    """
    found: dict[Series, set[int]] = {series: set(users) for series, users in known.items()}
    for belongs, totals in cells.items():
        if totals.requests > 0 and len(belongs) > 1 and (user := _user_of(belongs)):
            number = hashed(user)
            for series in belongs:
                users = found.get(series)
                if users is None:
                    found[series] = {number}
                else:
                    users.add(number)
    return {series: smallest(users) for series, users in found.items() if not is_of_one_user(series)}


def is_of_one_user(series: Series) -> bool:
    """True of a user, or of a user with something else."""
    return USER in series.dimension.split(PAIR)


def _user_of(belongs: Iterable[Series]) -> str:
    for series in belongs:
        if series.dimension == USER:
            return series.value
    return next((series.labels[USER] for series in belongs if is_of_one_user(series)), "")


class UserBank(VolumeBank):
    """Users of all series of a tenant: by hour of the week, and by day."""

    ARRAYS: ClassVar[tuple[str, ...]] = ("_roots", "_days", "_now")
    WEEKS = 4

    def __init__(self) -> None:
        super().__init__()
        self._days = np.full((0, DAYS), np.nan, np.float16)
        self._now = np.zeros(0, np.int32)
        self._today: dict[int, frozenset[int]] = {}

    def clear(self, row: int) -> None:
        super().clear(row)
        self._today.pop(row, None)

    def count(self, index: Mapping[Series, int], users: Sketches) -> None:
        """Takes in who made requests in the next hour."""
        self._now[:] = 0
        for series, sketch in users.items():
            row = index.get(series)
            if row is not None:
                self._now[row] = count(sketch)
                before = self._today.get(row)
                self._today[row] = sketch if before is None else smallest(before | sketch)

    def in_hour(self, hour: Hour, row: int) -> Crowd:
        """Of the hour counted last."""
        return Crowd(int(self._now[row]), float(self.usual(hour, np.array([row]))[0]))

    def in_day(self, hour: Hour, row: int) -> Crowd:
        """Of the day of the hour counted last, up to it."""
        places = [(hour // HOURS_A_DAY - 7 * weeks) % DAYS for weeks in WEEKS_BACK]
        usual = float(row_median(self._days[row : row + 1, places])[0])
        return Crowd(count(self._today.get(row, frozenset())), 0.0 if np.isnan(usual) else usual)

    def learn_hour(self, hour: Hour, learned: Mask, kept: Mask) -> None:
        """Learns the hour counted last; see `learn`."""
        self.learn(hour, self._now.astype(np.float64), learned, kept)

    def end_day(self, hour: Hour, known: Mask) -> None:
        """Learns the day that ends with this hour, of rows that knew the whole of it, and begins the next."""
        counts = np.where(known, 0.0, np.nan)
        for row, sketch in self._today.items():
            counts[row] = count(sketch) if known[row] else np.nan
        self._days[:, hour // HOURS_A_DAY % DAYS] = counts
        self._today.clear()
