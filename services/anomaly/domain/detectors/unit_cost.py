"""Unit cost: dollars a request, whatever their number. A price, a model or a prompt that changed shows here.

A mean over few requests is noise, so quiet hours are pooled until they hold enough of them.
"""

from __future__ import annotations

import math

from services.anomaly.domain.baseline import Expectation, SeasonalBaseline
from services.anomaly.domain.persistence import Persistence
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import NOTHING, Hour, Totals
from services.anomaly.domain.tail import TailCalibration
from services.common.money import PICOS_PER_DOLLAR

ABSOLUTE_SPREAD = 0.08
"""On the logarithm: 8 %."""
LEAST_OBSERVATIONS = 48
DEAREST = math.log(1e6)
"""No request costs more; a band that is all noise would reach to infinity."""
_NOT_OBSERVED = math.nan


class UnitCostDetector:
    """The unit-cost channel of one series."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._baseline: SeasonalBaseline | None = None
        self._tail: TailCalibration | None = None
        self._persistence = Persistence()
        self._pool = NOTHING
        self._pool_start: Hour = 0
        self._expected: Expectation | None = None
        self._observed: float = _NOT_OBSERVED

    def judge(self, hour: Hour, totals: Totals) -> Verdict | None:
        """None in an hour whose requests are too few yet to judge, or before enough was learned."""
        self._observed = _NOT_OBSERVED
        if totals.requests <= 0 and self._pool is NOTHING:
            return None
        if self._pool is NOTHING or hour - self._pool_start >= self._policy.pool_hours:
            self._pool, self._pool_start = NOTHING, hour
        self._pool = pooled = self._pool.plus(totals)
        if pooled.requests < self._policy.min_requests or pooled.cost <= 0:
            return None
        start, self._pool = self._pool_start, NOTHING
        unit = pooled.cost / PICOS_PER_DOLLAR / pooled.requests
        self._observed = math.log(unit)
        if self._baseline is None or self._tail is None:
            self._baseline = SeasonalBaseline(relative_spread=0.0, absolute_spread=ABSOLUTE_SPREAD)
            self._tail = TailCalibration()
        self._expected = expected = self._baseline.expect(hour)
        if expected is None or self._baseline.observations < LEAST_OBSERVATIONS:
            return None
        score = expected.score(self._observed)
        edge = self._tail.edge() * expected.spread
        low, usual, high = (_dollars(x) for x in (expected.level - edge, expected.level, expected.level + edge))
        n = pooled.requests
        return Verdict(
            start, score, self._tail.surprise(score), unit, usual, low, high,
            Spell(hour - start + 1, pooled.cost, usual * n, low * n, high * n, n, n), self._persistence.get(),
        )  # fmt: skip

    def learn(self, hour: Hour, *, clipped: bool) -> None:
        """Takes in the hour that was judged last."""
        if self._baseline is None or self._tail is None:
            return
        if math.isnan(self._observed):
            self._baseline.pass_over(hour, _NOT_OBSERVED)
            return
        if self._expected is not None:
            score = self._expected.score(self._observed)
            self._tail.learn(score)
            self._persistence.learn(score)
        self._baseline.learn(hour, self._observed, self._expected, clipped=clipped)

    def pass_over(self, hour: Hour) -> None:
        """The hour belongs to an anomaly."""
        if self._baseline is not None:
            self._baseline.pass_over(hour, self._observed)
            self._persistence.skip()

    def relearn(self, since: Hour, through: Hour) -> None:
        if self._baseline is not None:
            self._baseline.relearn(since, through)


def _dollars(logarithm: float) -> float:
    return math.exp(min(logarithm, DEAREST))
