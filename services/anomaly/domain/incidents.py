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
from services.anomaly.domain.detectors.price import TokenPriceDetector
from services.anomaly.domain.detectors.ratios import CacheDetector
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import Figures, reason
from services.anomaly.domain.run import Run, Spell
from services.anomaly.domain.series import TENANT, Hour, Series
from services.anomaly.domain.watched import RATIO_CHANNELS, Watched
from services.common.money import PICOS_PER_DOLLAR

EXPLAINED = 0.5
"""What two series spend in common is at least this share of an excess that they may both show."""
FACET = 0.5
"""Share of the evidence for an alarm at which a series may give its name to what others show; and at which what shows
an incident that is told is kept from being learned."""
MORE_CONCENTRATED = 1.5
"""A drift whose excess is so many times the share of its spend is no facet of another."""
SOON = 0.3
"""A cache that fails and a token that is dearer are told at this share of the least impact, if a day of it comes to all
of it: no single request moves a share or a price as far as it may move a mean."""
DRIFT_IMPACT = 4.0
"""Times the impact of other alarms before a drift is told: there is time."""


_APART = frozenset({Anomaly.CHANNEL_SILENCE, Anomaly.CHANNEL_DRIFT, Anomaly.CHANNEL_ERROR_SHARE})
"""Channels that show incidents of their own kind."""

_SURE = frozenset({CacheDetector.name, TokenPriceDetector.name})

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
    detector: str
    """By name: several may tell of one channel."""

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

    @property
    def extent(self) -> float:
        """How much of an incident the series shows: picodollars; of failures, which are worth what the series usually
        pays for a request, requests."""
        whole = self.shown
        return whole.share * whole.requests if self.channel == Anomaly.CHANNEL_ERROR_SHARE else abs(whole.excess)

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
        if not self.may_show_in(suspect, hour, policy):
            return False
        whole = self.silence and self.series.dimension == TENANT
        if self.closed_at is None and self.channel == Anomaly.CHANNEL_ERROR_SHARE:
            return suspect.extent <= policy.encore * self.suspect.extent
        return whole or suspect.size <= policy.encore * self.size

    def may_show_in(self, suspect: Suspect, hour: Hour, policy: Policy) -> bool:
        """True if that run is of its kind and time, however much larger it is."""
        if _family(self.channel) != suspect.family:
            return False
        if self.closed_at is not None:
            # Dearer requests are no echo of there having been more of them.
            echo = self.channel in RATIO_CHANNELS or suspect.channel not in RATIO_CHANNELS
            if not echo or hour - self.closed_at > policy.cooldown_hours:
                return False
            if self.silence and suspect.run.start - self.closed_at > policy.calm_hours:
                # It was heard of as usual in between: it failed again.
                return False
        if self.silence and self.series.dimension == TENANT:
            return True
        if self.series.dimension == suspect.series.dimension and self.series != suspect.series:
            return False
        more_concentrated = suspect.run.total.share > MORE_CONCENTRATED * self.suspect.run.total.share
        # A whole is less noisy than its parts and is found first; what brings it about is told all the same.
        return not (suspect.channel == Anomaly.CHANNEL_DRIFT and more_concentrated)


def explains(series: Series, suspect: Suspect, overlap: Overlap) -> bool:
    """True if what is spent in that series may be what the suspect's excess consists of, as far as this hour tells."""
    if suspect.channel == Anomaly.CHANNEL_ERROR_SHARE:
        failed = overlap.failed(series, suspect.series)
        return failed is None or failed >= EXPLAINED * (overlap.failed(suspect.series, suspect.series) or 0)
    if suspect.channel == Anomaly.CHANNEL_DRIFT:
        return spends_with(series, suspect.series, overlap.dearest)
    latest = suspect.run.latest
    shared = None if suspect.silence or latest is None else overlap.shared(series, suspect.series)
    if shared is None or latest is None:
        return True
    return shared >= EXPLAINED * latest.spell.excess / max(1, latest.spell.hours)


def may_consist_of(series: Series, suspect: Suspect, overlap: Overlap) -> bool:
    """The same of what is told within an hour; of hours that were pooled, size alone tells."""
    latest = suspect.run.latest
    return latest is None or latest.spell.hours > 1 or explains(series, suspect, overlap)


def largest_of_its_parts(
    suspect: Suspect, incidents: Sequence[Incident], overlap: Overlap, policy: Policy
) -> Incident | None:
    """Where the suspect's excess is that of several incidents within it, none of which is large enough to hide it."""
    latest = suspect.run.latest
    within = [one for one in incidents if spends_with(one.series, suspect.series, overlap)]
    if suspect.family != Anomaly.CHANNEL_COST or latest is None or len(within) < 2:
        return None
    shared = sum(overlap.shared(one.series, suspect.series) or 0 for one in within)
    all_of_it = shared >= EXPLAINED * latest.spell.excess / max(1, latest.spell.hours)
    large_enough = suspect.size <= policy.encore * sum(one.size for one in within)
    return max(within, key=lambda one: one.size) if all_of_it and large_enough else None


def spends_with(one: Series, other: Series, overlap: Overlap) -> bool:
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
        Suspect(Watched(panel, series[row]), run, channel, name)
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
    its logarithm (LMDI, Ang 2005); the larger part names it. Of few requests the number is as good as its spread, and a
    price is named only where it is larger by more.
    """
    total, latest = suspect.run.total, suspect.run.latest
    if suspect.channel != Anomaly.CHANNEL_COST or latest is None or latest.over_cap:
        return suspect.channel
    if not (total.requests and total.spent > 0 and total.usual > 0):
        return Anomaly.CHANNEL_COST
    volume = math.log(total.requests / max(total.usual_requests, 0.5))
    price = math.log(total.spent / PICOS_PER_DOLLAR / total.usual) - volume
    doubt = 0.0 if total.requests >= policy.min_requests else 2 / math.sqrt(total.requests)
    return Anomaly.CHANNEL_UNIT_COST if price > volume + doubt else Anomaly.CHANNEL_COST


def is_shown(suspect: Suspect, hour: Hour, policy: Policy) -> bool:
    """Certain enough, in this very hour, to be a facet of what is told."""
    run = suspect.run
    return not suspect.silence and run.last == hour and not run.calm and is_certain(suspect, policy)


def is_certain(suspect: Suspect, policy: Policy) -> bool:
    """Enough to stand beside what is told, if not to be told alone."""
    return suspect.run.proof >= FACET * policy.evidence_after(suspect.run.doubts)


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
        soon = SOON if suspect.detector in _SURE else 1.0
        return excess >= soon * policy.min_impact_usd and a_day >= least
    return excess >= least * (DRIFT_IMPACT if suspect.channel == Anomaly.CHANNEL_DRIFT else 1.0)
