"""Baselines of many series at once: a row is a series, and an hour is judged and learned in a few array operations.

What an hour usually is: a median for each hour of the week, shrunk towards what is known better. Some weeks give an
hour of the week as many values, so its median is mixed with that of the hour of the day, and that with the series' own:
n values weigh n / (n + k) (empirical Bayes shrinkage). Weeks are UTC weeks: where daylight saving moves a rhythm by an
hour, the spread of the neighbouring hours covers the weeks until it is relearned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.anomaly.domain.rows import (
    NOBODY,
    Floats,
    Mask,
    Ordered,
    RowArrays,
    bounded,
    largest_but_one,
    or_zero,
    row_median,
    rows_of,
)
from services.anomaly.domain.series import Hour

HOURS_A_DAY = 24
HOURS_A_WEEK = 168
PULL = 1.0
"""k of the shrinkage: how many values the wider median counts for."""
SPREAD_PULL = 5.0
SPREAD_MEMORY = 0.1
"""Weight of the newest deviation in an hour of the day's own spread."""
WINDOW = 2 * HOURS_A_WEEK
MAD_TO_SIGMA = 1.4826
"""Of a normal distribution: standard deviation over median absolute deviation."""
MEAN_TO_SIGMA = 1.2533
"""Of a normal distribution: standard deviation over mean absolute deviation."""
WEEKLY_EVENT = 4.0
"""An hour of the week this many spreads above its hour of the day is an event of its own: a weekly batch."""
CLIP = 4.0
"""A lone outlier is learned as at most so many spreads from the level."""
REFRESH_HOURS = 6
"""The medians over a window are looked up so often; every hour while a series is younger than `YOUNG` values."""
YOUNG = 48
NIGHTS = np.arange(1, 4)
"""Days back: what came in the same hour of two of them is a nightly batch,"""
BRIEF_HOURS = 3
"""if it was over soon: no more than so many hours each time, of as many before and after, are about as large."""
SIMILAR = 0.7
"""On the square root; half the cost."""
ASLEEP = 0.3
"""On the square root; a tenth of the cost of the busiest hour of the day."""
FARTHEST = 2.0
"""A rhythm that moved reaches at most so many times as far up as it, or what moved it, ever did; on the square root,
four times in dollars."""
LARGEST = 60_000.0
"""What the half-precision rings hold."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is usual for an hour, on the baseline's own scale, by row. NaN where nothing was learned."""

    level: Floats
    spread: Floats

    def score(self, values: Floats) -> Floats:
        """Spreads above the level."""
        return (values - self.level) / self.spread


