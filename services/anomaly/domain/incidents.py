"""Incidents: runs that are told to people, one for each thing that happened.

An incident shows in many series at once: the team, its key, its model, the provider, all in the same hours. The series
in which it is most concentrated stands for it; runs in other dimensions are facets of it and are held without a word.
Facets are told by dimension and size alone, since the ledger's sums by one dimension do not say what overlaps.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.panel import RATIO_CHANNELS, Panel, Watched
from services.anomaly.domain.policy import MOST_DOUBTS, Policy
from services.anomaly.domain.run import Run
from services.anomaly.domain.series import TENANT, Hour, Series
from services.common.money import PICOS_PER_DOLLAR

COMPARABLE = 0.8
"""A series shows the same incident if its excess is at least this share of the largest."""
SUBSTITUTE = 0.9
"""What is bought and was hardly bought before in these hours: some of it replaces something else."""
COMPARABLE_TO_SUBSTITUTE = 0.5
MOSTLY_EXCESS = 0.5
"""An owner most of whose spend is excess is named before what it bought."""
AS_CONCENTRATED = 0.1
"""Shares of excess in spend that differ by less count as equal."""


_REASONS = (
    Anomaly.CHANNEL_CACHE_HIT_SHARE,
    Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST,
    Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST,
)


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
    def silence(self) -> bool:
        return self.channel == Anomaly.CHANNEL_SILENCE


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
        if self.silence != suspect.silence:
            return False
        if self.closed_at is not None and hour - self.closed_at > policy.cooldown_hours:
            return False
        if self.silence and self.series.dimension == TENANT:
            return True
        if self.series.dimension == suspect.series.dimension and self.series != suspect.series:
            return False
        return suspect.size <= policy.encore * self.size


def name_of(tenant: str, series: Series, channel: Anomaly.Channel, start: Hour) -> str:
    """The same for the same tenant, series, channel and start."""
    identity = "\x1f".join((tenant, *series, str(channel), str(start)))
    return f"anomalies/{hashlib.blake2b(identity.encode(), digest_size=10).hexdigest()}"


def suspects(panel: Panel) -> list[Suspect]:
    """Runs under way that belong to no incident yet, or to one that may have ended without them."""
    series = {row: one for one, row in panel.index.items()}
    channels = [(detector.name, detector.channel) for detector in panel.detectors]
    channels.append((SilenceDetector.name, Anomaly.CHANNEL_SILENCE))
    return [
        Suspect(Watched(panel, series[row]), run, channel)
        for name, channel in channels
        for row, run in panel.runs[name].items()
        if run.active
    ]


def channel_of(suspect: Suspect, policy: Policy) -> Anomaly.Channel:
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


def is_worth_telling(suspect: Suspect, hour: Hour, policy: Policy) -> bool:
    """Certain enough, and large enough, in this very hour."""
    run = suspect.run
    if run.last != hour or run.calm:
        return False
    if suspect.silence:
        return run.total.hours >= policy.silent_hours * (1 + min(run.doubts, MOST_DOUBTS))
    if run.proof < policy.evidence_after(run.doubts):
        return False
    ratio = policy.min_unit_cost_ratio if suspect.channel in RATIO_CHANNELS else policy.min_cost_ratio
    spent = run.total.spent / PICOS_PER_DOLLAR
    if spent < ratio * run.total.usual:
        return False
    return spent - run.total.usual >= policy.least_impact(suspect.monitor.usual_month())


def _reason(suspect: Suspect, policy: Policy) -> int:
    """What made a request dearer tells more than that it was, if it alone would have raised the alarm."""
    certain = suspect.channel in _REASONS and suspect.run.proof >= policy.evidence_after(suspect.run.doubts)
    return _REASONS.index(suspect.channel) if certain else len(_REASONS)


def most_telling(candidate: Suspect, others: Sequence[Suspect], policy: Policy) -> Suspect:
    """Of the runs that show the same incident as the candidate, the one to name it after."""
    replaces = candidate.series.dimension not in policy.owner_dimensions and candidate.run.total.share > SUBSTITUTE
    least = (COMPARABLE_TO_SUBSTITUTE if replaces else COMPARABLE) * candidate.size
    same = [
        suspect
        for suspect in others
        if suspect.silence == candidate.silence
        and not suspect.run.held
        and suspect.run.last == candidate.run.last
        and suspect.size >= least
    ]
    if not candidate.silence:
        owners = [
            s for s in same if s.series.dimension in policy.owner_dimensions and s.run.total.share >= MOSTLY_EXCESS
        ]
        same = owners or same
    order = policy.silence_order if candidate.silence else policy.dimension_order
    rank = {dimension: place for place, dimension in enumerate(order)}
    best = max((suspect.run.total.share for suspect in same), default=0.0)
    concentrated = [s for s in same if candidate.silence or s.run.total.share >= best - AS_CONCENTRATED] or [candidate]

    def preference(suspect: Suspect) -> tuple[int, int, int, int, str]:
        place = rank.get(suspect.series.dimension, len(rank))
        # Cost before unit cost, so that the channel is decided by what drove the cost.
        return place, _reason(suspect, policy), -suspect.size, suspect.channel, suspect.series.value

    return min(concentrated, key=preference)
