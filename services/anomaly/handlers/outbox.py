"""Tells each transition once: what the table knows is not told again, and what could not be told waits."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent, Cause

from services.anomaly.domain.alarms import Transition
from services.anomaly.domain.whole import WITHOUT_CAUSE, explained
from services.anomaly.handlers.ports import Archive, Outlet, ReadThrough
from services.common.clock import HOUR, Clock, Micros
from services.common.money import from_proto

_OPENED, _UPDATED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_UPDATED, AnomalyEvent.TYPE_CLOSED
NEWS = 0.25
"""A cause is looked up again once the impact has changed by this share of what it was."""


@dataclass
class Waiting:
    """What is to be told of one anomaly."""

    since: Micros
    through: ReadThrough | None
    """How far costs had been read."""
    by_type: dict[AnomalyEvent.Type, Transition] = field(default_factory=dict)
    cause: Cause | None = None
    settled: bool = False
    """Its cause was looked up, or need not be."""

    @property
    def anomaly(self) -> Anomaly:
        """As it stands now."""
        return max(self.by_type.values(), key=lambda transition: transition.hour).anomaly


class Outbox:
    """Produces first and stores then. A crash in between tells the same event again, under the same id.

    Somebody may look up the cause of what waits and `settle` it; after `patience` it is told without.
    """

    def __init__(self, archive: Archive, outlet: Outlet, clock: Clock, patience: Micros = 0) -> None:
        self._archive = archive
        self._outlet = outlet
        self._clock = clock
        self._patience = patience
        self._told: dict[str, Anomaly] = {}
        self._waiting: dict[str, Waiting] = {}
        self._explained: dict[str, int] = {}
        """Impacts for which a cause was looked up."""
        self._telling = asyncio.Lock()

    def remember(self, told: Iterable[Anomaly]) -> None:
        """What the table holds: none of it is news. Forgets what it knew, and what was waiting: it will come again."""
        self._told = {anomaly.name: anomaly for anomaly in told}
        self._waiting = {}
        self._explained = {}

    def put(self, transitions: Iterable[Transition], through: ReadThrough | None = None) -> None:
        """Takes what is news; of several updates the last."""
        for transition in transitions:
            if self._is_news(transition):
                name = transition.anomaly.name
                waiting = self._waiting.setdefault(name, Waiting(self._clock.now(), through))
                waiting.by_type[transition.type] = transition
                waiting.through = through
                waiting.settled = not self._calls_for_a_cause(transition)

    def __len__(self) -> int:
        return len(self._waiting)

    # --- causes -----------------------------------------------------------------------------------------------------

    @property
    def unsettled(self) -> Sequence[Waiting]:
        """What waits for its cause, the longest first."""
        return sorted((one for one in self._waiting.values() if not one.settled), key=lambda one: one.since)

    @property
    def unexplained(self) -> Sequence[Anomaly]:
        """What was told without a cause, and was not looked up since."""
        return [
            anomaly
            for name, anomaly in self._told.items()
            if not anomaly.HasField("cause")
            and name not in self._explained
            and name not in self._waiting
            and anomaly.channel not in WITHOUT_CAUSE
        ]

    def known(self, tenant: str) -> Sequence[Anomaly]:
        """Every anomaly of a tenant, told or waiting."""
        found = self._told | {name: waiting.anomaly for name, waiting in self._waiting.items()}
        return [anomaly for anomaly in found.values() if anomaly.tenant_id == tenant]

    def settle(self, waiting: Waiting, anomaly: Anomaly, cause: Cause | None) -> None:
        """The cause of what waits, as it stood in `anomaly`; None: there is none to be found."""
        if self._waiting.get(anomaly.name) is not waiting:
            # Told meanwhile: it is filled in later.
            return
        self._explained[anomaly.name] = from_proto(anomaly.impact)
        waiting.cause = cause
        waiting.settled = waiting.anomaly is anomaly

    async def fill_in(self, anomaly: Anomaly, cause: Cause | None) -> None:
        """The cause of what was told without one. It is stored, and told with whatever is told next.

        Raises:
            UnavailableError: ClickHouse is away.
        """
        async with self._telling:
            self._explained[anomaly.name] = from_proto(anomaly.impact)
            if cause is None or self._told.get(anomaly.name) is not anomaly:
                return
            filled = explained(anomaly, cause)
            filled.update_unix_micros = max(self._clock.now(), anomaly.update_unix_micros + 1)
            await self._archive.save([filled])
            self._told[anomaly.name] = filled

    # --- telling ----------------------------------------------------------------------------------------------------

    async def flush(self) -> None:
        """Tells what is waiting, apart from what waits for its cause.

        Raises:
            UnavailableError: Kafka or ClickHouse is away; everything keeps waiting.
        """
        async with self._telling:
            before = self._clock.now() - self._patience
            due = [one for one in self._waiting.values() if one.settled or one.since <= before]
            if not due:
                return
            told = {one.anomaly.name: (dict(one.by_type), one.cause) for one in due}
            events = [self._event(transition, one.cause) for one in due for transition in _in_order(one.by_type)]
            await self._outlet.publish(events)
            latest = {event.anomaly.name: event.anomaly for event in events}
            await self._archive.save(list(latest.values()))
            self._told |= latest
            for name, (by_type, cause) in told.items():
                self._let_go(name, by_type, cause)

    def forget_before(self, hour: int) -> None:
        """Drops what closed before that hour: history no longer reaches there."""
        self._told = {
            name: anomaly
            for name, anomaly in self._told.items()
            if anomaly.state == Anomaly.STATE_OPEN or anomaly.end_unix_micros > hour * HOUR
        }
        self._explained = {name: impact for name, impact in self._explained.items() if name in self._told}

    def _let_go(self, name: str, told: dict[AnomalyEvent.Type, Transition], cause: Cause | None) -> None:
        """What came meanwhile keeps waiting; a cause that came meanwhile is looked up again."""
        waiting = self._waiting.get(name)
        if waiting is None:
            return
        if waiting.cause is not cause:
            self._explained.pop(name, None)
        kept = {kind: one for kind, one in waiting.by_type.items() if told.get(kind) is not one}
        if kept:
            waiting.by_type, waiting.since = kept, self._clock.now()
        else:
            del self._waiting[name]

    def _is_news(self, transition: Transition) -> bool:
        told = self._told.get(transition.anomaly.name)
        if told is None:
            return True
        if told.state == Anomaly.STATE_CLOSED or transition.type == _OPENED:
            return False
        return transition.type == _CLOSED or transition.anomaly.end_unix_micros > told.end_unix_micros

    def _calls_for_a_cause(self, transition: Transition) -> bool:
        if transition.anomaly.channel in WITHOUT_CAUSE:
            return False
        before = self._explained.get(transition.anomaly.name)
        if before is None or transition.type == _OPENED:
            return True
        return abs(from_proto(transition.anomaly.impact) - before) > NEWS * abs(before)

    def _event(self, transition: Transition, cause: Cause | None) -> AnomalyEvent:
        told = self._told.get(transition.anomaly.name)
        if cause is None and told is not None and told.HasField("cause"):
            cause = told.cause
        anomaly = explained(transition.anomaly, cause)
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
