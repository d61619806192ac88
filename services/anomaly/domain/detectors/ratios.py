"""What a request costs, how long it is and how much of it a cache serves, whatever the number of requests.

A mean over few requests is noise, so quiet hours are pooled until they hold enough of them. All ratios of a series
share one pool, and the excess of each is what its requests cost beyond their usual unit cost. Requests are those that
were answered: what failed has no tokens and no cost, and would make the others look cheap.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.amounts import CACHE_READ, COLUMNS, COST, FAILED, INPUT, OUTPUT, REQUESTS, Amounts
from services.anomaly.domain.detectors.calibrated import Calibrated
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import Figures
from services.anomaly.domain.rows import Floats, Mask, RowArrays
from services.anomaly.domain.run import Spell, Verdict
from services.anomaly.domain.series import Hour
from services.common.money import PICOS_PER_DOLLAR

LEAST_OBSERVATIONS = 48
DEAREST = math.log(1e6)
"""No request costs more; a band that is all noise would reach to infinity."""


class Pool(RowArrays):
    """Hours added up until they hold enough requests that were answered."""

    ARRAYS = ("totals", "start", "open", "observed")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.totals = np.zeros((0, COLUMNS), np.int64)
        self.start = np.zeros(0, np.int64)
        self.open = np.zeros(0, np.bool_)
        self.observed = np.zeros(0, np.bool_)
        """Rows whose pool is full in the hour added last."""

    def add(self, hour: Hour, amounts: Amounts) -> None:
        """Takes in the next hour of every row."""
        self.open &= ~self.observed
        begins = ~self.open | (hour - self.start >= self._policy.pool_hours)
        active = self.open | (amounts.column(REQUESTS) > 0)
        self.totals[begins] = 0
        self.start[begins] = hour
        self.totals[active] += amounts.totals[active]
        self.open = active
        self.observed = active & self.full()

    def drop(self, rows: Mask) -> None:
        """What these rows hold tells nothing."""
        self.open &= ~rows
        self.observed &= ~rows

    def full(self) -> Mask:
        """Rows that hold enough."""
        found: Mask = (self.answered() >= self._policy.min_requests) & (self.totals[:, COST] > 0)
        return found

    def answered(self) -> np.ndarray:
        """Requests that did not fail."""
        found: np.ndarray = np.maximum(self.totals[:, REQUESTS] - self.totals[:, FAILED], 0)
        return found


class RatioDetector(Calibrated):
    """One ratio. Subclasses say which, and where its noise is about even."""

    weeks: ClassVar[int] = 4
    absolute_spread: ClassVar[float]

    def __init__(self, pool: Pool) -> None:
        super().__init__(weeks=self.weeks, relative_spread=0.0, absolute_spread=self.absolute_spread)
        self._pool = pool

    def value(self, totals: Floats, answered: np.ndarray) -> Floats:
        """The ratio of pooled totals on the detector's scale; NaN where there is none. `answered` are the requests."""
        raise NotImplementedError

    def natural(self, value: float) -> float:
        return math.exp(min(value, DEAREST))

    def judge(self, hour: Hour) -> None:
        """Looks at what the pool holds now."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values = self.value(self._pool.totals.astype(np.float64), self._pool.answered())
        values[~(self._pool.observed & np.isfinite(values))] = np.nan
        self.judge_values(hour, values)

    def judged(self) -> Mask:
        """Rows of which this hour tells something."""
        found: Mask = ~np.isnan(self.score) & self.known(LEAST_OBSERVATIONS)
        return found

    def figures(self, row: int) -> Figures:
        """The ratio in the hour that was judged last, and what is usual."""
        low, usual, high = sorted(map(self.natural, self.band(row)))
        return Figures(self.natural(float(self._values[row])), usual, low, high)

    def verdict(self, hour: Hour, row: int, unit: UnitCostDetector) -> Verdict:
        """The word on the hour that was judged last; money is what requests cost beyond their usual unit cost."""
        figures = self.figures(row)
        totals = self._pool.totals[row]
        requests, start = int(self._pool.answered()[row]), int(self._pool.start[row])
        cheap, each, dear = (unit.natural(value) * requests for value in unit.band(row))
        spell = Spell(hour - start + 1, int(totals[COST]), each, cheap, dear, requests, requests)
        return self._verdict(row, start, figures, spell)


class UnitCostDetector(RatioDetector):
    """Dollars a request. A price, a model or a prompt that changed shows here."""

    channel = Anomaly.CHANNEL_UNIT_COST
    name = "unit_cost"
    weeks = 8
    absolute_spread = 0.08
    """On the logarithm: 8 %."""

    def value(self, totals: Floats, answered: np.ndarray) -> Floats:
        found: Floats = np.log(totals[:, COST] / PICOS_PER_DOLLAR / answered)
        return found


class InputTokensDetector(RatioDetector):
    """Input tokens a request: prompts or contexts that grew."""

    channel = Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST
    name = "input_tokens_per_request"
    absolute_spread = 0.1

    def value(self, totals: Floats, answered: np.ndarray) -> Floats:
        found: Floats = np.log(totals[:, INPUT] / answered)
        return found


class OutputTokensDetector(RatioDetector):
    """Output tokens a request: longer answers, or more reasoning."""

    channel = Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST
    name = "output_tokens_per_request"
    absolute_spread = 0.1

    def value(self, totals: Floats, answered: np.ndarray) -> Floats:
        found: Floats = np.log(totals[:, OUTPUT] / answered)
        return found


class CacheDetector(RatioDetector):
    """Share of input tokens that was read from a cache; it is low values that cost money."""

    channel = Anomaly.CHANNEL_CACHE_HIT_SHARE
    name = "cache_hit_share"
    sign = -1.0
    absolute_spread = 0.04

    def value(self, totals: Floats, answered: np.ndarray) -> Floats:
        found: Floats = totals[:, CACHE_READ] / totals[:, INPUT]
        return found

    def natural(self, value: float) -> float:
        return min(1.0, max(0.0, value))


class Ratios:
    """All ratio channels and the pool they share."""

    def __init__(self, policy: Policy) -> None:
        self.pool = Pool(policy)
        self.unit_cost = UnitCostDetector(self.pool)
        self.detectors: tuple[RatioDetector, ...] = (
            self.unit_cost, InputTokensDetector(self.pool), OutputTokensDetector(self.pool), CacheDetector(self.pool),
        )  # fmt: skip

    def judge(self, hour: Hour, amounts: Amounts, failing: Mask) -> None:
        """Looks at an hour that closed. In rows that are `failing` more requests than usual do: those that are answered
        are others than usual, and say nothing of what is usual for all."""
        self.pool.add(hour, amounts)
        self.pool.drop(failing)
        for detector in self.detectors:
            detector.judge(hour)

    def grow(self, rows: int) -> None:
        self.pool.grow(rows)
        for detector in self.detectors:
            detector.grow(rows)

    def clear(self, row: int) -> None:
        self.pool.clear(row)
        for detector in self.detectors:
            detector.clear(row)
