"""An alert: what its changes, in the order in which they came, make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.common.clock import Micros
from services.notifier.domain.message import Message, Transition


class AlertState(StrEnum):
    """Where an alert stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


STATES = {
    Transition.FIRED: AlertState.FIRING,
    Transition.REMINDED: AlertState.FIRING,
    Transition.NOTED: AlertState.RESOLVED,
    Transition.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
    Transition.SNOOZED: AlertState.SNOOZED,
    Transition.RESOLVED: AlertState.RESOLVED,
}
"""What each transition leaves the alert in; UPDATED leaves it as it was."""


@dataclass(frozen=True)
class Change:
    """Something that happened to an alert. Changes are only added, so that two processes never overwrite each other."""

    tenant_id: str
    alert_id: str
    change_id: str
    """The event's id; for what a person did, an id of its own."""
    transition: Transition
    at: Micros
    message: Message | None = None
    """What an event told."""
    actor: str = ""
    """Who did it; empty: an event."""
    comment: str = ""
    until: Micros = 0
    """SNOOZED: until when."""


@dataclass(frozen=True)
class Alert:
    """An alert as its changes left it."""

    message: Message
    """What was last told of it."""
    state: AlertState
    created: Micros
    updated: Micros
    snoozed_until: Micros = 0
    actor: str = ""

    @property
    def open(self) -> bool:
        """Not resolved."""
        return self.state is not AlertState.RESOLVED

    def silences(self, message: Message) -> bool:
        """True where a person wants to hear no more of it, unless it grew worse."""
        quiet = self.state in (AlertState.SNOOZED, AlertState.ACKNOWLEDGED)
        return quiet and message.transition is Transition.UPDATED and message.severity <= self.message.severity


def fold(changes: Sequence[Change], now: Micros) -> Alert | None:
    """The alert; None where nothing was ever told of it. A snooze that ran out leaves it firing."""
    ordered = sorted(changes, key=lambda change: (change.at, change.change_id))
    told = [change.message for change in ordered if change.message is not None]
    if not told:
        return None
    state, until, actor = AlertState.FIRING, 0, ""
    for change in ordered:
        if change.transition in STATES:
            state, until, actor = STATES[change.transition], change.until, change.actor
    if state is AlertState.SNOOZED and until <= now:
        state, until = AlertState.FIRING, 0
    return Alert(told[-1], state, ordered[0].at, ordered[-1].at, until, actor)
