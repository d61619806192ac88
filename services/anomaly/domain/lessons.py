"""What a series learns from what people said of its anomaly.

Confirmed: its hours are as if they had not been. They never make a habit, and however long it lasts it does not become
the new normal: only calm hours end it, or another word.

Expected: as far out as it was is usual from now on; see `SeasonalBank.accept`.

False: its hours are learned as usual ones, and so is what is still to come of it, unless that costs `encore` times as
much. The series needs more evidence from then on, on the channels in which it showed: see `Policy.evidence_after`.

Drift says the same in days. It forgets what was before what is expected, in whichever channel that showed; days that
are confirmed are as if they had not been; of what was false nothing adds up to the next one.

The same goes for all series and channels in which it showed, since they left their hours out for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Label

from services.anomaly.domain.detectors.calibrated import Calibrated
from services.anomaly.domain.detectors.drift import DriftDetector
from services.anomaly.domain.detectors.errors import ErrorShareDetector
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.run import Run
from services.anomaly.domain.series import Hour
from services.anomaly.domain.shown_in import Stretch
from services.common.money import PICOS_PER_DOLLAR


@dataclass(frozen=True)
class Said:
    """A label, as the watch hears it."""

    anomaly: str
    verdict: Label.Verdict
    hour: Hour
    """It counts before this hour is judged: the first that was not closed when it was said."""
    waited: bool = False
    """What it was said of is told before its hour is judged: it counts after it."""


def teach(panel: Panel, stretch: Stretch, verdict: Label.Verdict) -> None:
    """Lets the series of a stretch learn; one that is no longer watched does not."""
    row = panel.index.get(stretch.series)
    lesson = _LESSONS.get(verdict)
    if row is None or lesson is None:
        return
    # The row may have begun anew since.
    first = max(stretch.run.start, int(panel.lives.first[row]))
    if first <= stretch.run.last:
        lesson(_Pupil(panel, row, stretch.detector, first, stretch.run))


@dataclass(frozen=True)
class _Pupil:
    panel: Panel
    row: int
    name: str
    """Of the detector whose run it is."""
    first: Hour
    run: Run

    @property
    def last(self) -> Hour:
        return self.run.last

    @property
    def under_way(self) -> bool:
        return self.run.held

    @property
    def now(self) -> Hour:
        return self.panel.hour

    @property
    def silence(self) -> bool:
        return self.name == SilenceDetector.name

    @property
    def drift(self) -> bool:
        return self.name == DriftDetector.name

    @property
    def detector(self) -> Calibrated | None:
        """Whose baseline left the hours out. Silence is one of cost, too: nothing was learned of it."""
        if self.silence:
            return self.panel.cost
        return next((found for found in self.panel.detectors if found.name == self.name), None)


def _confirmed(pupil: _Pupil) -> None:
    if pupil.under_way:
        pupil.run.confirmed, pupil.run.tolerated = True, None
    if pupil.drift:
        pupil.panel.drift.disown(pupil.row, pupil.first, pupil.last)
    elif pupil.detector is not None:
        pupil.detector.baseline.disown(pupil.row, pupil.first, pupil.last, pupil.now)


def _expected(pupil: _Pupil) -> None:
    goes_on = pupil.under_way and pupil.last == pupil.now
    if pupil.silence:
        _none_is_usual(pupil)
        # Silent for good: it is met anew when it is heard again.
        pupil.panel.lives.ended[pupil.row] |= goes_on
    else:
        if pupil.name != ErrorShareDetector.name:
            pupil.panel.drift.relearn(pupil.row)
        if pupil.detector is not None:
            pupil.detector.accept(pupil.row, pupil.first, pupil.last, pupil.now, goes_on=goes_on)
    pupil.run.clear()


def _false(pupil: _Pupil) -> None:
    if pupil.silence:
        _none_is_usual(pupil)
    if pupil.drift:
        pupil.panel.drift.settle(pupil.row)
    elif pupil.detector is None:
        return
    else:
        pupil.detector.baseline.admit(pupil.row, pupil.first, pupil.last, pupil.now)
    pupil.panel.under_way.doubts.add(pupil.name, pupil.row, pupil.now)
    run = pupil.run
    if pupil.under_way:
        least = pupil.panel.policy.min_impact_usd * PICOS_PER_DOLLAR
        # Of a drift, which grows while it lasts, the day that was judged last.
        seen = run.latest.spell if pupil.drift and run.latest is not None else run.total
        run.tolerated, run.confirmed = max(least, seen.excess_an_hour), False


def _none_is_usual(pupil: _Pupil) -> None:
    pupil.panel.silence.admit_none(pupil.row, pupil.first, pupil.last, pupil.now)


_LESSONS: Mapping[int, Callable[[_Pupil], None]] = {
    Label.VERDICT_CONFIRMED: _confirmed,
    Label.VERDICT_EXPECTED: _expected,
    Label.VERDICT_FALSE: _false,
}
