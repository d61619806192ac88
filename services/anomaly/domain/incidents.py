"""Incidents: runs that are told to people, one for each thing that happened.

An incident shows in many series at once: the team, its key, its model, the provider, all in the same hours. The series
in which it is most concentrated stands for it; runs in other dimensions are facets of it and are held without a word.
A facet spends the same money, as far as that is known: the ledger's sums by one dimension do not say what overlaps, and
then dimension and size alone tell.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.detectors.cost import HOURS_A_MONTH
from services.anomaly.domain.detectors.drift import DriftDetector
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import Figures, reason
from services.anomaly.domain.run import Run, Spell
from services.anomaly.domain.series import TENANT, Hour, Series
from services.anomaly.domain.watched import RATIO_CHANNELS, Watched
from services.common.money import PICOS_PER_DOLLAR

COMPARABLE = 0.8
"""A series shows the same incident if its excess is at least this share of the largest."""
SUBSTITUTE = 0.9
"""What is bought and was hardly bought before in these hours: some of it replaces something else."""
COMPARABLE_TO_SUBSTITUTE = 0.5
MOSTLY_EXCESS = 0.5
"""An owner most of whose spend is excess is named before what it bought."""
EXPLAINED = 0.5
"""What two series spend in common is at least this share of an excess that they may both show."""
FACET = 0.5
"""Share of the evidence for an alarm at which what shows an incident that is told is kept from being learned."""
MORE_CONCENTRATED = 1.5
"""A drift whose excess is so many times the share of its spend is no facet of another."""
SOON = 0.3
"""A cache that fails is told at this share of the least impact, if a day of it comes to all of it: no single request
moves a share as far as it may move a mean."""
DRIFT_IMPACT = 4.0
"""Times the impact of other alarms before a drift is told: there is time."""
AS_CONCENTRATED = 0.85
"""So many times as concentrated as the most concentrated counts as equal to it."""


_APART = frozenset({Anomaly.CHANNEL_SILENCE, Anomaly.CHANNEL_DRIFT, Anomaly.CHANNEL_ERROR_SHARE})
"""Channels that show incidents of their own kind."""

Family = Anomaly.Channel
"""Channels that may show the same incident, by one of them."""


def _family(channel: Anomaly.Channel) -> Family:
    return channel if channel in _APART else Anomaly.CHANNEL_COST


@dataclass(frozen=True)
class Suspect:
    """A run that is under way, and whose it is."""

    monitor: Watched
    run: Run
    channel: Anomaly.Channel

    @property
    def series(self) -> Series:
        return self.monitor.series

    @property
    def size(self) -> int:
        """Picodollars more or less than usual."""
        return abs(self.run.total.excess)

    @property
    def shown(self) -> Spell:
        """What is compared between series that may show the same: all of the run; of a drift, which is noticed in some
        series days before others, and grows, its last day."""
        latest = self.run.latest
        return latest.spell if self.channel == Anomaly.CHANNEL_DRIFT and latest is not None else self.run.total

    def concentration(self) -> float:
        """The excess beside what the series usually spends, in these hours and in any: at night a team may be one
        service of many."""
        whole, excess = self.shown, self.shown.excess / PICOS_PER_DOLLAR
        if self.channel == Anomaly.CHANNEL_ERROR_SHARE:
            # Of requests, not of money.
            return whole.share
        usual = self.monitor.usual_month() / HOURS_A_MONTH * whole.hours
        return min(whole.share, excess / (excess + usual)) if excess > 0 else whole.share

    @property
    def silence(self) -> bool:
        return self.channel == Anomaly.CHANNEL_SILENCE

    @property
    def family(self) -> Family:
        return _family(self.channel)


@dataclass
class Incident:
    """An anomaly that was told, or is about to be."""

    suspect: Suspect
    channel: Anomaly.Channel
    start: Hour
    """Of its name; its run may be found to start a little earlier or later when history is read again."""
    name: str
    closed_at: Hour | None = None
    told_size: int = 0
    """When it closed: the run has moved on since."""
    figures: Figures | None = None
    """Of its channel in the last hour out of range, where that is not the channel it was found by."""

    def look_up(self) -> None:
        """Its figures in the hour judged last, if that bears it out."""
        ratios = self.suspect.monitor.ratios() if self.channel != self.suspect.channel else {}
        if self.channel in ratios and self.channel == (reason(ratios) or Anomaly.CHANNEL_UNIT_COST):
            self.figures = ratios[self.channel]

    @property
    def series(self) -> Series:
        return self.suspect.series

    @property
    def size(self) -> int:
        return self.suspect.size if self.closed_at is None else self.told_size

    @property
    def silence(self) -> bool:
        return self.channel == Anomaly.CHANNEL_SILENCE

    def hides(self, suspect: Suspect, hour: Hour, policy: Policy) -> bool:
        """True if that run is a facet of this incident, or its echo."""
        if _family(self.channel) != suspect.family:
            return False
        if self.closed_at is not None:
            # Dearer requests are no echo of there having been more of them.
            echo = self.channel in RATIO_CHANNELS or suspect.channel not in RATIO_CHANNELS
            if not echo or hour - self.closed_at > policy.cooldown_hours:
                return False
        if self.silence and self.series.dimension == TENANT:
            return True
        if self.series.dimension == suspect.series.dimension and self.series != suspect.series:
            return False
        more_concentrated = suspect.run.total.share > MORE_CONCENTRATED * self.suspect.run.total.share
        if suspect.channel == Anomaly.CHANNEL_DRIFT and more_concentrated:
            # A whole is less noisy than its parts and is found first; what brings it about is told all the same.
            return False
        return suspect.size <= policy.encore * self.size


def explains(series: Series, suspect: Suspect, overlap: Overlap) -> bool:
    """True if what is spent in that series may be what the suspect's excess consists of, as far as this hour tells."""
    if suspect.channel == Anomaly.CHANNEL_ERROR_SHARE:
        failed = overlap.failed(series, suspect.series)
        return failed is None or failed >= EXPLAINED * (overlap.failed(suspect.series, suspect.series) or 0)
    if suspect.channel == Anomaly.CHANNEL_DRIFT:
        return _spends_with(series, suspect.series, overlap.dearest)
    latest = suspect.run.latest
    shared = None if suspect.silence or latest is None else overlap.shared(series, suspect.series)
    if shared is None or latest is None:
        return True
    return shared >= EXPLAINED * latest.spell.excess / max(1, latest.spell.hours)


