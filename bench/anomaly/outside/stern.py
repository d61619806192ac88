"""A judge who lets less pass."""

from __future__ import annotations

from collections.abc import Sequence

from bench.anomaly.incidents import Incident
from bench.anomaly.score import AHEAD_MINUTES, Alarm, Score, Truth

WAKE_MINUTES = 6 * 60
"""An alarm so soon after an incident is an echo of it."""
TOO_LATE_MINUTES = 2 * 60
"""After an incident, nobody is helped by hearing of it."""


class SternTruth(Truth):
    """An alarm on a series in which an incident hardly shows is false, and so is one long after it; what is told when
    it is over was not found. (What plain detectors are allowed is still counted mildly.)"""

    def judge(self, alarms: Sequence[Alarm], series_weeks: float) -> Score:
        score = super().judge(alarms, series_weeks)
        in_order = sorted(alarms, key=lambda a: a.told)
        score.wrong = [alarm for alarm in in_order if not any(self._excuses(i, alarm) for i in self._all)]
        score.false = len(score.wrong)
        return score

    def tells_of(self, alarm: Alarm, incident: Incident) -> bool:
        """True if somebody who is told of the alarm hears of the incident in time."""
        return alarm.told <= incident.end + TOO_LATE_MINUTES and super()._tells_of(alarm, incident)

    def _tells_of(self, alarm: Alarm, incident: Incident) -> bool:
        return self.tells_of(alarm, incident)

    def _excuses(self, incident: Incident, alarm: Alarm) -> bool:
        near = alarm.begin < incident.end + WAKE_MINUTES and alarm.end > incident.begin - AHEAD_MINUTES
        return near and bool(self._material[incident.number][list(alarm.series)].any())
