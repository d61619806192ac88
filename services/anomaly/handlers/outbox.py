"""Tells each transition once: what the table knows is not told again, and what could not be told waits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent

from services.anomaly.domain.alarms import Transition
from services.anomaly.handlers.ports import Archive, Outlet
from services.common.clock import HOUR, Clock

_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED


class Outbox:
    """Produces first and stores then. A crash in between tells the same event again, under the same id."""

    def __init__(self, archive: Archive, outlet: Outlet, clock: Clock) -> None:
        self._archive = archive
        self._outlet = outlet
        self._clock = clock
        self._told: dict[str, Anomaly] = {}
        self._waiting: dict[str, dict[AnomalyEvent.Type, Transition]] = {}

    def remember(self, told: Iterable[Anomaly]) -> None:
        """What the table holds: none of it is news. Forgets what it knew, and what was waiting: it will come again."""
        self._told = {anomaly.name: anomaly for anomaly in told}
        self._waiting = {}

    def put(self, transitions: Iterable[Transition]) -> None:
        """Takes what is news; of several updates the last."""
        for transition in transitions:
            if self._is_news(transition):
                self._waiting.setdefault(transition.anomaly.name, {})[transition.type] = transition

    def __len__(self) -> int:
        return len(self._waiting)

    async def flush(self) -> None:
        """Tells what is waiting.

        Raises:
            UnavailableError: Kafka or ClickHouse is away; everything keeps waiting.
        """
        if not self._waiting:
            return
        waiting = list(self._waiting.values())
        events = [self._event(transition) for by_type in waiting for transition in _in_order(by_type)]
        await self._outlet.publish(events)
        latest = {event.anomaly.name: event.anomaly for event in events}
        await self._archive.save(list(latest.values()))
        self._told |= latest
        self._waiting = {}

    def forget_before(self, hour: int) -> None:
        """Drops what closed before that hour: history no longer reaches there."""
        self._told = {
            name: anomaly
            for name, anomaly in self._told.items()
            if anomaly.state == Anomaly.STATE_OPEN or anomaly.end_unix_micros > hour * HOUR
        }

    def _is_news(self, transition: Transition) -> bool:
        told = self._told.get(transition.anomaly.name)
        if told is None:
            return True
        if told.state == Anomaly.STATE_CLOSED or transition.type == _OPENED:
            return False
        return transition.type == _CLOSED or transition.anomaly.end_unix_micros > told.end_unix_micros

    def _event(self, transition: Transition) -> AnomalyEvent:
        anomaly = Anomaly()
        anomaly.CopyFrom(transition.anomaly)
        told = self._told.get(anomaly.name)
        now = self._clock.now()
        anomaly.create_unix_micros = now if told is None else told.create_unix_micros
        anomaly.update_unix_micros = now
        return AnomalyEvent(event_id=event_id(transition), type=transition.type, anomaly=anomaly)


def event_id(transition: Transition) -> str:
    """The same for the same anomaly and transition; an update is told apart by the hour that brought it."""
    hour = transition.hour if transition.type == _UPDATED else ""
    identity = f"{transition.anomaly.tenant_id}\x1f{transition.anomaly.name}\x1f{transition.type}\x1f{hour}"
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()


def _in_order(by_type: dict[AnomalyEvent.Type, Transition]) -> Sequence[Transition]:
    kinds = (_OPENED, _CLOSED) if _CLOSED in by_type else (_OPENED, _UPDATED)
    return [by_type[kind] for kind in kinds if kind in by_type]
