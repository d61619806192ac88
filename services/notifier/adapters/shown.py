"""Alerts as the API shows them."""

from __future__ import annotations

from finops.notification.v1 import notification_pb2 as pb

from services.notifier.domain.alert import Alert, AlertState, Change
from services.notifier.domain.delivery import OPEN, Delivery, Outcome
from services.notifier.handlers.alerts import NAME_PREFIX, Detail
from services.notifier.handlers.trial import Result

_STATES = {
    AlertState.FIRING: pb.Notification.STATE_FIRING,
    AlertState.ACKNOWLEDGED: pb.Notification.STATE_ACKNOWLEDGED,
    AlertState.SNOOZED: pb.Notification.STATE_SNOOZED,
    AlertState.RESOLVED: pb.Notification.STATE_RESOLVED,
}


def act_state(state: int) -> AlertState | None:
    """The state that is asked for; None: all."""
    return next((ours for ours, theirs in _STATES.items() if theirs == state), None)


def notification(alert: Alert) -> pb.Notification:
    """Without changes and deliveries."""
    message = alert.message
    return pb.Notification(
        name=NAME_PREFIX + message.alert_id,
        kind=message.name,
        severity=int(message.severity),  # type: ignore[arg-type]  # numbered alike
        state=_STATES[alert.state],
        title=message.title,
        body=message.body,
        team=message.team,
        labels=message.labels,
        subject=message.subject,
        create_unix_micros=alert.created,
        update_unix_micros=alert.updated,
        snooze_until_unix_micros=alert.snoozed_until,
        actor=alert.actor,
    )


def detailed(detail: Detail) -> pb.Notification:
    """With all that happened to it."""
    shown = notification(detail.alert)
    shown.changes.extend(map(_change, detail.changes))
    shown.deliveries.extend(map(_delivery, detail.deliveries))
    return shown


def result(found: Result) -> pb.TestResult:
    """What a receiver answered to a test."""
    return pb.TestResult(
        receiver_id=found.receiver_id,
        delivered=found.attempt.outcome is Outcome.DELIVERED,
        answer=found.answer,
        duration_micros=found.duration,
    )


def _change(change: Change) -> pb.Change:
    return pb.Change(
        transition=change.transition.value,
        time_unix_micros=change.at,
        actor=change.actor,
        comment=change.comment,
        title=change.message.title if change.message is not None else "",
        snooze_until_unix_micros=change.until,
    )


def _delivery(delivery: Delivery) -> pb.Delivery:
    return pb.Delivery(
        receiver=delivery.destination,
        state=delivery.state.value,
        attempts=delivery.attempts,
        last_error=delivery.detail,
        create_unix_micros=delivery.created,
        update_unix_micros=delivery.updated,
        next_attempt_unix_micros=delivery.next_attempt if delivery.state in OPEN else 0,
        transition=delivery.message.transition.value,
    )
