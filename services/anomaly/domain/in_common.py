"""What a suspect has in common with another series: whether its excess may be what was spent there."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.overlap import Overlap
from services.anomaly.domain.series import Series
from services.anomaly.domain.suspects import Suspect

EXPLAINED = 0.5
"""What two series spend in common is at least this share of an excess that they may both show."""


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
    return shared >= EXPLAINED * latest.spell.excess_an_hour


def may_consist_of(series: Series, suspect: Suspect, overlap: Overlap) -> bool:
    """The same of what is told within an hour; of hours that were pooled, size alone tells."""
    latest = suspect.run.latest
    return latest is None or latest.spell.hours > 1 or explains(series, suspect, overlap)


def same_money(candidate: Suspect, other: Suspect, overlap: Overlap) -> bool:
    """True if both may show the same incident."""
    return explains(candidate.series, other, overlap) and explains(other.series, candidate, overlap)


def spends_with(one: Series, other: Series, overlap: Overlap) -> bool:
    """True if one may be a part of the other, or nothing is known of either."""
    shared = overlap.shared(one, other)
    spent = [overlap.shared(each, each) or 0 for each in (one, other)]
    return shared is None or not any(spent) or (all(spent) and shared >= EXPLAINED * min(spent))
