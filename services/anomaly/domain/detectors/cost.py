"""Cost: dollars an hour, against the same hour of other weeks.

Judged on the square root, on which the noise of a sum over a random number of requests is about even (Anscombe 1948).
"""

from __future__ import annotations

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import COLUMNS, COST, Amounts
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.detectors.calibrated import Calibrated
from services.anomaly.domain.rows import Floats, largest_but_one, or_zero, row_median
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import Hour, Totals
from services.common.money import PICOS_PER_DOLLAR

RELATIVE_SPREAD = 0.06
"""On the square root; about an eighth of the cost."""
ABSOLUTE_SPREAD = 0.1
"""Square root of a cent."""
HOURS_A_MONTH = 720
SUSPICIOUS = 6.0
"""Nats at which it is worth while to look whether an hour has moved: half of an alarm's."""
MISSING = 0.5
"""What comes late was missing before, this share of it at least,"""
LATELY = 6
"""in as many hours."""


class CostDetector(Calibrated):
    """The cost channel."""

    channel = Anomaly.CHANNEL_COST
    name = "cost"

    def __init__(self) -> None:
        super().__init__(weeks=8, relative_spread=RELATIVE_SPREAD, absolute_spread=ABSOLUTE_SPREAD)
        self._amounts = Amounts(np.zeros((0, COLUMNS), np.int64))

    def judge(self, hour: Hour, amounts: Amounts) -> None:
        """Looks at an hour that closed."""
        self._amounts = amounts
        # A correction can leave an hour below zero: then nothing was spent in it.
        self.judge_values(hour, np.sqrt(np.maximum(amounts.dollars, 0.0)))

    def natural(self, value: float) -> float:
        return max(0.0, value) ** 2

    def expected(self, row: int) -> tuple[float, float, float]:
        """Dollars usual in this hour: low, expected, high."""
        low, usual, high = map(self.natural, self.band(row))
        return low, usual, high

    def verdict(self, hour: Hour, row: int) -> Verdict:
        """The word on the hour that was judged last."""
        low, usual, high = self.expected(row)
        score, surprise = float(self.score[row]), float(self.surprise[row])
        moved = self._moved(hour, row, surprise) if surprise >= SUSPICIOUS else None
        if moved is not None:
            score, surprise, (low, usual, high) = moved
        cost, requests = int(self._amounts.totals[row, COST]), int(self._amounts.answered[row])
        spell = Spell(1, cost, usual, low, high, requests)
        return Verdict(
            hour, score, surprise, cost / PICOS_PER_DOLLAR, usual, low, high, spell,
            float(self.lasting[row]), float(self.steepness[row]),
        )  # fmt: skip

    def _moved(self, hour: Hour, row: int, surprise: float) -> tuple[float, float, tuple[float, float, float]] | None:
        """Score, surprise and what is usual, as of an hour later, or of an hour earlier if as much was missing lately,
        where this hour is more like that: a batch, or the morning, runs early or late, as after daylight saving."""
        baseline, tail = self.baseline.only(row), self._tail.only(row)
        found = None
        for other in (hour - 1, hour + 1):
            expected = baseline.expect(other)
            score = expected.score(self._values[row : row + 1])
            less = float(tail.surprise(score)[0])
            if less < surprise and (other > hour or self._was_missing(hour, row)):
                level, reach = float(expected.level[0]), float(tail.edge()[0] * expected.spread[0])
                band = (self.natural(level - reach), self.natural(level), self.natural(level + reach))
                surprise, found = less, (float(score[0]), less, band)
        return found

    def _was_missing(self, hour: Hour, row: int) -> bool:
        """Whether much of what is too much in this hour did not come in those just before."""
        baseline = self.baseline.only(row)
        hours = range(hour - LATELY, hour)
        usual = np.array([self.natural(float(baseline.expect(each).level[0])) for each in hours])
        missing = np.maximum(usual - self.spent(row, hour - LATELY, hour - 1), 0.0).sum()
        excess = self.natural(float(self._values[row])) - self.expected(row)[1]
        return bool(missing >= MISSING * excess)

    def sleeps(self, row: int, verdict: Verdict) -> bool:
        """Whether in such an hour hardly anything ever happens, and nothing much did."""
        return verdict.actual <= verdict.high and self.baseline.sleeps(row, verdict.start)

    def amend(self, row: int, hour: Hour, late: Totals) -> None:
        """Adds late records to an hour that was closed."""
        before = self.baseline.last_seen(row, hour)
        dollars = late.cost / PICOS_PER_DOLLAR + (0.0 if np.isnan(before) else before**2)
        self.baseline.amend(row, hour, max(0.0, dollars) ** 0.5)

    def busiest(self, row: int, through: Hour) -> float:
        """Dollars of the busiest hour up to that one, in almost eight weeks: of the learned, and of all but one.

        What came twice is no exception.
        """
        learned, seen = self.baseline.memory(row, through)
        twice = float(largest_but_one(seen[None, :])[0])
        return float(max(np.nanmax(learned, initial=0.0), twice, 0.0)) ** 2

    def typical(self, row: int, hour: Hour, through: Hour) -> float:
        """Dollars usual in this hour of the day, from what was learned of hours up to `through`."""
        learned, _ = self.baseline.memory(row, through)
        same_hour = learned[(through - hour) % HOURS_A_DAY :: HOURS_A_DAY]
        return float(or_zero(row_median(same_hour[None, :]))[0]) ** 2

    def spent(self, row: int, since: Hour, through: Hour) -> Floats:
        """Dollars of each of those hours."""
        return or_zero(self.baseline.seen(row, since, through)) ** 2

    def usual_month(self, row: int) -> float:
        """Dollars in 30 usual days."""
        roots = self.baseline.values(row)
        return HOURS_A_MONTH * float(np.mean(roots * roots)) if len(roots) else 0.0
