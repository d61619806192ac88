"""Cost: dollars an hour, against the same hour of other weeks.

Judged on the square root, on which the noise of a sum over a random number of requests is about even (Anscombe 1948).
"""

from __future__ import annotations

import math

from services.anomaly.domain.baseline import Expectation, SeasonalBaseline
from services.anomaly.domain.persistence import Persistence
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import Hour, Totals
from services.anomaly.domain.tail import TailCalibration
from services.common.money import PICOS_PER_DOLLAR

RELATIVE_SPREAD = 0.06
"""On the square root; about an eighth of the cost."""
ABSOLUTE_SPREAD = 0.1
"""Square root of a cent."""
HOURS_A_MONTH = 720


class CostDetector:
    """The cost channel of one series."""

    def __init__(self) -> None:
        self._baseline = SeasonalBaseline(relative_spread=RELATIVE_SPREAD, absolute_spread=ABSOLUTE_SPREAD)
        self._tail = TailCalibration()
        self._persistence = Persistence()
        self._expected: Expectation | None = None

    def judge(self, hour: Hour, totals: Totals) -> Verdict | None:
        """None before anything was learned."""
        self._expected = expected = self._baseline.expect(hour)
        if expected is None:
            return None
        score = expected.score(_root(totals.cost))
        edge = self._tail.edge() * expected.spread
        low, usual, high = (
            max(0.0, root) ** 2 for root in (expected.level - edge, expected.level, expected.level + edge)
        )
        return Verdict(
            hour, score, self._tail.surprise(score), totals.cost / PICOS_PER_DOLLAR, usual, low, high,
            Spell(1, totals.cost, usual, low, high, totals.requests), self._persistence.get(),
        )  # fmt: skip

    def learn(self, hour: Hour, totals: Totals, *, clipped: bool) -> None:
        """Takes in the hour that was judged last."""
        value = _root(totals.cost)
        if self._expected is not None:
            score = self._expected.score(value)
            self._tail.learn(score)
            self._persistence.learn(score)
        self._baseline.learn(hour, value, self._expected, clipped=clipped)

    def pass_over(self, hour: Hour, totals: Totals) -> None:
        """The hour belongs to an anomaly."""
        self._baseline.pass_over(hour, _root(totals.cost))
        self._persistence.skip()

    def amend(self, hour: Hour, late: Totals) -> None:
        """Adds late records to an hour that was closed."""
        before = self._baseline.last_seen(hour)
        cost = late.cost + (0.0 if math.isnan(before) else before**2 * PICOS_PER_DOLLAR)
        self._baseline.amend(hour, _root(cost))

    def relearn(self, since: Hour, through: Hour) -> None:
        self._baseline.relearn(since, through)

    def usual_month(self) -> float:
        """Dollars in 30 usual days."""
        roots = self._baseline.values()
        return HOURS_A_MONTH * sum(root * root for root in roots) / len(roots) if roots else 0.0


def _root(picos: float) -> float:
    # A correction can leave an hour below zero: then nothing was spent in it.
    return math.sqrt(max(0.0, picos / PICOS_PER_DOLLAR))
