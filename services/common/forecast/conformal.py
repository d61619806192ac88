"""How far forecasts like this one were off on the same spend's own past.

Split conformal prediction (Vovk et al., Algorithmic Learning in a Random World; Lei et al. 2018): of n past ratios
actual / expected, the k-th smallest bounds the next one from above with probability k / (n+1), and likewise from below,
if past and future are exchangeable. Forecasts of many days made a day apart overlap and tell nearly the same; they are
counted as twice as many as fit side by side into the time they span, which errs towards claiming too little.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.common.forecast.baseline import LEAST_HOURS, LEAST_HOURS_BY_WEEK, baseline_of
from services.common.forecast.hours import Floats, Slots

WANTED_COVERAGE = 0.9
ORIGIN_STEP = 24
"""Hours between the past moments from which a forecast is made; a day keeps the hour of the day the same."""
MOST_ORIGINS = 45
LEAST_ORIGINS = 4
WANTED_ORIGINS = 8
"""Where the horizon leaves fewer, a shorter horizon is tested."""


@dataclass(frozen=True)
class Interval:
    """Bounds of actual / expected."""

    low: float
    high: float
    coverage: float
    """Probability that the ratio lies within; below what was wanted where the past is too short to say more."""
    past_error: float
    """Sum of |actual - expected| over the sum of actual; NaN: nothing was spent."""
    tested_hours: int
    """The horizon of the past forecasts."""


def interval_of(values: Floats, slots: Slots, horizon: int, wanted: float = WANTED_COVERAGE) -> Interval | None:
    """The interval of a forecast over the next `horizon` hours, of `wanted` coverage where the past is long enough to
    tell; None where it is too short to test any."""
    # Only forecasts of the present kind tell how good it is.
    least = LEAST_HOURS_BY_WEEK if len(values) >= LEAST_HOURS_BY_WEEK + ORIGIN_STEP * WANTED_ORIGINS else LEAST_HOURS
    tested = min(horizon, len(values) - least - ORIGIN_STEP * (WANTED_ORIGINS - 1))
    if tested < min(horizon, ORIGIN_STEP):
        return None
    pairs = np.array(list(_past(values, slots, tested, least)))
    if len(pairs) < LEAST_ORIGINS:
        return None
    actual, expected = pairs[:, 0], pairs[:, 1]
    spent = float(actual.sum())
    error = float(np.abs(actual - expected).sum()) / spent if spent else math.nan
    known = expected > 0
    if not known.any():
        return Interval(1.0, 1.0, 0.0, error, tested)
    ratios = np.sort(actual[known] / expected[known])
    independent = min(float(len(ratios)), 2 * ((len(pairs) - 1) * ORIGIN_STEP + tested) / tested)
    low, high, coverage = _bounds(ratios, independent, wanted)
    return Interval(low, high, coverage, error, tested)


def _past(values: Floats, slots: Slots, horizon: int, least: int) -> Iterator[tuple[float, float]]:
    """(actual, expected) of forecasts made at past moments with at least `least` hours of history, the latest first."""
    latest = len(values) - horizon
    for origin in range(latest, max(least - 1, latest - ORIGIN_STEP * MOST_ORIGINS), -ORIGIN_STEP):
        baseline = baseline_of(values[:origin], slots[:origin])
        if baseline is not None:
            ahead = slice(origin, origin + horizon)
            yield float(values[ahead].sum()), float(baseline.expected(slots[ahead]).sum())


def _bounds(ratios: Floats, independent: float, wanted: float) -> tuple[float, float, float]:
    """Conformal bounds of sorted ratios worth `independent` ones, and their coverage."""
    n = len(ratios)
    rank = min(math.ceil(n * (1 + 1 / independent) * (1 + wanted) / 2), n)
    coverage = 2 * (rank / n) * independent / (independent + 1) - 1
    return float(ratios[n - rank]), float(ratios[rank - 1]), max(coverage, 0.0)
