"""The detector of single series on the Numenta Anomaly Benchmark, beside river's own detectors in the same run.

    python -m bench.nab

The scorer and its data are not part of this repository: AIFINOPS_NAB_SCORER names the scorer's file, else it is looked
for beside the checkout, in ../shared/bench/nab/score.py. It says itself where it wants the data.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Protocol

from rich.console import Console
from rich.progress import track
from rich.table import Table
from river import anomaly, base, preprocessing

from services.anomaly.domain.univariate import UnivariateDetector

PUBLISHED = {
    "ARTime": 74.9, "HTM": 70.1, "CAD OSE": 69.9, "KNN CAD": 58.0, "Relative Entropy": 54.6, "Random Cut Forest": 51.7,
    "Windowed Gaussian": 39.6,
}  # fmt: skip
"""Standard profile, as their authors give it; the first three are told each file's least and greatest value."""


class Detector(Protocol):
    def step(self, timestamp: datetime, value: float) -> float: ...


class OfRiver:
    """A detector of river's as it comes, its scores squeezed into 0 to 1."""

    def __init__(self, detector: base.AnomalyDetector, *, scaled: bool = False) -> None:
        self._detector = detector
        self._scaler = preprocessing.MinMaxScaler() if scaled else None

    def step(self, timestamp: datetime, value: float) -> float:
        features = {"x": value}
        if self._scaler is not None:
            self._scaler.learn_one(features)
            features = self._scaler.transform_one(features)
        score = float(self._detector.score_one(features))
        self._detector.learn_one(features)
        return score / (1 + score) if score > 0 else 0.0


class OfRiverSupervised:
    """The same for those that score a target."""

    def __init__(self, detector: base.SupervisedAnomalyDetector) -> None:
        self._detector = detector

    def step(self, timestamp: datetime, value: float) -> float:
        score = float(self._detector.score_one({}, value))
        self._detector.learn_one({}, value)
        return score / (1 + score) if score > 0 else 0.0


DETECTORS: dict[str, Callable[[], Detector]] = {
    "ours": UnivariateDetector,
    "river StandardAbsoluteDeviation": lambda: OfRiverSupervised(anomaly.StandardAbsoluteDeviation()),
    "river GaussianScorer": lambda: OfRiverSupervised(anomaly.GaussianScorer(window_size=1_000)),
    "river HalfSpaceTrees": lambda: OfRiver(anomaly.HalfSpaceTrees(seed=1), scaled=True),
}


def main() -> int:
    """Prints the table. 2 if the scorer is not there."""
    place = scorer_path()
    if not place.exists():
        print(f"there is no scorer at {place}: name its file in AIFINOPS_NAB_SCORER", file=sys.stderr)
        return 2
    scorer = load(place)
    table = Table("detector", "LOCO", "standard", "low FP", "low FN", "points/s", title="bench/nab: scores of 100")
    for name, factory in track(list(DETECTORS.items()), "scoring", console=Console(stderr=True)):
        scores, rate = scorer.run(factory)
        found = scorer.score_corpus(scores)
        figures = (found[key] for key in ("loco", "standard", "reward_low_FP_rate", "reward_low_FN_rate"))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures), f"{rate:,.0f}")
    for name, published in PUBLISHED.items():
        table.add_row(f"{name} (published)", "", f"{published:.1f}", "", "", "")
    Console().print(table)
    return 0


def scorer_path() -> Path:
    """Where the scorer is looked for."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "bench" / "nab" / "score.py"
    return Path(os.environ.get("AIFINOPS_NAB_SCORER", beside))


def load(path: Path) -> ModuleType:
    """The scorer as a module."""
    spec = importlib.util.spec_from_file_location("nab_score", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
