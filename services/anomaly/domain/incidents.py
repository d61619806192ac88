"""Incidents: runs that are told to people, one for each thing that happened.

An incident shows in many series at once: the team, its key, its model, the provider, all in the same hours. The series
in which it is most concentrated stands for it; runs in other dimensions are facets of it and are held without a word.
A facet spends the same money, as far as that is known: the ledger's sums by one dimension do not say what overlaps, and
then dimension and size alone tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.in_common import EXPLAINED, spends_with
from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.reason import Figures, reason
from services.anomaly.domain.series import TENANT, Hour, Series
from services.anomaly.domain.suspects import Suspect, family
from services.anomaly.domain.watched import RATIO_CHANNELS

MORE_CONCENTRATED = 1.5
"""A drift whose excess is so many times the share of its spend is no facet of another."""


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
    told_hours: int = 0
    settled_in: frozenset[Series] = frozenset()
    """Series in which it showed when somebody said that it is none, or usual from now on."""
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

    @property
    def _silences_all(self) -> bool:
        """The whole organisation is silent, whatever is in it."""
        return self.silence and self.series.dimension == TENANT

    def hides(self, suspect: Suspect, policy: Policy) -> bool:
        """True if a run that it may show in is small enough to be a facet of this incident, or its echo."""
        if self._silences_all:
            return True
        if suspect.series in self.settled_in:
            # By the hour: what goes on costs more and more.
            return suspect.size * self.told_hours <= policy.encore * self.told_size * suspect.run.total.hours
        if self.closed_at is None and self.channel == Anomaly.CHANNEL_ERROR_SHARE:
            return suspect.extent <= policy.encore * self.suspect.extent
        return suspect.size <= policy.encore * self.size

    def hides_for(self, series: Series, policy: Policy) -> int:
        """Hours after it closed in which that series says nothing new. Of what somebody called usual, or no anomaly,
        it says nothing on any channel until it is learned."""
        return policy.longest_hours if series in self.settled_in else policy.cooldown_hours

    def hides_anything(self, hour: Hour, policy: Policy) -> bool:
        """Whether it is open, or closed so lately that echoes of it may come."""
        return self.closed_at is None or hour - self.closed_at <= self.hides_for(self.series, policy)

    def close(self, hour: Hour) -> None:
        """It is over after this hour."""
        total = self.suspect.run.total
        self.closed_at, self.told_size, self.told_hours = hour, self.suspect.size, max(1, total.hours)

    def may_show_in(self, suspect: Suspect, hour: Hour, policy: Policy) -> bool:
        """True if that run is of its kind and time, however much larger it is."""
        if family(self.channel) != suspect.family:
            return False
        if self.closed_at is not None:
            # Dearer requests are no echo of there having been more of them.
            echo = self.channel in RATIO_CHANNELS or suspect.channel not in RATIO_CHANNELS
            if not echo or hour - self.closed_at > self.hides_for(suspect.series, policy):
                return False
            if self.silence and suspect.run.start - self.closed_at > policy.calm_hours:
                # It was heard of as usual in between: it failed again.
                return False
        if self._silences_all:
            return True
        if self.series.dimension == suspect.series.dimension and self.series != suspect.series:
            return False
        more_concentrated = suspect.run.total.share > MORE_CONCENTRATED * self.suspect.run.total.share
        # A whole is less noisy than its parts and is found first; what brings it about is told all the same.
        return not (suspect.channel == Anomaly.CHANNEL_DRIFT and more_concentrated)


def largest_of_its_parts(
    suspect: Suspect, incidents: Sequence[Incident], overlap: Overlap, policy: Policy
) -> Incident | None:
    """Where the suspect's excess is that of several incidents within it, none of which is large enough to hide it."""
    latest = suspect.run.latest
    if suspect.family != Anomaly.CHANNEL_COST or latest is None:
        return None
    within = [one for one in incidents if spends_with(one.series, suspect.series, overlap)]
    if len(within) < 2:
        return None
    shared = sum(overlap.shared(one.series, suspect.series) or 0 for one in within)
    all_of_it = shared >= EXPLAINED * latest.spell.excess_an_hour
    large_enough = suspect.size <= policy.encore * sum(one.size for one in within)
    return max(within, key=lambda one: one.size) if all_of_it and large_enough else None


def name_of(tenant: str, series: Series, channel: Anomaly.Channel, start: Hour) -> str:
    """The same for the same tenant, series, channel and start."""
    identity = "\x1f".join((tenant, *series, str(channel), str(start)))
    return f"anomalies/{hashlib.blake2b(identity.encode(), digest_size=10).hexdigest()}"