def _spends_with(one: Series, other: Series, overlap: Overlap) -> bool:
    """True if one may be a part of the other, or nothing is known of either."""
    shared = overlap.shared(one, other)
    spent = [overlap.shared(each, each) or 0 for each in (one, other)]
    return shared is None or not any(spent) or (all(spent) and shared >= EXPLAINED * min(spent))


def same_money(candidate: Suspect, other: Suspect, overlap: Overlap) -> bool:
    """True if both may show the same incident."""
    return explains(candidate.series, other, overlap) and explains(other.series, candidate, overlap)


def name_of(tenant: str, series: Series, channel: Anomaly.Channel, start: Hour) -> str:
    """The same for the same tenant, series, channel and start."""
    identity = "\x1f".join((tenant, *series, str(channel), str(start)))
    return f"anomalies/{hashlib.blake2b(identity.encode(), digest_size=10).hexdigest()}"


def suspects(panel: Panel) -> list[Suspect]:
    """Runs under way that belong to no incident yet, or to one that may have ended without them."""
    series = {row: one for one, row in panel.index.items()}
    channels = [(detector.name, detector.channel) for detector in panel.detectors]
    channels += [(SilenceDetector.name, Anomaly.CHANNEL_SILENCE), (DriftDetector.name, Anomaly.CHANNEL_DRIFT)]
    return [
        Suspect(Watched(panel, series[row]), run, channel)
        for name, channel in channels
        for row, run in panel.runs[name].items()
        if run.active
    ]


def channel_of(suspect: Suspect, policy: Policy) -> Anomaly.Channel:
    """What names it: volume or price, and of a price what made requests dearer, as far as this hour tells."""
    channel = _volume_or_price(suspect, policy)
    ratios = suspect.monitor.ratios() if channel in RATIO_CHANNELS else {}
    return (reason(ratios) or Anomaly.CHANNEL_UNIT_COST) if Anomaly.CHANNEL_UNIT_COST in ratios else channel


