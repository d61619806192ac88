"""What all series of a tenant learn of an hour that was judged, where it is not part of an anomaly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from services.anomaly.domain.amounts import EVENTS, Amounts, amounts
from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.detectors.calibrated import Calibrated
from services.anomaly.domain.detectors.cost import CostDetector
from services.anomaly.domain.detectors.drift import LONGEST_DAYS, DriftDetector
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.roster import Roster
from services.anomaly.domain.rows import Mask
from services.anomaly.domain.run import Run
from services.anomaly.domain.series import Hour
from services.anomaly.domain.under_way import is_adding_up, is_confirmed, is_left_out, is_tolerated


@dataclass
class Learning(Roster):
    """Takes in the hour that was judged last."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._amounts: Amounts = amounts(0, {}, {})
        self._events = self._amounts.column(EVENTS)

    def learn(self) -> Iterator[None]:
        """Learns the judged hour, where it is not part of an anomaly; pauses now and then."""
        hour, used = self._hour, self.lives.used
        self._learn_of_nothing()
        silent = self._silent & ~self._rows(SilenceDetector.name, is_tolerated)
        quiet = used & ~(self._rows(CostDetector.name, is_left_out) | silent)
        kept = self._kept | self._rows(CostDetector.name, is_confirmed) | self._rows(SilenceDetector.name, is_confirmed)
        self._teach(self.cost, quiet, kept)
        yield
        for detector in (*self.ratios.detectors, self.price, self.errors):
            left_out = self._rows(detector.name, is_left_out)
            self._teach(detector, used & ~left_out, self._kept | self._rows(detector.name, is_confirmed))
            yield
        self.silence.learn(hour, self._amounts.column(EVENTS).astype(np.float64), quiet, kept)
        self.requests.learn(hour, self._amounts.answered.astype(np.float64), quiet, kept)
        self.users.learn_hour(hour, quiet, kept)
        if ends_day(hour):
            self.drift.begin_day()
        self._end_long_runs(hour)
        self._learned_through = hour

    def _mature(self) -> Mask:
        found: Mask = self.lives.used & (self._hour - self.lives.first >= self.policy.min_history_hours)
        return found

    def _rows(self, name: str, wanted: Callable[[Run], bool]) -> Mask:
        return self.under_way.rows(len(self.lives.used), name, wanted)

    def _teach(self, detector: Calibrated, learned: Mask, kept: Mask) -> None:
        clipped = self._mature() & ~self._rows(detector.name, is_tolerated)
        detector.learn(self._hour, learned, clipped, kept, self._rows(detector.name, is_adding_up))

    def _learn_of_nothing(self) -> None:
        detectors = {detector.name: detector for detector in self.detectors}
        for name, row, scores in self.under_way.came_to_nothing:
            if name in detectors:
                detectors[name].came_to_nothing(row, scores)
        self.under_way.came_to_nothing = []

    def _end_long_runs(self, hour: Hour) -> None:
        """A run that has lasted for `longest_hours` is the new normal."""
        for detector in self.detectors:
            for row, run in self.runs[detector.name].items():
                if run.held and run.active and not run.confirmed and hour - run.start >= self.policy.longest_hours:
                    detector.relearn(row, run.start, hour)
                    if detector is not self.errors:
                        self.drift.relearn(row)
                    run.calm = self.policy.calm_hours
        for row, run in self.runs[DriftDetector.name].items():
            if run.held and run.active and not run.confirmed and hour - run.start >= LONGEST_DAYS * HOURS_A_DAY:
                self.drift.relearn(row)
                run.calm = self.policy.calm_hours
        for row, run in self.runs[SilenceDetector.name].items():
            if run.active and not run.confirmed and hour - run.start >= self.policy.silence_ends_hours:
                self.lives.ended[row] = True
                run.calm = self.policy.calm_hours


def ends_day(hour: Hour) -> bool:
    """True of the last hour of a UTC day."""
    return hour % HOURS_A_DAY == HOURS_A_DAY - 1
