"""Runs that are under way, by detector and row: what each hour adds to them, and which rows they keep from learning."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import numpy as np

from services.anomaly.domain.detectors.drift import DriftDetector, DriftRun
from services.anomaly.domain.doubts import Doubts
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.rows import NOBODY, Mask
from services.anomaly.domain.run import Run, Spell, Verdict
from services.anomaly.domain.series import Hour

Runs = dict[int, Run]
"""Of one detector, by row."""


class UnderWay:
    """Of one tenant."""

    def __init__(self, policy: Policy, detectors: Iterable[str]) -> None:
        self._policy = policy
        self.doubts = Doubts()
        self.came_to_nothing: list[tuple[str, int, list[tuple[Hour, float]]]] = []
        """Scores of runs that ended without an alarm, by detector and row, since they were asked for last."""
        self.runs: dict[str, Runs] = {name: {} for name in detectors}

    def step(self, name: str, row: int, hour: Hour, verdict: Verdict) -> None:
        """Adds a detector's word on an hour to the row's run."""
        runs = self.runs[name]
        run = runs.get(row)
        if run is not None and run.tolerated is not None and self._is_worse(verdict.spell, run.tolerated):
            run.clear()
        if run is None or not (run.active or run.held):
            # What it was stays on record with the anomaly it belonged to.
            run = runs[row] = DriftRun() if name == DriftDetector.name else Run()
        run.doubts = self.doubts.of(name, row, hour)
        run.step(hour, verdict, self._policy.evidence_after(run.doubts))
        if not run.active and not run.held:
            del runs[row]
            if run.unlearned:
                self.came_to_nothing.append((name, row, run.unlearned))

    def foresee(self, name: str, row: int, hour: Hour, verdict: Verdict) -> Run | None:
        """The row's run as it would be with a word on an hour that is not over; None: people were told, or do not care.
        The run itself is left as it is."""
        run = self.runs[name].get(row)
        if run is not None and (run.held or run.tolerated is not None):
            return None
        ahead = Run() if run is None else copy.deepcopy(run)
        ahead.doubts = self.doubts.of(name, row, hour)
        ahead.step(hour, verdict, self._policy.evidence_after(ahead.doubts))
        return ahead

    def rows(self, count: int, name: str, wanted: Callable[[Run], bool]) -> Mask:
        """Those of `count` rows whose run of this detector is as wanted; they may be one mask for all rows."""
        if not self.runs[name]:
            return NOBODY
        found = np.zeros(count, np.bool_)
        for row, run in self.runs[name].items():
            if wanted(run):
                found[row] = True
        return found

    def held(self) -> set[int]:
        """Rows with a run that is part of an anomaly."""
        return {row for runs in self.runs.values() for row, run in runs.items() if run.held}

    def interrupt(self, planned: Mask) -> None:
        """A window lies on these rows: what is under way ends. Drift waits, since it is a matter of weeks."""
        for name, runs in self.runs.items():
            for row in [row for row in runs if planned[row] and name != DriftDetector.name]:
                if runs[row].held:
                    runs[row].calm = self._policy.calm_hours
                else:
                    del runs[row]

    def forget(self, row: int) -> None:
        """The row is another series' from now on."""
        for runs in self.runs.values():
            runs.pop(row, None)
        self.doubts.forget(row)

    def _is_worse(self, spell: Spell, tolerated: float) -> bool:
        return spell.excess > self._policy.encore * tolerated * spell.hours


def is_adding_up(run: Run) -> bool:
    """Its last hour was beyond the edge, and nobody knows yet what comes of it."""
    return run.active and run.odd and not run.held


def is_held(run: Run) -> bool:
    """Part of an anomaly, whatever was said of it."""
    return run.held


def is_left_out(run: Run) -> bool:
    """Its hours are not learned."""
    return run.held and run.tolerated is None


def is_confirmed(run: Run) -> bool:
    """Its hours are as if they had not been."""
    return run.confirmed


def is_tolerated(run: Run) -> bool:
    """Its hours are learned as they are."""
    return run.tolerated is not None
