"""A runaway as a message, and in a sentence."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly

from services.anomaly.domain.describe import UNITS, between, severity, subject
from services.anomaly.domain.minutes.runaway import Runaway
from services.anomaly.domain.minutes.tally import MINUTES_AN_HOUR, Sums
from services.anomaly.domain.policy import Policy
from services.anomaly.domain.series import Series
from services.anomaly.domain.words import dollars
from services.common.clock import MINUTE, to_datetime
from services.common.money import PICOS_PER_DOLLAR, to_proto

RISEN = 1.5
"""Tokens a request that rose so many times are worth a word."""


def describe(tenant: str, runaway: Runaway, policy: Policy) -> Anomaly:
    """The runaway as it stands, without the times it was told at. Its severity never falls: by the dollars lost, and
    while it lasts by those that another hour will cost."""
    open_ = runaway.closed_at is None
    at_risk = runaway.excess + (round(runaway.pace * MINUTES_AN_HOUR * PICOS_PER_DOLLAR) if open_ else 0)
    runaway.severity = max(runaway.severity, severity(at_risk, policy), Anomaly.SEVERITY_MEDIUM)
    return Anomaly(
        name=runaway.name,
        tenant_id=tenant,
        series=runaway.series.labels,
        channel=Anomaly.CHANNEL_RUNAWAY,
        state=Anomaly.STATE_OPEN if open_ else Anomaly.STATE_CLOSED,
        start_unix_micros=runaway.start * MINUTE,
        end_unix_micros=(runaway.last + 1) * MINUTE,
        actual=runaway.pace,
        expected=runaway.usual.typical / MINUTES_AN_HOUR,
        expected_low=0.0,
        expected_high=runaway.usual.busiest / MINUTES_AN_HOUR,
        unit=UNITS[Anomaly.CHANNEL_RUNAWAY],
        impact=to_proto(runaway.excess),
        severity=runaway.severity,
        summary=summary(runaway),
    )


def summary(runaway: Runaway) -> str:
    """What happens, since when, and what is usual; in words."""
    who, spent = _who(runaway.series), dollars(runaway.spent / PICOS_PER_DOLLAR)
    start, end = runaway.start * MINUTE, (runaway.last + 1) * MINUTE
    if runaway.closed_at is None:
        since = to_datetime(start)
        pace = f"{who} is spending {dollars(runaway.pace)} a minute"
        said = f"{pace}, {spent} since {since:%H:%M} UTC on {since.day} {since:%b}"
    else:
        said = f"{who} spent {spent} {between(start, end)}, {dollars(runaway.pace)} a minute"
    return f"{said}; {_usual(runaway)}.{_tokens(runaway)}"


def _who(series: Series) -> str:
    labels = series.labels
    if "session" not in labels:
        return subject(series)
    whose = " with ".join(f"{name} {value}" for name, value in labels.items() if name != "session")
    return f"Session {labels['session']}" + (f" of {whose}" if whose else "")


def _usual(runaway: Runaway) -> str:
    if not runaway.usual.busiest:
        return "nothing is known of its usual spend"
    whose = "its owner's busiest hour" if "session" in runaway.series.labels else "its busiest hour"
    return f"{whose} in eight weeks came to {dollars(runaway.usual.busiest)}"


def _tokens(runaway: Runaway) -> str:
    first, latest = _tokens_per_request(runaway.first), _tokens_per_request(runaway.latest)
    if first <= 0 or latest < RISEN * first:
        return ""
    return (
        f" Its requests grew from {first:,.0f} to {latest:,.0f} input tokens each, as those of an agent in a loop do."
    )


def _tokens_per_request(sums: Sums) -> float:
    return sums.input_tokens / sums.requests if sums.requests else 0.0
