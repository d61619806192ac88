"""Who hears of a change, given what they heard before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from services.common.clock import Micros
from services.notifier.domain.alert import Alert, Change
from services.notifier.domain.message import Message, Transition
from services.notifier.domain.routing import Receiver, Routes, Target


@dataclass(frozen=True)
class Telling:
    """What a message does, and who hears of it."""

    message: Message
    receivers: tuple[Receiver, ...]
    silenced: bool = False
    """Somebody acknowledged or snoozed the alert and it grew no worse: recorded, not sent."""


def of_event(message: Message, alert: Alert | None, routes: Routes, told: Collection[str]) -> Telling:
    """Of an event. `told`: the destinations that heard of the alert before."""
    if message.transition is Transition.UPDATED and (alert is None or message.severity > alert.message.severity):
        # It grew worse, or its beginning was never seen: that is news for everybody.
        message = replace(message, transition=Transition.FIRED)
    routed = routes.receivers(message)
    match message.transition:
        case Transition.NOTED:
            receivers = [r for r in routed if not r.target.threaded]
        case Transition.UPDATED:
            receivers = [r for r in _together(routed, _known(routes, message, told)) if r.target.threaded]
        case Transition.RESOLVED:
            receivers = _together(routed, _known(routes, message, told))
        case _:
            receivers = routed
    if alert is not None and not alert.open and message.transition in (Transition.UPDATED, Transition.RESOLVED):
        receivers = []
    return Telling(message, tuple(receivers), alert is not None and alert.silences(message))


def of_person(message: Message, routes: Routes, told: Collection[str]) -> Telling:
    """Of what a person did: machines that keep the alert's state hear of it, people do not."""
    receivers = [r for r in _known(routes, message, told) if r.target.threaded or r.target is Target.WEBHOOK]
    return Telling(message, tuple(receivers))


def of_ending(message: Message, routes: Routes, told: Collection[str]) -> Telling:
    """Of an alert that ended because its budget's period did: people hear of the new period, not of each alert."""
    return Telling(message, tuple(r for r in _known(routes, message, told) if r.target.threaded))


def ending(alert: Alert, by: Message) -> Message:
    """The end of an alert of an earlier period."""
    return replace(
        alert.message,
        event_id=f"{by.event_id}/{alert.message.alert_id}",
        transition=Transition.RESOLVED,
        title=f"Over: {alert.message.title}",
        body=by.title + ".",
        event_time=by.event_time,
        facts=(),
        advice="",
    )


def reminder(alert: Alert, change_id: str, now: Micros) -> Message:
    """A snooze ran out, and the alert goes on."""
    return replace(
        alert.message,
        event_id=change_id,
        transition=Transition.REMINDED,
        title=f"Still going on: {alert.message.title}",
        event_time=now,
    )


def act(alert: Alert, change: Change) -> Message:
    """What a person did, as told to machines."""
    return replace(
        alert.message,
        event_id=change.change_id,
        transition=change.transition,
        title=f"{change.transition.capitalize()}: {alert.message.title}",
        body=f"By {change.actor}.{' ' + change.comment if change.comment else ''}",
        event_time=change.at,
        facts=(),
        advice="",
    )


def _known(routes: Routes, message: Message, told: Collection[str]) -> list[Receiver]:
    found = (routes.find(message.tenant_id, destination) for destination in sorted(told))
    return [place[1] for place in found if place is not None]


def _together(*lists: Iterable[Receiver]) -> list[Receiver]:
    return list(dict.fromkeys(receiver for receivers in lists for receiver in receivers))
