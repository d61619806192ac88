"""Anomalies as messages: opened, updated and closed are one alert."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.common import money
from services.notifier.domain.message import Kind, Message, Severity, Transition, dollars, named

_SEVERITIES = {
    Anomaly.SEVERITY_LOW: Severity.INFO,
    Anomaly.SEVERITY_MEDIUM: Severity.WARNING,
    Anomaly.SEVERITY_HIGH: Severity.CRITICAL,
}
_CHANNELS = {
    Anomaly.CHANNEL_COST: "cost",
    Anomaly.CHANNEL_UNIT_COST: "unit cost",
    Anomaly.CHANNEL_SILENCE: "silence",
    Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST: "input tokens per request",
    Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST: "output tokens per request",
    Anomaly.CHANNEL_CACHE_HIT_SHARE: "share read from the cache",
    Anomaly.CHANNEL_RUNAWAY: "runaway spend",
    Anomaly.CHANNEL_KEY_NOVELTY: "new ways of use",
    Anomaly.CHANNEL_DRIFT: "daily spend",
    Anomaly.CHANNEL_ERROR_SHARE: "share of requests that failed",
}
_TRANSITIONS = {
    AnomalyEvent.TYPE_OPENED: ("opened", Transition.FIRED),
    AnomalyEvent.TYPE_UPDATED: ("updated", Transition.UPDATED),
    AnomalyEvent.TYPE_CLOSED: ("closed", Transition.RESOLVED),
}
EVENTS = tuple(name for name, _ in _TRANSITIONS.values())
_ADVICE = {
    Anomaly.CHANNEL_COST: "See which calls these were, in the console under Explore, and whether somebody meant them.",
    Anomaly.CHANNEL_UNIT_COST: "See whether the model, the length of the prompts or the caching changed.",
    Anomaly.CHANNEL_INPUT_TOKENS_PER_REQUEST: "See whether prompts or the context sent with them grew.",
    Anomaly.CHANNEL_OUTPUT_TOKENS_PER_REQUEST: "See whether answers, or the reasoning before them, grew longer.",
    Anomaly.CHANNEL_CACHE_HIT_SHARE: "See what changed where prompts begin: a cache serves equal beginnings.",
    Anomaly.CHANNEL_RUNAWAY: "Look at what it is doing now, and stop it or revoke its key if nobody meant it.",
    Anomaly.CHANNEL_KEY_NOVELTY: "Ask whoever owns the key; if they do not know of it, revoke the key.",
    Anomaly.CHANNEL_DRIFT: "See who uses it more from week to week, and whether the budget allows for it.",
    Anomaly.CHANNEL_ERROR_SHARE: "See what the errors say, and whether the provider or a key of yours is the reason.",
    Anomaly.CHANNEL_SILENCE: "See whether the work stopped, or only its usage no longer comes in.",
}


_DIGEST_LINES = 10


def message(event: AnomalyEvent) -> Message | None:
    """What is told; None for a type this version does not know."""
    if event.type not in _TRANSITIONS:
        return None
    anomaly = event.anomaly
    if anomaly.channel == Anomaly.CHANNEL_NEW_PAIRS:
        return _digest(event)
    name, transition = _TRANSITIONS[event.type]
    what = f"{_CHANNELS.get(anomaly.channel, 'usage')} of {named(anomaly.series)}"
    impact = dollars(money.from_proto(anomaly.impact))
    over = transition is Transition.RESOLVED
    return Message(
        tenant_id=anomaly.tenant_id,
        event_id=event.event_id,
        kind=Kind.ANOMALY,
        severity=_SEVERITIES.get(anomaly.severity, Severity.WARNING),
        title=f"Anomaly over: {what}" if over else f"Anomaly: {what}",
        body=_over(anomaly, impact) if over else _going_on(anomaly, impact),
        event_time=anomaly.end_unix_micros or anomaly.start_unix_micros,
        page="anomalies",
        event=name,
        transition=transition,
        thread=anomaly.name,
        subject=named(anomaly.series),
        team=anomaly.series.get("team", ""),
        labels=dict(anomaly.series),
        figures={"actual": f"{anomaly.actual:,.4g} {anomaly.unit}", "expected": _range(anomaly), "impact": impact},
        advice="" if over else _ADVICE.get(anomaly.channel, ""),
    )


def _over(anomaly: Anomaly, impact: str) -> str:
    why = f" {anomaly.cause.summary}" if anomaly.cause.summary and anomaly.channel != Anomaly.CHANNEL_SILENCE else ""
    return f"Back in its usual range. Impact: {impact}.{why}"


def _digest(event: AnomalyEvent) -> Message:
    """What a day brought: told once, there is nothing to end."""
    anomaly = event.anomaly
    impact = dollars(money.from_proto(anomaly.impact))
    pairs = [
        f"{one.values['user']}: {one.values['model']}, {dollars(money.from_proto(one.cost))}"
        for one in anomaly.novelties[:_DIGEST_LINES]
    ]
    return Message(
        tenant_id=anomaly.tenant_id,
        event_id=event.event_id,
        kind=Kind.ANOMALY,
        severity=Severity.INFO,
        title="People on models new to them",
        body="\n".join([anomaly.summary, *pairs]),
        event_time=anomaly.end_unix_micros,
        page="anomalies",
        event="digest",
        transition=Transition.NOTED,
        thread=anomaly.name,
        subject=named(anomaly.series),
        labels=dict(anomaly.series),
        figures={"impact": impact},
    )


def _going_on(anomaly: Anomaly, impact: str) -> str:
    summary = f"{anomaly.summary}\n" if anomaly.summary else ""
    return f"{summary}{anomaly.actual:,.4g} {anomaly.unit}; expected {_range(anomaly)}. Impact so far: {impact}."


def _range(anomaly: Anomaly) -> str:
    return f"{anomaly.expected_low:,.4g} to {anomaly.expected_high:,.4g}"
