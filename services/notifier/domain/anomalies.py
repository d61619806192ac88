"""Anomalies as messages: when they open and when they close, not each hour between."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.common import money
from services.notifier.domain.message import Kind, Message, Severity, dollars, named

_SEVERITIES = {
    Anomaly.SEVERITY_LOW: Severity.INFO,
    Anomaly.SEVERITY_MEDIUM: Severity.WARNING,
    Anomaly.SEVERITY_HIGH: Severity.CRITICAL,
}
_CHANNELS = {
    Anomaly.CHANNEL_COST: "cost",
    Anomaly.CHANNEL_UNIT_COST: "unit cost",
    Anomaly.CHANNEL_SILENCE: "silence",
}


def message(event: AnomalyEvent) -> Message | None:
    """What is told; None for an update. Opening and closing are of one severity, so that who got one gets the other."""
    anomaly = event.anomaly
    what = f"{_CHANNELS.get(anomaly.channel, 'usage')} of {named(anomaly.series)}"
    impact = dollars(money.from_proto(anomaly.impact))
    match event.type:
        case AnomalyEvent.TYPE_OPENED:
            title = f"Anomaly: {what}"
            body = f"{anomaly.summary}\n" if anomaly.summary else ""
            body += (
                f"{anomaly.actual:,.4g} {anomaly.unit}; expected {anomaly.expected_low:,.4g} to "
                f"{anomaly.expected_high:,.4g}. Impact so far: {impact}."
            )
        case AnomalyEvent.TYPE_CLOSED:
            title = f"Anomaly over: {what}"
            body = f"Back in its usual range. Impact: {impact}."
        case _:
            return None
    return Message(
        tenant_id=anomaly.tenant_id,
        event_id=event.event_id,
        kind=Kind.ANOMALY,
        severity=_SEVERITIES.get(anomaly.severity, Severity.WARNING),
        title=title,
        body=body,
        event_time=anomaly.end_unix_micros or anomaly.start_unix_micros,
        page="anomalies",
    )
