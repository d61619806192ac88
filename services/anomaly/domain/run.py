"""A run: hours of one series and channel that, together, are out of range."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from services.anomaly.domain.series import Hour
from services.anomaly.domain.surprise import BODY
from services.anomaly.domain.users import Crowd
from services.common.money import PICOS_PER_DOLLAR, Picos

ALLOWANCE = -math.log(1 - BODY)
"""What an hour takes off the evidence: as much as a score at the edge of the usual brings, and likewise less where that
is half expected."""
MEMORY = 0.9
"""What an hour keeps of the evidence before it. Hours of a busy day are busy together: oddness below the tenth part of
what is needed never adds up to an alarm, however long it lasts."""
CLOSE_TO_LEVEL = 1.0
"""Within a run an hour is calm below so many spreads above the level; between there and the edge it decides nothing."""
NIGHT_HOURS = 20
"""Hours in which the series sleeps end a run only after so long: what went wrong by day goes on in the morning."""
WAKE = 1 / 3
"""Nor does an hour belong to a run whose score is below this share of the run's: noise in its wake or before it."""


@dataclass(slots=True)
class Spell:
    """Some hours, added up: what was spent in them, and what usually is, in dollars; and requests."""

    hours: int = 0
    spent: Picos = 0
    usual: float = 0.0
    usual_low: float = 0.0
    usual_high: float = 0.0
    requests: int = 0
    usual_requests: float = 0.0

    def add(self, other: Spell) -> None:
        self.hours += other.hours
        self.spent += other.spent
        self.usual += other.usual
        self.usual_low += other.usual_low
        self.usual_high += other.usual_high
        self.requests += other.requests
        self.usual_requests += other.usual_requests

    @property
    def excess(self) -> Picos:
        """What was spent beyond the usual."""
        return self.spent - round(self.usual * PICOS_PER_DOLLAR)

    @property
    def excess_an_hour(self) -> float:
        """Picodollars beyond the usual, on average."""
        return self.excess / max(1, self.hours)

    @property
    def share(self) -> float:
        """The excess as a share of what was spent: how concentrated an incident is in this series."""
        return self.excess / self.spent if self.spent > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A detector's word on an hour. `actual` to `high` are in the channel's unit; `spell` in dollars."""

    start: Hour
    """Where the judged time begins; earlier than the hour if hours were pooled."""
    score: float
    surprise: float
    actual: float
    expected: float
    low: float
    high: float
    spell: Spell
    persistence: float = 0.0
    """Share of an odd hour's score that is expected of the one after it."""
    steepness: float = 0.0
    """Nats that a score higher by one surprises more, beyond the edge; 0: not known."""
    over_cap: bool = False
    asleep: bool = False
    """The series hardly ever does anything in this hour: it tells nothing."""
    crowd: Crowd | None = None
    """Who asked; None: nobody counted."""

    @property
    def out(self) -> bool:
        """Beyond the edge of the usual."""
        return self.surprise > 0


@dataclass(slots=True)
class Run:
    """Adds up surprise over hours (a CUSUM of -ln p, Page 1954): an outrageous hour counts, and so do several odd ones.

    Under the null hypothesis -ln p is exponential with mean 1 whatever the series, so that the chance of ever crossing
    a threshold T falls as exp(-T).
    """

    start: Hour = 0
    last: Hour = 0
    evidence: float = 0.0
    proof: float = 0.0
    """Evidence before this hour's allowance was taken off: what is held against the threshold."""
    utmost: float = 0.0
    """The highest proof, or surprise of an hour since it was held: how rare the run is."""
    total: Spell = field(default_factory=Spell)
    pending: Spell = field(default_factory=Spell)
    latest: Verdict | None = None
    scores: float = 0.0
    unlearned: list[tuple[Hour, float]] = field(default_factory=list)
    """Scores beyond the edge that teach how far out is usual only once they came to nothing."""
    calm: int = 0
    odd: bool = False
    """The hour before was beyond the edge,"""
    before: float = 0.0
    """and this was its score."""
    held: bool = False
    """Part of an anomaly, or muted: nothing is learned, and it ends only after calm hours."""
    doubts: int = 0
    """So often was this series' alarm called false: the more evidence it needs."""
    confirmed: bool = False
    """Somebody said that it is one: it never becomes the new normal."""
    tolerated: float | None = None
    """Somebody said that it is none: so many picodollars an hour beyond the usual are learned without a word."""

    @property
    def active(self) -> bool:
        return self.total.hours > 0

    def step(self, hour: Hour, verdict: Verdict, needed: float) -> None:
        """Takes in the verdict on the next hour.

        Args:
            hour: which.
            verdict: on it.
            needed: evidence that makes an alarm.
        """
        if not self.held:
            news, allowance = self._news(verdict)
            self.proof = MEMORY * self.evidence + news
            self.evidence = min(max(0.0, self.proof - allowance), needed)
            if not verdict.out and self.evidence == 0.0:
                self.clear()
                return
            if verdict.out:
                self.unlearned.append((hour, verdict.score))
        self.utmost = max(self.utmost, verdict.surprise if self.held else self.proof)
        self.odd, self.before = verdict.out, verdict.score
        wake = WAKE * self.scores / self.total.hours if self.held and self.total.hours else 0.0
        if verdict.out and verdict.score >= wake:
            self._extend(hour, verdict)
        elif self.active:
            self.pending.add(verdict.spell)
            if verdict.score < max(CLOSE_TO_LEVEL, wake) and not (verdict.asleep and hour - self.last < NIGHT_HOURS):
                self.calm += 1

    def _news(self, verdict: Verdict) -> tuple[float, float]:
        """What an hour brings, and what is taken off for it. After an odd one it is half expected: either all of it
        counts for less, or only what is more than was to be expected."""
        if not self.odd:
            return verdict.surprise, ALLOWANCE
        share = 1 - verdict.persistence
        unexpected = verdict.surprise - verdict.persistence * self.before * verdict.steepness
        if verdict.steepness and unexpected - ALLOWANCE > share * max(0.0, verdict.surprise - ALLOWANCE):
            return unexpected, ALLOWANCE
        return share * verdict.surprise, share * ALLOWANCE

    def _extend(self, hour: Hour, verdict: Verdict) -> None:
        if not self.held and self.total.hours and WAKE * verdict.score > self.scores / self.total.hours:
            # What came before was noise in front of it.
            self.total, self.pending, self.scores = Spell(), Spell(), 0.0
        if not self.active:
            self.start = verdict.start
        self.total.add(self.pending)
        self.total.add(verdict.spell)
        self.pending = Spell()
        self.scores += verdict.score * verdict.spell.hours
        self.last = hour
        self.latest = verdict
        self.calm = 0

    def clear(self) -> None:
        """Back to nothing, but for what is still to be learned: whoever keeps runs begins another in its place."""
        self.evidence = self.proof = self.utmost = 0.0
        self.total, self.pending = Spell(), Spell()
        self.latest = None
        self.scores = 0.0
        self.calm = 0
        self.odd = self.held = self.confirmed = False
        self.before = 0.0
        self.tolerated = None