def _volume_or_price(suspect: Suspect, policy: Policy) -> Anomaly.Channel:
    """Whether an excess of cost is one of price or of volume.

    ln(C1/C0) = ln(R1/R0) + ln(U1/U0) for R requests at U each, and each factor's part of C1 - C0 is in proportion to
    its logarithm (LMDI, Ang 2005); the larger part names it.
    """
    total, latest = suspect.run.total, suspect.run.latest
    enough = total.requests >= policy.min_requests and total.usual > 0
    if suspect.channel != Anomaly.CHANNEL_COST or not enough or latest is None or latest.over_cap:
        return suspect.channel
    volume = math.log(total.requests / max(total.usual_requests, 0.5))
    both = math.log(total.spent / PICOS_PER_DOLLAR / total.usual) if total.spent > 0 else volume
    return Anomaly.CHANNEL_UNIT_COST if both - volume > volume else Anomaly.CHANNEL_COST


def is_shown(suspect: Suspect, hour: Hour, policy: Policy) -> bool:
    """Certain enough, in this very hour, to be a facet of what is told."""
    run = suspect.run
    if suspect.silence or run.last != hour or run.calm:
        return False
    return run.proof >= FACET * policy.evidence_after(run.doubts)


def is_worth_telling(suspect: Suspect, hour: Hour, policy: Policy) -> bool:
    """Certain enough, and large enough, in this very hour."""
    run = suspect.run
    if run.last != hour or run.calm:
        return False
    if suspect.silence:
        # Whoever paused for no bad reason is no longer taken for one that never pauses: an hour counts for one.
        hours = run.total.hours if run.doubts else run.scores
        return hours >= policy.silence_after(run.doubts) and run.total.usual >= policy.min_silence_usd
    if run.proof < policy.evidence_after(run.doubts):
        return False
    least = policy.least_impact(suspect.monitor.usual_month())
    if suspect.channel == Anomaly.CHANNEL_ERROR_SHARE:
        return run.total.share >= policy.min_error_share and run.total.excess >= least * PICOS_PER_DOLLAR
    ratio = policy.min_cost_ratio
    if suspect.channel in RATIO_CHANNELS:
        ratio = policy.min_unit_cost_ratio
    elif suspect.channel == Anomaly.CHANNEL_DRIFT:
        ratio = policy.min_drift_ratio
    spent = run.total.spent / PICOS_PER_DOLLAR
    if spent < ratio * run.total.usual:
        return False
    excess = spent - run.total.usual
    if suspect.channel in RATIO_CHANNELS:
        # Dearer requests stay so until somebody mends it: what a day of them costs is at stake.
        a_day = excess * max(1.0, HOURS_A_DAY / run.total.hours)
        soon = SOON if suspect.channel == Anomaly.CHANNEL_CACHE_HIT_SHARE else 1.0
        return excess >= soon * policy.min_impact_usd and a_day >= least
    return excess >= least * (DRIFT_IMPACT if suspect.channel == Anomaly.CHANNEL_DRIFT else 1.0)


def most_telling(candidate: Suspect, others: Sequence[Suspect], policy: Policy) -> Suspect:
    """Of the runs that show the same incident as the candidate, the one to name it after."""
    replaces = (
        candidate.family == Anomaly.CHANNEL_COST
        and candidate.series.dimension not in policy.owner_dimensions
        and candidate.shown.share > SUBSTITUTE
    )
    least = (COMPARABLE_TO_SUBSTITUTE if replaces else COMPARABLE) * abs(candidate.shown.excess)
    same = [
        suspect
        for suspect in others
        if suspect.family == candidate.family
        and not suspect.run.held
        and suspect.run.last == candidate.run.last
        and abs(suspect.shown.excess) >= least
    ]
    if not candidate.silence:
        owners = [s for s in same if s.series.dimension in policy.owner_dimensions and s.shown.share >= MOSTLY_EXCESS]
        same = owners or same
    order = policy.silence_order if candidate.silence else policy.dimension_order
    rank = {dimension: place for place, dimension in enumerate(order)}
    concentrated = same if candidate.silence else _most_concentrated(same)

    def preference(suspect: Suspect) -> tuple[int, int, int, str]:
        place = rank.get(suspect.series.dimension, len(rank))
        # Cost before unit cost, so that the channel is decided by what drove the cost.
        return place, -suspect.size, suspect.channel, suspect.series.value

    return min(concentrated or [candidate], key=preference)


def _most_concentrated(suspects: Sequence[Suspect]) -> list[Suspect]:
    by = [suspect.concentration() for suspect in suspects]
    return [one for one, concentration in zip(suspects, by, strict=True) if concentration >= AS_CONCENTRATED * max(by)]
