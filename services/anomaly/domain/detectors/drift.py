"""Drift: daily spend that creeps up, too slowly for any hour to stand out.

A day is held against the same weekday two to seven weeks ago, carried forward by the series' own growth, since last
week may be part of the drift already. Days above it add up (a CUSUM, Page 1954): what is within a spread counts against
drift, and no single day counts for more than a few spreads, so that a month's end is over before it makes an alarm.
"""

from __future__ import annotations

import math

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.bank import HOURS_A_DAY, MAD_TO_SIGMA
from services.anomaly.domain.rows import Floats, Mask, RowArrays, or_zero, row_count, row_median, row_quantile
from services.anomaly.domain.run import CLOSE_TO_LEVEL, Run, Spell, Verdict
from services.anomaly.domain.series import Hour, Totals
from services.common.money import PICOS_PER_DOLLAR

DAYS = 63
WEEKS_BACK = range(2, 8)
LEAST_WEEKS = 3
REFERENCE = 0.6
"""Quantile of those weeks that is usual: weeks of holidays among them are no reason to call what follows a drift."""
FLOOR_USD = 1.0
"""Added to a day: cents that double are no drift."""
MOST_GROWTH = 0.04
"""Of the logarithm, a week: what grows faster is not taken for a habit."""
PULL = 2.0
LEAST_SPREAD = 0.1
ALLOWANCE = 1.0
MOST_A_DAY = 2.5
HEAVIER = 1.4
"""Times the threshold of normal noise: days are less even, and share the error of what they are held against."""
LONGEST_DAYS = 28


class DriftRun(Run):
    """Days rather than hours; the evidence is the detector's own sum."""

    def step(self, hour: Hour, verdict: Verdict, needed: float) -> None:
        """As of a run of hours, once a day."""
        if not self.held:
            self.proof = verdict.surprise
            if not verdict.out:
                self.clear()
                return
        if verdict.score >= CLOSE_TO_LEVEL:
            self._extend(hour, verdict)
        elif self.active:
            self.pending.add(verdict.spell)
            self.calm += 1


