"""Plain detectors on the same hourly sums, each with the threshold that serves it best.

Each gives every hour of every series a score, of its cost and of its cost a request; an alarm is a score above the
threshold, and the same series is not told again within six hours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from river import anomaly, time_series

from bench.anomaly.score import Alarm, Score, Truth
from bench.anomaly.world import Floats
from services.anomaly.domain.series import Hour

COOLDOWN_HOURS = 6
CLOSED_AFTER = 70
"""Minutes from the start of an hour to the word on it: as long as the service waits."""
WINDOW = 168
YOUNG_HOURS = 168
"""Nobody is told anything of a younger series, as with the service."""

Scorer = Callable[[Floats], Floats]
"""Scores of (hours, series) from values; NaN: no value."""


def rolling_z(values: Floats) -> Floats:
    """Deviations from the mean of the last week, in standard deviations."""
    filled = np.nan_to_num(values)
    known = ~np.isnan(values)

    def window(table: np.ndarray) -> np.ndarray:
        total = np.vstack([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])
        begin = np.maximum(0, np.arange(len(table)) - WINDOW)
        return np.asarray(total[np.arange(len(table))] - total[begin])

    count = np.maximum(window(known), 1)
    mean = window(filled) / count
    variance = np.maximum(window(filled**2) / count - mean**2, 0)
    deviations: Floats = np.abs(values - mean) / np.maximum(np.sqrt(variance), 1e-3 + 0.05 * np.abs(mean))
    return deviations


def gaussian(values: Floats) -> Floats:
    """river's GaussianScorer of all there was: deviations from its mean, since its own score is rounded
    to 1 long before money is at stake. Over a window its variance falls below zero by rounding."""

    def score(column: Floats) -> list[float]:
        scorer, found = anomaly.GaussianScorer(window_size=None, grace_period=24), []
        for value in column.tolist():
            if value != value:
                found.append(0.0)
                continue
            known = scorer.gaussian
            found.append(abs(value - known.mu) / known.sigma if known.n_samples > 24 and known.sigma > 0 else 0.0)
            scorer.learn_one(None, value)
        return found

    return _each(values, score)


def deviations(values: Floats) -> Floats:
    """river's StandardAbsoluteDeviation."""

    def score(column: Floats) -> list[float]:
        scorer, found = anomaly.StandardAbsoluteDeviation(), []
        for value in column.tolist():
            if value != value:
                found.append(0.0)
                continue
            found.append(abs(scorer.score_one(None, value)))
            scorer.learn_one(None, value)
        return found

    return _each(values, score)


def half_space_trees(values: Floats) -> Floats:
    """river's HalfSpaceTrees, on values scaled by the largest so far, with those of a day and a week ago."""

    def score(column: Floats) -> list[float]:
        scorer, found, largest = anomaly.HalfSpaceTrees(n_trees=10, height=6, window_size=WINDOW, seed=1), [], 1e-9
        series = np.nan_to_num(column).tolist()
        for hour, value in enumerate(series):
            largest = max(largest, value)
            point = {
                "now": value / largest / 2, "day": series[max(0, hour - 24)] / largest / 2,
                "week": series[max(0, hour - 168)] / largest / 2,
            }  # fmt: skip
            found.append(scorer.score_one(point))
            scorer.learn_one(point)
        return found

    return _each(values, score)


def predictive(values: Floats) -> Floats:
    """river's PredictiveAnomalyDetection with Holt-Winters of a day's season: errors in past deviations, since
    its own score stops at 1."""

    def score(column: Floats) -> list[float]:
        model = time_series.HoltWinters(alpha=0.2, beta=0.01, gamma=0.2, seasonality=24, multiplicative=False)
        scorer = anomaly.PredictiveAnomalyDetection(model, horizon=1, n_std=1e9, warmup_period=48)
        found = []
        # Its first level is a divisor: a thousandth of a dollar more, so that it is never zero.
        for hour, value in enumerate((np.nan_to_num(column) + 1e-3).tolist()):
            if hour < 49:
                scorer.learn_one(None, value)
                found.append(0.0)
                continue
            # Unlike its score the threshold of n_std deviations is not cut off.
            found.append(scorer.score_one(None, value) * 1e9)
            scorer.learn_one(None, value)
        return found

    return _each(values, score)


BASELINES: dict[str, Scorer] = {
    "rolling z-score": rolling_z, "river GaussianScorer": gaussian, "river StandardAbsoluteDeviation": deviations,
    "river HalfSpaceTrees": half_space_trees, "river HoltWinters": predictive,
}  # fmt: skip


class Baseline:
    """One detector on one seed: scored once, held against any threshold."""

    def __init__(self, scorer: Scorer, truth: Truth) -> None:
        sums = truth.sums
        unit = np.where(sums.requests >= 30, sums.dollars / np.maximum(sums.requests, 1), np.nan)
        self._truth = truth
        self.scores = np.fmax(scorer(sums.dollars), scorer(unit))
        self._hide_young(sums.dollars)

    def alarms(self, threshold: float) -> list[Alarm]:
        """Those of every series."""
        found: list[Alarm] = []
        for series in np.flatnonzero((self.scores > threshold).any(axis=0)).tolist():
            last: Hour = -COOLDOWN_HOURS
            for hour in np.flatnonzero(self.scores[:, series] > threshold).tolist():
                if hour - last >= COOLDOWN_HOURS:
                    found.append(Alarm((series,), hour * 60 + CLOSED_AFTER, hour * 60, hour * 60 + 60))
                    last = hour
        return found

    def judge(self, threshold: float) -> Score:
        return self._truth.judge(self.alarms(threshold), self.scores.size / 168)

    def _hide_young(self, dollars: Floats) -> None:
        seen = (dollars > 0).cumsum(axis=0) > 0
        age = np.cumsum(seen, axis=0)
        self.scores = np.where(age > YOUNG_HOURS, np.nan_to_num(self.scores), 0.0)


def threshold_of(baselines: Sequence[Baseline], rate: float) -> float:
    """The lowest threshold at which there are no more false alarms than this, a series and week."""
    every = np.concatenate([baseline.scores.ravel() for baseline in baselines])
    candidates = np.unique(np.quantile(every[every > 0], 1 - np.geomspace(3e-2, 1e-6, 25)))
    for threshold in candidates.tolist():
        total = Score()
        for baseline in baselines:
            total.add(baseline.judge(threshold))
        if total.false_alarms <= rate:
            return float(threshold)
    return float(candidates[-1])


def _each(values: Floats, score: Callable[[Floats], list[float]]) -> Floats:
    return np.column_stack([score(values[:, n]) for n in range(values.shape[1])])
