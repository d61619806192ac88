"""Takes events in: each becomes a change of an alert, and at most one delivery for each receiver."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.common.clock import Clock, Micros
from services.notifier.domain import delivery, telling
from services.notifier.domain.alert import Alert, Change, fold
from services.notifier.domain.delivery import Delivery, Origin, State
from services.notifier.domain.message import Message
from services.notifier.domain.routing import Routes
from services.notifier.domain.telling import Telling
from services.notifier.handlers.book import RouteBook
from services.notifier.handlers.ports import AlertKey, Changes, Deliveries
from services.notifier.handlers.recorder import Recorder

Event = tuple[Message, Origin]


@dataclass
class _Known:
    """What is known of the alerts of a batch, its own events included."""

    changes: dict[AlertKey, list[Change]]
    told: dict[AlertKey, set[str]]

    def alert(self, key: AlertKey, now: Micros) -> Alert | None:
        return fold(self.changes.get(key, []), now)

    def destinations(self, key: AlertKey) -> set[str]:
        return self.told.setdefault(key, set())


class Intake:
    """Records what is to be sent, then has it sent."""

    def __init__(
        self,
        book: RouteBook,
        changes: Changes,
        deliveries: Deliveries,
        recorder: Recorder,
        clock: Clock,
        max_age: Micros,
    ) -> None:
        self._book = book
        self._changes = changes
        self._deliveries = deliveries
        self._recorder = recorder
        self._clock = clock
        self._max_age = max_age

    async def take(self, events: Sequence[Event]) -> None:
        """Returns once everything new is recorded; delivery goes on by itself.

        Raises:
            UnavailableError: the record is away.
        """
        wanted = {(message.tenant_id, message.event_id): (message, origin) for message, origin in reversed(events)}
        seen = await self._changes.known({event_id for _, event_id in wanted}) if wanted else set()
        fresh = [event for identity, event in reversed(wanted.items()) if identity not in seen]
        if not fresh:
            return
        routes = await self._book.routes()
        known = await self._known(fresh)
        changes: list[Change] = []
        made: list[Delivery] = []
        for message, origin in fresh:
            for told in [self._event(message, known, routes), *await self._endings(message, known, routes)]:
                change = self._change(told)
                known.changes.setdefault(_key(told.message), []).append(change)
                changes.append(change)
                made += self._made(told, origin, known)
        await self._recorder.record(changes, made)

    async def _known(self, events: Sequence[Event]) -> _Known:
        keys = {_key(message) for message, _ in events}
        changes, told = await self._changes.of_alerts(keys), await self._deliveries.told(keys)
        return _Known({key: list(found) for key, found in changes.items()}, {k: set(v) for k, v in told.items()})

    def _event(self, message: Message, known: _Known, routes: Routes) -> Telling:
        key = _key(message)
        return telling.of_event(message, known.alert(key, self._clock.now()), routes, known.destinations(key))

    async def _endings(self, message: Message, known: _Known, routes: Routes) -> list[Telling]:
        """The ends of alerts of earlier periods, where a new one began."""
        if not message.ends_earlier:
            return []
        ids = await self._changes.about(message.tenant_id, message.subject)
        keys = {(message.tenant_id, alert_id) for alert_id in ids}
        await self._learn(keys - known.changes.keys(), known)
        now = self._clock.now()
        found = ((key, known.alert(key, now)) for key in sorted(keys))
        return [
            telling.of_ending(telling.ending(alert, message), routes, known.destinations(key))
            for key, alert in found
            if alert is not None and alert.open and alert.message.period_start < message.period_start
        ]

    async def _learn(self, keys: Collection[AlertKey], known: _Known) -> None:
        if keys:
            known.changes.update({k: list(v) for k, v in (await self._changes.of_alerts(keys)).items()})
            known.told.update({k: set(v) for k, v in (await self._deliveries.told(keys)).items()})

    def _change(self, told: Telling) -> Change:
        message = told.message
        return Change(
            message.tenant_id,
            message.alert_id,
            message.event_id,
            message.transition,
            self._recorder.next_moment(),
            message,
        )

    def _made(self, told: Telling, origin: Origin, known: _Known) -> list[Delivery]:
        now = self._clock.now()
        made = []
        for receiver in told.receivers:
            fresh = delivery.fresh(told.message, receiver.destination, origin, now, self._max_age)
            if told.silenced and fresh.state is State.PENDING:
                fresh = fresh.suppressed(now, "acknowledged or snoozed, and it grew no worse")
            made.append(fresh)
            if fresh.state is State.PENDING:
                known.destinations(_key(told.message)).add(receiver.destination)
        return made


def _key(message: Message) -> AlertKey:
    return message.tenant_id, message.alert_id
