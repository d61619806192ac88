"""Errors: the share of requests that fail.

What failed costs nothing, and whoever waits for it gets nothing. What is at stake is what those requests would have
cost: requests that fail beyond the usual share, at the usual cost of one that is answered. Judged on the arcsine of
the square root, on which the noise of a share is about even (Anscombe 1948).
"""

from __future__ import annotations

import math

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import FAILED, REQUESTS, Amounts
from services.anomaly.domain.detectors.calibrated import Calibrated
from services.anomaly.domain.detectors.ratios import LEAST_OBSERVATIONS, Pool, UnitCostDetector
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import Mask, bounded
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import Hour
from services.common.money import PICOS_PER_DOLLAR

SPREAD = 0.08
"""Least spread; of thirty requests in which about one fails."""


class Attempts(Pool):
    """Hours added up until they hold enough requests, answered or not."""

    def full(self) -> Mask:
        found: Mask = self.totals[:, REQUESTS] >= self._policy.min_requests
        return found


class ErrorShareDetector(Calibrated):
    """The error channel."""

    channel = Anomaly.CHANNEL_ERROR_SHARE
    name = "error_share"

    def __init__(self, policy: Policy) -> None:
        super().__init__(weeks=4, relative_spread=0.0, absolute_spread=SPREAD)
        self._pool = Attempts(policy)

    def grow(self, rows: int) -> None:
        super().grow(rows)
        self._pool.grow(rows)

    def clear(self, row: int) -> None:
        super().clear(row)
        self._pool.clear(row)

    def judge(self, hour: Hour, amounts: Amounts) -> None:
        """Looks at an hour that closed."""
        self._pool.add(hour, amounts)
        requests = np.maximum(self._pool.totals[:, REQUESTS], 1)
        share = bounded(self._pool.totals[:, FAILED] / requests, 0.0, 1.0)
        self.judge_values(hour, np.where(self._pool.observed, np.arcsin(np.sqrt(share)), np.nan))

    def judged(self) -> Mask:
        """Rows of which this hour tells something."""
        found: Mask = ~np.isnan(self.score) & self.known(LEAST_OBSERVATIONS)
        return found

    def natural(self, value: float) -> float:
        return math.sin(min(max(value, 0.0), math.pi / 2)) ** 2

    def verdict(self, hour: Hour, row: int, unit: UnitCostDetector) -> Verdict:
        """The word on the hour that was judged last. Its spell is in what requests are worth, at their usual unit cost:
        all of them beside those that are usually answered."""
        low, usual, high = map(self.natural, self.band(row))
        totals, start = self._pool.totals[row], int(self._pool.start[row])
        requests, share = int(totals[REQUESTS]), self.natural(float(self._values[row]))
        worth = requests * unit.natural(unit.band(row)[1])
        fewest, answered, most = (worth * (1 - (share - expected)) for expected in (low, usual, high))
        picos = round(worth * PICOS_PER_DOLLAR)
        spell = Spell(hour - start + 1, picos, answered, fewest, most, requests, requests)
        return self._verdict(row, start, (share, usual, low, high), spell)
