"""The detector of single series: whatever comes, and what it is for."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.nab import load, scorer_path
from services.anomaly.domain import univariate
from services.anomaly.domain.univariate import UnivariateDetector, make_nab_detector

START = datetime(2026, 1, 1, tzinfo=UTC)


def scores_of(values: Sequence[float]) -> list[float]:
    detector = make_nab_detector()
    return [detector.step(START + timedelta(minutes=5 * n), float(value)) for n, value in enumerate(values)]


def day_and_night(seed: int, rows: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 50 + 20 * np.sin(np.arange(rows) * 2 * np.pi / 288) + rng.normal(0, 2, rows)


@pytest.mark.parametrize("name", [name for _, name, _ in pkgutil.iter_modules(univariate.__path__)])
def test_examples_in_the_documentation(name: str) -> None:
    module = importlib.import_module(f"{univariate.__name__}.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 2_000,
        [7.5] * 2_000,
        [-3.0, -4.0] * 1_000,
        [1e300, -1e300, 0.0, 5e-324] * 300,
        [1.0],
        [],
        [math.nan] * 50 + [1.0, math.inf, 2.0, -math.inf] * 300,
        list(range(3_000)),
        [2.0**n for n in range(1_000)],
    ],
    ids=["zero", "constant", "negative", "huge", "single", "empty", "missing", "rising", "exploding"],
)
def test_any_series_has_finite_scores(values: list[float]) -> None:
    assert all(0.0 <= score <= 1.0 for score in scores_of(values))


def test_a_missing_value_changes_nothing() -> None:
    values = day_and_night(1, 800)
    with_gaps = np.insert(values, 400, [math.nan, math.inf])
    found = scores_of(with_gaps)
    assert found[400:402] == [0.0, 0.0]
    assert found[:400] + found[402:] == scores_of(values)


def test_the_clock_does_not_count() -> None:
    values, detector = day_and_night(2, 600), UnivariateDetector()
    assert [detector.step(START, float(value)) for value in values] == scores_of(values)


def test_scale_and_offset_do_not_count() -> None:
    values = day_and_night(3, 1_500)
    values[1_200] += 60
    assert scores_of(values)[1_200] == pytest.approx(scores_of(1_000 * values)[1_200], abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_spike_stands_out_in_the_row_it_comes(seed: int) -> None:
    values = day_and_night(seed, 3_000)
    values[2_500] += 80
    found = scores_of(values)
    assert found[2_500] == max(found[500:])
    assert found[2_500] > 0.99


@pytest.mark.parametrize("seed", range(3))
def test_a_shift_of_the_level_stands_out_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(10, 1, 3_000)
    values[2_000:] += 6
    found = scores_of(values)
    first = 2_000 + int(np.argmax(found[2_000:2_030]))
    assert found[first] == max(found[500:])
    assert sum(score > 0.9999 for score in found[first + 30 :]) == 0


def test_one_threshold_is_one_rate_of_alarms_on_tame_and_wild_series() -> None:
    rng = np.random.default_rng(5)
    rows = 6_000
    series = [rng.normal(0, 1, rows), rng.lognormal(0, 1, rows), rng.exponential(5, rows), day_and_night(5, rows)]
    alarms = [sum(score > 1 - 1e-5 for score in scores_of(values)[1_000:]) for values in series]
    assert max(alarms) <= 3


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not scorer_path().exists(), reason="the Numenta Anomaly Benchmark is not beside this checkout")
def test_the_numenta_anomaly_benchmark() -> None:
    scorer = load(scorer_path())
    found = scorer.score_corpus(scorer.run(make_nab_detector)[0])
    assert found["loco"] >= 70
    assert found["standard"] >= 70
    assert found["reward_low_FP_rate"] >= 62
