"""Suspects: runs that are under way, what each is about, and how much of it there is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.detectors.cost import HOURS_A_MONTH
from services.anomaly.domain.detectors.drift import DriftDetector
from services.anomaly.domain.detectors.silence import SilenceDetector
from services.anomaly.domain.panel import Panel
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import reason
from services.anomaly.domain.run import Run, Spell
from services.anomaly.domain.series import Series
from services.anomaly.domain.watched import RATIO_CHANNELS, Watched
from services.common.money import PICOS_PER_DOLLAR

_APART = frozenset({Anomaly.CHANNEL_SILENCE, Anomaly.CHANNEL_DRIFT, Anomaly.CHANNEL_ERROR_SHARE})
"""Channels that show incidents of their own kind."""
Family = Anomaly.Channel
"""Channels that may show the same incident, by one of them."""


def family(channel: Anomaly.Channel) -> Family:
    """Of an incident on that channel."""
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
        return family(self.channel)


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
