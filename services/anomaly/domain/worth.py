"""Whether a suspect is certain and large enough to be told, or to stand beside what is told."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.bank import HOURS_A_DAY
from services.anomaly.domain.detectors.price import TokenPriceDetector
from services.anomaly.domain.detectors.ratios import CacheDetector
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Hour
from services.anomaly.domain.suspects import Suspect
from services.anomaly.domain.watched import RATIO_CHANNELS
from services.common.money import PICOS_PER_DOLLAR

FACET = 0.5
"""Share of the evidence for an alarm at which a series may give its name to what others show; and at which what shows
an incident that is told is kept from being learned."""
SOON = 0.3
"""A cache that fails and a token that is dearer are told at this share of the least impact, if a day of it comes to all
of it: no single request moves a share or a price as far as it may move a mean."""
DRIFT_IMPACT = 4.0
"""Times the impact of other alarms before a drift is told: there is time."""
_SURE = frozenset({CacheDetector.name, TokenPriceDetector.name})
"""Detectors whose values hardly depend on how long a request is."""


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


def is_shown(suspect: Suspect, hour: Hour, policy: Policy) -> bool:
    """Certain enough, in this very hour, to be a facet of what is told."""
    run = suspect.run
    return not suspect.silence and run.last == hour and not run.calm and is_certain(suspect, policy)


def is_certain(suspect: Suspect, policy: Policy) -> bool:
    """Enough to stand beside what is told, if not to be told alone."""
    return suspect.run.proof >= FACET * policy.evidence_after(suspect.run.doubts)
