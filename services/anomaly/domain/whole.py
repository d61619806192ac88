"""What an anomaly says as a whole: what happened, why, and how rare it is."""

from __future__ import annotations

import math

from finops.anomaly.v1.anomaly_pb2 import Anomaly, Cause

RAREST_HOURS = 1e7
"""What is rarer is said to be at least this rare: a tail that some weeks have shown is not known further out."""

SAYS_WHY = frozenset({Anomaly.CHANNEL_RUNAWAY, Anomaly.CHANNEL_KEY_NOVELTY, Anomaly.CHANNEL_NEW_PAIRS})
"""Channels whose sentence says who did what: hours compared with hours have nothing to add."""

WITHOUT_CAUSE = SAYS_WHY | {Anomaly.CHANNEL_ERROR_SHARE}
"""Channels whose dollars no comparison of hours takes apart: what failed was not spent."""


def hours_between(nats: float) -> float:
    """Hours of a series from one as far out to the next, by the surprise of what happened; 0: not known."""
    return 0.0 if nats <= 0 else min(math.exp(min(nats, 99.0)), RAREST_HOURS)


def odds(anomaly: Anomaly) -> str:
    """'So far out once in about 40,000 hours.'; empty where it is not known."""
    hours = anomaly.hours_between
    if hours <= 0:
        return ""
    if hours >= RAREST_HOURS:
        return f"So far out less than once in {RAREST_HOURS:,.0f} hours."
    step = 10 ** max(0, math.floor(math.log10(hours)) - 1)
    return f"So far out once in about {round(hours / step) * step:,} hours."


def explained(anomaly: Anomaly, cause: Cause | None) -> Anomaly:
    """The anomaly with its cause and its odds, also in its summary. It may have its odds there already."""
    whole = Anomaly()
    whole.CopyFrom(anomaly)
    rare = odds(anomaly)
    happened = anomaly.summary.removesuffix(rare).rstrip() if rare else anomaly.summary
    why = ""
    if cause is not None:
        whole.cause.CopyFrom(cause)
        why = "" if anomaly.channel == Anomaly.CHANNEL_SILENCE else cause.summary
    whole.summary = " ".join(part for part in (happened, why, rare) if part)
    return whole
