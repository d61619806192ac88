"""What each hour of the week usually costs, at the level of the last days.

The shape is the median of the last weeks' spend in each hour of the week, so that one bad night does not return every
week; the level is the median, over the last seven days, of a day's spend against the shape. Where the usual hour is
empty (spend comes in bursts) medians say nothing, and means take their place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.common.forecast.hours import HOURS_OF_WEEK, Floats, Slots

SHAPE_HOURS = 8 * HOURS_OF_WEEK
"""The shape is taken from this many last hours: eight weeks."""
LEVEL_DAYS = 7
LEAST_HOURS_BY_WEEK = 3 * HOURS_OF_WEEK
"""With less than three weeks the hours of all days are pooled."""
LEAST_HOURS = 72
"""Three days: with less there is no baseline."""
LEAST_MEDIAN_SHARE = 0.5
"""Where the medians of the hours of a week add up to less than this share of a usual week, spend comes in bursts."""


@dataclass(frozen=True)
class Baseline:
    """Expected spend of each hour of the week, picodollars."""

    by_hour_of_week: Floats
    method: str
    """`hour-of-week` or `hour-of-day`."""

    def expected(self, slots: Slots) -> Floats:
        """Expected spend of hours, given by their hour of the week."""
        return self.by_hour_of_week[slots]


def baseline_of(values: Floats, slots: Slots) -> Baseline | None:
    """The baseline after these hours (picodollars, and hours of the week); None: fewer than `LEAST_HOURS`."""
    if len(values) < LEAST_HOURS:
        return None
    values, slots = values[-SHAPE_HOURS:], slots[-SHAPE_HOURS:]
    by_week = len(values) >= LEAST_HOURS_BY_WEEK
    period = HOURS_OF_WEEK if by_week else 24
    table = _table(values, slots % period, period)
    shape = _medians(table)
    whole = len(values) // period
    usual = float(np.median(values[-whole * period :].reshape(whole, period).sum(axis=1)))
    steady = bool(shape.sum() >= LEAST_MEDIAN_SHARE * usual)
    if not steady:
        shape = np.nanmean(table, axis=0)
    shape = np.tile(shape, HOURS_OF_WEEK // period)
    level = _level(values, shape[slots], steady=steady)
    return Baseline(shape * level, "hour-of-week" if by_week else "hour-of-day")


def _table(values: Floats, slots: Slots, period: int) -> Floats:
    """Rows of one week (or day) each, a column for each slot; NaN where the row has no such hour.

    A new row starts where the slot does not rise; so an hour that comes twice when clocks go back opens a row of its
    own, and one that is left out when they go forward leaves a hole.
    """
    rows = np.concatenate(([0], np.cumsum(np.diff(slots) <= 0)))
    table = np.full((rows[-1] + 1, period), np.nan)
    table[rows, slots] = values
    unseen = np.isnan(table).all(axis=0)
    table[0, unseen] = 0.0
    return table


def _medians(table: Floats) -> Floats:
    """Median of each column, holes left out; numpy's own takes a hundred times as long for so few rows."""
    ordered = np.sort(table, axis=0)  # NaN comes last
    count = np.count_nonzero(~np.isnan(table), axis=0)
    columns = np.arange(table.shape[1])
    medians: Floats = (ordered[(count - 1) // 2, columns] + ordered[count // 2, columns]) / 2
    return medians


def _level(values: Floats, usual: Floats, *, steady: bool) -> float:
    """Recent spend against the shape."""
    days = min(LEVEL_DAYS, len(values) // 24)
    spent = values[-24 * days :].reshape(days, 24).sum(axis=1)
    expected = usual[-24 * days :].reshape(days, 24).sum(axis=1)
    if not expected.sum():
        return 1.0
    whole = float(spent.sum() / expected.sum())
    if not steady:
        return whole
    known = expected > 0
    return float(np.median(spent[known] / expected[known]))