class SeasonalBank(RowArrays):
    """Level and spread by hour of the week, of values on a scale where their noise is about even (square root, log)."""

    ARRAYS = (
        "_learned", "_seen", "_deviations", "_middle", "_deviation", "_by_hour", "_counts", "observations",
    )  # fmt: skip

    def __init__(self, *, weeks: int, relative_spread: float, absolute_spread: float) -> None:
        """
        Args:
            weeks: of memory; 2 bytes an hour and row, twice.
            relative_spread: least spread, as a share of the level.
            absolute_spread: least spread at all; a constant series has no spread of its own.
        """
        self._size = weeks * HOURS_A_WEEK
        self._relative = relative_spread
        self._absolute = absolute_spread
        self._learned = np.full((0, self._size), np.nan, np.float16)
        self._seen = np.full((0, self._size), np.nan, np.float16)
        self._deviations = np.full((0, WINDOW), np.nan, np.float16)
        self._middle = np.full(0, np.nan)
        self._deviation = np.full(0, np.nan)
        self._by_hour = np.zeros((0, HOURS_A_DAY), np.float32)
        self._counts = np.zeros((0, HOURS_A_DAY), np.int16)
        self.observations = np.zeros(0, np.int32)

    def expect(self, hour: Hour) -> Expectation:
        """What is usual for this hour."""
        daily = Ordered(self._learned[:, hour % HOURS_A_DAY :: HOURS_A_DAY])
        wide = shrunk(daily.count, daily.median(), or_zero(self._middle))
        spread = self._spread(hour)
        weekly = Ordered(self._learned[:, hour % HOURS_A_WEEK :: HOURS_A_WEEK])
        level = shrunk(weekly.count, weekly.median(), wide)
        highest = weekly.largest()
        least = np.maximum(np.maximum(spread, self._relative * np.abs(wide)), self._absolute)
        level = np.where(highest > wide + WEEKLY_EVENT * least, highest, level)
        level = self._habit(hour, level, spread)
        spread = np.maximum(np.maximum(spread, self._relative * np.abs(level)), self._absolute)
        return Expectation(np.where(self.observations > 0, level, np.nan), spread)

    def learn(
        self, hour: Hour, values: Floats, expected: Expectation, learned: Mask, clipped: Mask, kept: Mask = NOBODY
    ) -> None:
        """Takes in the values of an hour, in the order of hours.

        Args:
            hour: which.
            values: on the bank's scale; NaN: there is none.
            expected: what `expect` said of it.
            learned: rows that learn it. The others remember it and no more: it belongs to an anomaly.
            clipped: rows that hold back what lies far outside.
            kept: rows that are as if the hour had not been: what they learned eight weeks before stands.
        """
        values = bounded(values, -LARGEST, LARGEST)
        place = hour % self._size
        self._seen[:, place] = np.where(kept, self._seen[:, place], values)
        learned = learned & ~np.isnan(values) & ~kept
        known = learned & ~np.isnan(expected.level)
        reach = CLIP * expected.spread
        held_back = bounded(values, expected.level - reach, expected.level + reach)
        taken = np.where(known & clipped, held_back, values)
        self._note_deviation(hour, np.abs(taken - expected.level), known, kept)
        before = np.where(kept, self._learned[:, place], np.nan)
        self._learned[:, place] = np.where(learned, taken, before)
        self.observations += learned
        self._refresh(hour)

    def sleeps(self, row: int, hour: Hour) -> bool:
        """Whether this is an hour of the day in which hardly anything ever happens, unlike in others."""
        by_hour = or_zero(row_median(self._learned[row].reshape(-1, HOURS_A_DAY).T))
        return bool(by_hour[hour % HOURS_A_DAY] < ASLEEP * by_hour.max())

    @property
    def hours(self) -> int:
        """Of memory."""
        return self._size

    def last_seen(self, row: int, hour: Hour) -> float:
        """The value of an hour as it was; NaN if unknown."""
        return float(self._seen[row, hour % self._size])

    def seen(self, row: int, since: Hour, through: Hour) -> Floats:
        """The values of those hours as they were; NaN where there was none."""
        found: Floats = self._seen[row, np.arange(since, through + 1) % self._size].astype(np.float64)
        return found

    def amend(self, row: int, hour: Hour, value: float) -> None:
        """Corrects an hour it reaches back to, after late records."""
        place, value = hour % self._size, min(max(value, -LARGEST), LARGEST)
        if not np.isnan(self._learned[row, place]):
            self._learned[row, place] = value
        self._seen[row, place] = value

    def relearn(self, row: int, since: Hour, through: Hour) -> None:
        """Takes what was passed over since that hour for the new normal, and forgets what was before."""
        hours = np.arange(max(since, through - self._size + 1), through + 1) % self._size
        seen = self._seen[row, hours].copy()
        self._learned[row] = np.nan
        self._learned[row, hours] = seen
        self._middle[row] = row_median(seen[None, :])[0]

    def admit(self, row: int, since: Hour, through: Hour, now: Hour) -> None:
        """Learns those hours after all: they were no anomaly. `now` is the hour learned last."""
        places = self._places(since, through, now)
        self._learned[row, places] = self._seen[row, places]

    def disown(self, row: int, since: Hour, through: Hour, now: Hour) -> None:
        """Forgets that those hours ever were, so that they never make a habit."""
        places = self._places(since, through, now)
        self._learned[row, places] = self._seen[row, places] = np.nan

    def accept(self, row: int, since: Hour, through: Hour, now: Hour, sign: float, *, goes_on: bool) -> None:
        """What those hours were is usual from now on.

        At the same hours of the day, whatever the day, as far out is usual: in each week where it does not go on, as
        of a new nightly batch. Where it does, the whole rhythm has moved by as much, in proportion or, on a scale
        without one, by the difference; only one week of it is kept, so that what comes teaches quickly.

        Args:
            row: the series'.
            since: first hour.
            through: last hour.
            now: the hour learned last.
            sign: 1 if far out is above, -1 if it is below.
            goes_on: it has not ended.
        """
        places = self._places(since, through, now)
        seen = self._seen[row, places].astype(np.float64)
        places, seen = places[~np.isnan(seen)], seen[~np.isnan(seen)]
        if not len(places):
            return
        week = (now - np.arange(HOURS_A_WEEK)) % self._size
        if goes_on:
            usual = self._week_of(row, week)
            moved = self._moved(row, usual, usual[(now - places) % HOURS_A_WEEK], seen)
            self._learned[row] = np.nan
            self._learned[row, week] = moved
            self._learned[row, places] = seen
        for slot in np.unique(places % HOURS_A_DAY):
            level = np.median(seen[places % HOURS_A_DAY == slot])
            before = self._learned[row, slot::HOURS_A_DAY]
            self._learned[row, slot::HOURS_A_DAY] = sign * np.maximum(sign * before, sign * level)
        self._middle[row] = row_median(self._learned[row : row + 1])[0]

    def memory(self, row: int, through: Hour) -> tuple[Floats, Floats]:
        """What was learned and what was seen of hours up to that one, the latest first; NaN where nothing was. It stops
        short of the oldest hours, so that it is the same until a day after `through`."""
        hours = (through - np.arange(self._size - HOURS_A_DAY)) % self._size
        return self._learned[row, hours].astype(np.float64), self._seen[row, hours].astype(np.float64)

    def values(self, row: int) -> Floats:
        """What was learned."""
        everything: Floats = self._learned[row].astype(np.float64)
        learned: Floats = everything[~np.isnan(everything)]
        return learned

    def _places(self, since: Hour, through: Hour, now: Hour) -> npt.NDArray[np.int64]:
        """Where those hours are, as far as memory reaches back."""
        return np.arange(max(since, now - self._size + 1), min(through, now) + 1) % self._size

    def _week_of(self, row: int, week: npt.NDArray[np.int64]) -> Floats:
        """The median of each hour of the week, in the order of `week`; of the hour of the day where there is none."""
        weekly = row_median(self._learned[row].reshape(-1, HOURS_A_WEEK).T)
        daily = row_median(self._learned[row].reshape(-1, HOURS_A_DAY).T)
        slots = week % HOURS_A_WEEK
        found = np.where(np.isnan(weekly[slots]), daily[slots % HOURS_A_DAY], weekly[slots])
        return np.where(np.isnan(found), or_zero(self._middle[row]), found)

    def _moved(self, row: int, usual: Floats, then: Floats, seen: Floats) -> Floats:
        """A usual week, moved as far as what was seen lies from what was usual `then`."""
        if not self._relative:
            return usual + float(np.median(seen - then))
        least = np.maximum(np.abs(then), self._absolute)
        ratio = float(np.median(np.maximum(seen, self._absolute) / least))
        for spread in (self._deviations, self._deviation, self._by_hour):
            spread[row] *= ratio
        # A constant load that began at night would make the days thousands of times as dear.
        highest = FARTHEST * max(float(np.max(seen)), float(np.max(usual)))
        return np.minimum(usual * ratio, highest)

    def _spread(self, hour: Hour) -> Floats:
        whole = MAD_TO_SIGMA * or_zero(self._deviation)
        slot = hour % HOURS_A_DAY
        count = self._counts[:, slot]
        return (count * MEAN_TO_SIGMA * self._by_hour[:, slot] + SPREAD_PULL * whole) / (count + SPREAD_PULL)

    def _habit(self, hour: Hour, level: Floats, spread: Floats) -> Floats:
        """What came twice in the same hour of the week is a habit, even if it was called an anomaly both times; and so
        is what came on two of three days in the same hour and was over then: a new nightly batch."""
        twice = largest_but_one(self._seen[:, hour % HOURS_A_WEEK :: HOURS_A_WEEK])
        far = level + WEEKLY_EVENT * np.maximum(spread, self._absolute)
        level = np.where(twice > far, twice, level)
        nightly = largest_but_one(self._seen[:, (hour - HOURS_A_DAY * NIGHTS) % self._size])
        rows = rows_of(nightly > np.maximum(level, far))
        if rows.size:
            around = (hour - HOURS_A_DAY * NIGHTS[:, None] + np.arange(-BRIEF_HOURS, BRIEF_HOURS + 1)).ravel()
            as_large = (self._seen[np.ix_(rows, around % self._size)] > SIMILAR * nightly[rows, None]).sum(axis=1)
            level[rows] = np.where(as_large <= 2 * BRIEF_HOURS, nightly[rows], level[rows])
        return level

    def _note_deviation(self, hour: Hour, deviation: Floats, known: Mask, kept: Mask) -> None:
        before = np.where(kept, self._deviations[:, hour % WINDOW], np.nan)
        self._deviations[:, hour % WINDOW] = np.where(known, np.minimum(deviation, LARGEST), before)
        slot = hour % HOURS_A_DAY
        count = self._counts[:, slot]
        # A plain mean until it has the memory's weight, then an exponential one: no start-up bias.
        weight = np.where(known, np.maximum(SPREAD_MEMORY, 1 / (count + 1.0)), 0.0)
        change = np.where(known, deviation - self._by_hour[:, slot], 0.0)
        self._by_hour[:, slot] += weight * change
        self._counts[:, slot] = np.minimum(count + known, HOURS_A_WEEK)

    def _refresh(self, hour: Hour) -> None:
        if hour % REFRESH_HOURS == 0:
            # Slices, which are copied several times as fast as rows that are picked.
            self._middle, self._deviation = row_median(self._latest(hour)), row_median(self._deviations)
            return
        # Those of which nothing was learned have no medians.
        rows = rows_of((self.observations < YOUNG) & (self.observations > 0))
        if len(rows):
            self._middle[rows] = row_median(self._latest(hour)[rows])
            self._deviation[rows] = row_median(self._deviations[rows])

    def _latest(self, hour: Hour) -> npt.NDArray[np.float16]:
        """What was learned of the hours of the window, in any order."""
        end = hour % self._size + 1
        begin = end - min(WINDOW, self._size)
        if begin >= 0:
            return self._learned[:, begin:end]
        return np.concatenate([self._learned[:, :end], self._learned[:, begin:]], axis=1)


def shrunk(count: npt.NDArray[np.int64], middle: Floats, wider: Floats) -> Floats:
    """The median of each row, of so many values, mixed with what is known of more hours; that alone where there are
    none."""
    return np.where(count > 0, (count * middle + PULL * wider) / (count + PULL), wider)
