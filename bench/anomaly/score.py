"""Alarms held against what was put in: what was found, when, under which name, and what was told for nothing.

An alarm belongs to an incident if its series lost or spent a good part of its money to it, in those hours. It is false
if no incident touched its series at all at that time. It names the incident rightly if its series holds nearly all of
what the incident came to until then and is nearly as concentrated in it as any, and if its channel is one that fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from bench.anomaly.incidents import Incident
from bench.anomaly.stream import Share, Sums
from services.anomaly.domain.series import TENANT, Hour

MATERIAL = 0.15
"""Share of a series' spend in those hours that is the incident's, for an alarm on it to count as a finding."""
WHOLE = 0.9
"""A series that names an incident rightly holds at least so much of it,"""
CONCENTRATED = 0.6
"""and is at least so concentrated in it as the most concentrated that does."""
WAKE_MINUTES = 24 * 60
"""An alarm so soon after an incident is an echo of it, not a false one; the same before for pooled hours."""
AHEAD_MINUTES = 2 * 60
LEAST_USD = 20.0
"""What costs less is not worth an alarm, and is not counted."""


@dataclass(frozen=True)
class Alarm:
    """Somebody was told something; minutes since the start."""

    series: tuple[int, ...]
    """That it names: a key, and who used it for what."""
    told: int
    begin: int
    end: int
    channel: int = 0
    text: str = ""


@dataclass(frozen=True)
class Finding:
    """An incident and what came of it."""

    incident: Incident
    dollars: float
    delay: int | None
    """Minutes from its beginning to the first word; None: never found."""
    named: bool = False
    """The first alarm's series and channel are right."""
    placed: bool = False
    """The first alarm's series is, whatever its channel."""
    named_since: bool = False
    """Those of any alarm are, a later one's perhaps."""
    first: Alarm | None = None


@dataclass
class Score:
    """Of one detector on one seed, or on several."""

    findings: list[Finding] = field(default_factory=list)
    false: int = 0
    series_weeks: float = 0.0
    wrong: list[Alarm] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.findings += other.findings
        self.false += other.false
        self.series_weeks += other.series_weeks
        self.wrong += other.wrong

    @property
    def false_alarms(self) -> float:
        """Of a series and week."""
        return self.false / self.series_weeks if self.series_weeks else 0.0

    def of(self, kind: str) -> Score:
        """What became of one kind."""
        return Score([f for f in self.findings if f.incident.kind == kind], self.false, self.series_weeks)

    @property
    def recall(self) -> float:
        """Dollar-weighted."""
        whole = sum(f.dollars for f in self.findings)
        return sum(f.dollars for f in self.findings if f.delay is not None) / whole if whole else 1.0

    @property
    def found(self) -> int:
        return sum(f.delay is not None for f in self.findings)

    @property
    def delay(self) -> float | None:
        """Median minutes of those found."""
        delays = [f.delay for f in self.findings if f.delay is not None]
        return median(delays) if delays else None

    @property
    def named(self) -> float:
        """Share of those found whose first alarm named them rightly."""
        return sum(f.named for f in self.findings) / self.found if self.found else 0.0

    @property
    def placed(self) -> float:
        """Share of those found whose first alarm was of the right series."""
        return sum(f.placed for f in self.findings) / self.found if self.found else 0.0

    @property
    def named_since(self) -> float:
        """Share of those found that any alarm named rightly."""
        return sum(f.named_since for f in self.findings) / self.found if self.found else 0.0


class Truth:
    """What alarms of one seed are held against."""

    def __init__(self, incidents: Sequence[Incident], sums: Sums) -> None:
        self.sums = sums
        self._whole = next(n for n, series in enumerate(sums.series) if series.dimension == TENANT)
        self.incidents = [i for i in incidents if self._dollars(i) >= LEAST_USD]
        self._touched = {i.number: np.abs(self._excess(i)) > 0 for i in incidents}
        self._all = list(incidents)
        self._material = {i.number: self._concentration(i) >= MATERIAL for i in incidents}

    def judge(self, alarms: Sequence[Alarm], series_weeks: float) -> Score:
        """What those alarms are worth."""
        score = Score(series_weeks=series_weeks)
        alarms = sorted(alarms, key=lambda a: a.told)
        for incident in self.incidents:
            mine = [a for a in alarms if self._tells_of(a, incident) and _meets(a, incident)]
            first = mine[0] if mine else None
            placed = [self._places(alarm, incident) for alarm in mine]
            right = [there and a.channel in incident.channels for there, a in zip(placed, mine, strict=True)]
            delay = None if first is None else max(0, first.told - incident.begin)
            says = (right[:1] == [True], placed[:1] == [True], any(right))
            score.findings.append(Finding(incident, self._dollars(incident), delay, *says, first))
        for alarm in alarms:
            if not any(self._touched[i.number][list(alarm.series)].any() and _near(alarm, i) for i in self._all):
                score.wrong.append(alarm)
        score.false = len(score.wrong)
        return score

    def near(self, minutes: int) -> np.ndarray:
        """Which hours (rows) of which series no alarm is false in, given as a mask of (hours, series)."""
        hours = minutes // 60
        mask = np.zeros((hours, len(self.sums.series)), np.bool_)
        for incident in self._all:
            begin = max(0, (incident.begin - AHEAD_MINUTES) // 60)
            mask[begin : (incident.end + WAKE_MINUTES) // 60 + 1, self._touched[incident.number]] = True
        return mask

    def _tells_of(self, alarm: Alarm, incident: Incident) -> bool:
        series = list(alarm.series)
        return bool(self._material[incident.number][series].any() and self._touched[incident.number][series].all())

    def _places(self, alarm: Alarm, incident: Incident) -> bool:
        """Rightly, as far as it was known when the alarm was told."""
        until: Hour | None = -(-alarm.told // 60)
        excess = np.abs(self._excess(incident, until))
        if not excess[self._whole]:
            # What fails or falls silent costs nothing at first.
            until, excess = None, np.abs(self._excess(incident))
        concentration = self._concentration(incident, until)
        share = np.where(excess >= WHOLE * excess[self._whole], concentration, 0.0)
        right = (share > 0) & (share >= CONCENTRATED * share.max(initial=0.0))
        return bool(right[list(alarm.series)].any())

    def _dollars(self, incident: Incident) -> float:
        return float(np.abs(self._excess(incident)[self._whole]))

    def _excess(self, incident: Incident, until: Hour | None = None) -> np.ndarray:
        """Dollars of an incident by series, until an hour."""
        share = self.sums.shares[incident.number]
        return np.asarray(share.excess[: _hours(share, until)].sum(axis=0))

    def _concentration(self, incident: Incident, until: Hour | None = None) -> np.ndarray:
        """Its share of what each series spent meanwhile."""
        share, excess = self.sums.shares[incident.number], np.abs(self._excess(incident, until))
        usual = np.maximum(share.spent[: _hours(share, until)].sum(axis=0), excess)
        return np.asarray(np.divide(excess, usual, out=np.zeros_like(excess), where=usual > 0))


def _hours(share: Share, until: Hour | None) -> int | None:
    return None if until is None else max(1, until - share.first)


def _meets(alarm: Alarm, incident: Incident) -> bool:
    return alarm.begin < incident.end and alarm.end > incident.begin and alarm.told >= incident.begin


def _near(alarm: Alarm, incident: Incident) -> bool:
    return alarm.begin < incident.end + WAKE_MINUTES and alarm.end > incident.begin - AHEAD_MINUTES