class DriftDetector(RowArrays):
    """The drift channel of all series of a tenant."""

    ARRAYS = ("_days", "_today", "_requests", "_tainted", "_kept", "_sum")
    channel = Anomaly.CHANNEL_DRIFT
    name = "drift"

    def __init__(self) -> None:
        self._days = np.full((0, DAYS), np.nan, np.float32)
        self._today = np.zeros(0, np.int64)
        self._requests = np.zeros(0, np.int64)
        self._tainted = np.zeros(0, np.bool_)
        self._kept = np.zeros(0, np.bool_)
        self._sum = np.zeros(0, np.float64)
        self._score, self._level, self._spread = (np.zeros(0) for _ in range(3))

    def zeros(self) -> tuple[str, ...]:
        return ("_sum",)

    def count(self, picos: np.ndarray, requests: np.ndarray, tainted: Mask, kept: Mask) -> None:
        """Adds an hour to the day.

        Args:
            picos: spent, by row.
            requests: by row.
            tainted: rows of which the hour belongs to an anomaly; the day is left out.
            kept: rows that are as if the hour had not been; the day of nine weeks before stands for this one.
        """
        self._today += picos
        self._requests += requests
        self._tainted |= tainted | kept
        self._kept |= kept

    def end_day(self, hour: Hour, known: Mask, confirmed: Mask) -> Mask:
        """Judges the day that ends with this hour; returns rows that are drifting, or were until today.

        Args:
            hour: the last of a day.
            known: rows that were watched for the whole of it.
            confirmed: rows of which it is judged, but as if it had not been.
        """
        day = hour // HOURS_A_DAY
        dollars = np.where(known & ~self._tainted, np.maximum(self._today / PICOS_PER_DOLLAR, 0.0), np.nan)
        self._level, self._spread, weeks = self._usual(day)
        residual = np.log(dollars + FLOOR_USD) - self._level
        judged = ~np.isnan(residual) & (weeks >= LEAST_WEEKS)
        self._score = np.where(judged, residual / self._spread, np.nan)
        before = self._sum > 0
        step = np.clip(self._score, -MOST_A_DAY, MOST_A_DAY) - ALLOWANCE
        self._sum = np.where(judged, np.maximum(0.0, self._sum + step), self._sum)
        self._days[:, day % DAYS] = np.where(self._kept | confirmed, self._days[:, day % DAYS], dollars)
        return np.asarray(judged & ((self._sum > 0) | before))

    def judged(self) -> Mask:
        """Rows of which the day that ended last tells something."""
        return ~np.isnan(self._score)

    def begin_day(self) -> None:
        """Back to nothing."""
        self._today[:], self._requests[:] = 0, 0
        self._tainted[:] = self._kept[:] = False

    def verdict(self, hour: Hour, row: int) -> Verdict:
        """The word on the day that was judged last: its surprise is that of all days in a row, since the chance of ever
        crossing a sum S with an allowance of K falls as exp(-2 K S)."""
        level, spread = float(self._level[row]), float(self._spread[row])
        low, usual, high = (max(0.0, math.exp(level + n * spread) - FLOOR_USD) for n in (-2.0, 0.0, 2.0))
        cost, requests = int(self._today[row]), int(self._requests[row])
        surprise = 2 * ALLOWANCE * float(self._sum[row]) / HEAVIER
        spell = Spell(HOURS_A_DAY, cost, usual, low, high, requests)
        start = hour - HOURS_A_DAY + 1
        return Verdict(start, float(self._score[row]), surprise, cost / PICOS_PER_DOLLAR, usual, low, high, spell)

    def amend(self, row: int, hour: Hour, late: Totals, now: Hour) -> None:
        """Adds late records to a day, this one or one before."""
        days = now // HOURS_A_DAY - hour // HOURS_A_DAY
        if days == 0:
            self._today[row] += late.cost
        elif 0 < days < DAYS:
            self._days[row, hour // HOURS_A_DAY % DAYS] += late.cost / PICOS_PER_DOLLAR

    def relearn(self, row: int) -> None:
        """What came is usual from now on: earlier days are forgotten."""
        self._days[row] = np.nan
        self._sum[row] = 0.0

    def settle(self, row: int) -> None:
        """What added up until now was nothing."""
        self._sum[row] = 0.0

    def disown(self, row: int, since: Hour, through: Hour) -> None:
        """Forgets that those days ever were."""
        last = through // HOURS_A_DAY
        self._days[row, np.arange(max(since // HOURS_A_DAY, last - DAYS + 1), last + 1) % DAYS] = np.nan

    def _usual(self, day: int) -> tuple[Floats, Floats, np.ndarray]:
        """Logarithm of what is usual on such a day, its spread, and how many weeks tell."""
        back = np.array(WEEKS_BACK)
        places = (day - 7 * back[:, None] - np.arange(7)) % DAYS
        weeks = np.log(np.maximum(self._days, 0.0) + FLOOR_USD)[:, places]
        same = weeks[:, :, 0]
        levels = np.column_stack([_median(weeks[:, n], 5) for n in range(len(back))])
        change = levels[:, :-1] - levels[:, 1:]
        count = row_count(change)
        growth = np.clip(or_zero(row_median(change)) * count / (count + PULL), 0.0, MOST_GROWTH)
        carried = same + growth[:, None] * back
        weekdays = np.stack([row_median(weeks[:, :, n]) for n in range(7)], axis=1)
        apart = np.abs(weeks - weekdays[:, None, :]).reshape(len(weeks), places.size)
        # The middle week of a weekday is no distance from itself.
        apart[apart < 1e-6] = np.nan
        known = row_count(same)
        spread = MAD_TO_SIGMA * or_zero(row_median(apart)) * (1 + 0.5 / np.maximum(known, 1))
        return row_quantile(carried, REFERENCE), np.maximum(LEAST_SPREAD, spread), known


def _median(values: np.ndarray, least: int) -> Floats:
    """Of each row with so many values."""
    return np.where(row_count(values) >= least, row_median(values), np.nan)
