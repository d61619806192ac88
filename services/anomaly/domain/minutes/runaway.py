"""A runaway that was found, minute by minute, until it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.minutes.loop import Loop, least_pace
from services.anomaly.domain.minutes.tally import MINUTES_AN_HOUR, NOBODY, Minute, Sums
from services.anomaly.domain.minutes.tracks import RANKS, Track
from services.anomaly.domain.minutes.usual import Usual
from services.anomaly.domain.series import Hour, Series
from services.common.clock import MINUTE
from services.common.money import PICOS_PER_DOLLAR, Picos, from_proto


@dataclass(slots=True)
class Runaway:
    """Spend from `start` through `last`, and what is usual in that time."""

    series: Series
    start: Minute
    usual: Usual
    last: Minute
    name: str = ""
    """"" until people are told."""
    told_at: Minute = 0
    """When they were first."""
    spent: Picos = 0
    pending: Picos = 0
    """Since `last`: counts only if it goes on."""
    excess_by_hour: dict[Hour, Picos] = field(default_factory=dict)
    first: Sums = NOBODY
    latest: Sums = NOBODY
    """Of the first minute and of the last."""
    severity: Anomaly.Severity = Anomaly.SEVERITY_UNSPECIFIED
    """The highest that people were told."""
    updated_at: Minute = 0
    updated_size: Picos = 0
    closed_at: Minute | None = None
    denied: bool = False
    """Untold because people were told enough already."""

    @property
    def minutes(self) -> int:
        return self.last - self.start + 1

    @property
    def excess(self) -> Picos:
        """Picodollars beyond the usual."""
        return sum(self.excess_by_hour.values())

    @property
    def pace(self) -> float:
        """Dollars a minute."""
        return self.spent / PICOS_PER_DOLLAR / max(1, self.minutes)

    def step(self, minute: Minute, sums: Sums) -> None:
        """Takes in what was spent in the next minute."""
        self.pending += sums.cost
        if sums.cost / PICOS_PER_DOLLAR < least_pace(self.usual, self.pace):
            return
        if not self.spent:
            self.first = sums
        usual = round(self.usual.typical / MINUTES_AN_HOUR * PICOS_PER_DOLLAR) * (minute - self.last)
        hour = minute // MINUTES_AN_HOUR
        self.excess_by_hour[hour] = self.excess_by_hour.get(hour, 0) + self.pending - usual
        self.spent += self.pending
        self.latest, self.last, self.pending = sums, minute, 0

    def excess_through(self, hour: Hour) -> Picos:
        """Of the hours up to that one."""
        return sum(excess for one, excess in self.excess_by_hour.items() if one <= hour)


def begun(loop: Loop, minute: Minute) -> Runaway:
    """The runaway that was just found, with the minutes it has lasted."""
    found = Runaway(loop.track.series, loop.start, loop.usual, loop.start - 1)
    catch_up(found, loop.track, minute)
    return found


def catch_up(runaway: Runaway, track: Track, minute: Minute) -> None:
    """Takes in the minutes of the track up to that one."""
    for at, sums in track.minutes:
        if runaway.last < at <= minute and at >= runaway.start:
            runaway.step(at, sums)


def taken_up(anomaly: Anomaly) -> Runaway:
    """What was told in an earlier life. What it spent is known to the cent only."""
    labels = {name: anomaly.series[name] for name in RANKS if name in anomaly.series}
    start, end = anomaly.start_unix_micros // MINUTE, anomaly.end_unix_micros // MINUTE
    usual = Usual(anomaly.expected * MINUTES_AN_HOUR, anomaly.expected_high * MINUTES_AN_HOUR)
    excess = from_proto(anomaly.impact)
    found = Runaway(
        series=Series.of(labels), start=start, usual=usual, last=end - 1, name=anomaly.name, told_at=start,
        spent=excess + round(anomaly.expected * (end - start) * PICOS_PER_DOLLAR),
        severity=anomaly.severity, updated_at=end - 1, updated_size=excess,
        closed_at=end if anomaly.state == Anomaly.STATE_CLOSED else None,
    )  # fmt: skip
    hours = range(start // MINUTES_AN_HOUR, (end - 1) // MINUTES_AN_HOUR + 1)
    for hour in hours:
        begin, finish = max(start, hour * MINUTES_AN_HOUR), min(end, (hour + 1) * MINUTES_AN_HOUR)
        found.excess_by_hour[hour] = excess * (finish - begin) // (end - start)
    return found
