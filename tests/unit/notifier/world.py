"""The world around the notifier, in memory: what survives a crash, and processes that can be started anew."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from finops.notification.v1 import notification_pb2 as pb

from services.common.clock import DAY, SECOND, ManualClock, Micros
from services.notifier.domain import receivers
from services.notifier.domain.alert import AlertState, Change, fold
from services.notifier.domain.delivery import OPEN, Attempt, Delivery, Key, Origin, Outcome, Retry
from services.notifier.domain.letter import Letter
from services.notifier.domain.links import Links
from services.notifier.domain.message import Message
from services.notifier.domain.routing import Route
from services.notifier.handlers.alerts import Alerts
from services.notifier.handlers.book import RouteBook
from services.notifier.handlers.definitions import Definitions
from services.notifier.handlers.dispatcher import Dispatcher
from services.notifier.handlers.intake import Intake
from services.notifier.handlers.ports import AlertKey, AlertPosition, Sender, StoredRoute
from services.notifier.handlers.recorder import Recorder
from services.notifier.handlers.sending import Sending
from tests.unit.notifier.samples import ADDRESSES, NOW

ORIGIN = Origin("finops.budget-alerts.v1", 0, 7, b"key", b"value")


@dataclass
class Place:
    """A receiver that keeps what it got."""

    outcomes: list[Attempt] = field(default_factory=list)
    """Of the next attempts; then all are delivered."""
    got: list[Letter] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def send(self, letter: Letter) -> Attempt:
        self.got.append(letter)
        if self.gate is not None:
            await self.gate.wait()
        return self.outcomes.pop(0) if self.outcomes else Attempt(Outcome.DELIVERED)

    @property
    def titles(self) -> list[str]:
        return [letter.title for letter in self.got]


@dataclass
class World:
    """Tables, receivers and the clock."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    changes: dict[tuple[str, str, str], Change] = field(default_factory=dict)
    deliveries: dict[Key, Delivery] = field(default_factory=dict)
    routes: dict[tuple[str, str], StoredRoute] = field(default_factory=dict)
    places: defaultdict[str, Place] = field(default_factory=lambda: defaultdict(Place))
    buried: list[Delivery] = field(default_factory=list)

    def states(self) -> dict[tuple[str, str], str]:
        """Of every delivery, by event and destination."""
        return {(key.event_id, key.destination): made.state.value for key, made in self.deliveries.items()}


class MemoryChanges:
    def __init__(self, world: World) -> None:
        self._world = world

    async def known(self, change_ids: Collection[str]) -> set[tuple[str, str]]:
        return {(c.tenant_id, c.change_id) for c in self._world.changes.values() if c.change_id in change_ids}

    async def put(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._world.changes[change.tenant_id, change.alert_id, change.change_id] = change

    async def of_alerts(self, alerts: Collection[AlertKey]) -> Mapping[AlertKey, Sequence[Change]]:
        found: dict[AlertKey, list[Change]] = defaultdict(list)
        for change in self._world.changes.values():
            if (change.tenant_id, change.alert_id) in alerts:
                found[change.tenant_id, change.alert_id].append(change)
        return found

    async def about(self, tenant_id: str, subject: str) -> Collection[str]:
        told = {c.alert_id for c in self._world.changes.values() if c.message and c.message.subject == subject}
        alerts = {alert_id: await self._alert(tenant_id, alert_id) for alert_id in told}
        return [alert_id for alert_id, state in alerts.items() if state is not AlertState.RESOLVED]

    async def page(
        self, tenant_id: str, state: AlertState | None, before: AlertPosition | None, limit: int, now: Micros
    ) -> Sequence[AlertPosition]:
        found = []
        for key, changes in (await self._all()).items():
            alert = fold(changes, now)
            if key[0] == tenant_id and alert is not None and state in (None, alert.state):
                found.append(AlertPosition(alert.created, key[1]))
        found.sort(key=lambda position: (position.created, position.alert_id), reverse=True)
        return [p for p in found if before is None or (p.created, p.alert_id) < (before.created, before.alert_id)][
            :limit
        ]

    async def snoozes_over(self, now: Micros) -> Sequence[tuple[AlertKey, str]]:
        found = []
        for key, changes in (await self._all()).items():
            last = max(changes, key=lambda change: change.at)
            if last.transition == "snoozed" and last.until <= now:
                found.append((key, last.change_id))
        return found

    async def _all(self) -> Mapping[AlertKey, Sequence[Change]]:
        return await self.of_alerts({(change.tenant_id, change.alert_id) for change in self._world.changes.values()})

    async def _alert(self, tenant_id: str, alert_id: str) -> AlertState | None:
        key = (tenant_id, alert_id)
        alert = fold((await self.of_alerts([key])).get(key, ()), self._world.clock.now())
        return None if alert is None else alert.state


class MemoryDeliveries:
    def __init__(self, world: World) -> None:
        self._world = world

    async def known(self, event_ids: Collection[str]) -> set[Key]:
        return {key for key in self._world.deliveries if key.event_id in event_ids}

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        self._world.deliveries.update({made.key: made for made in deliveries})

    async def open(self, created_after: Micros) -> Sequence[Delivery]:
        return [d for d in self._world.deliveries.values() if d.state in OPEN and d.created >= created_after]

    async def of_alert(self, tenant_id: str, alert_id: str) -> Sequence[Delivery]:
        return [d for d in self._world.deliveries.values() if d.message.alert_id == alert_id]

    async def told(self, alerts: Collection[AlertKey]) -> Mapping[AlertKey, set[str]]:
        found: dict[AlertKey, set[str]] = defaultdict(set)
        for made in self._world.deliveries.values():
            if made.state not in ("stale", "suppressed"):
                found[made.message.tenant_id, made.message.alert_id].add(made.destination)
        return {key: found[key] for key in alerts if key in found}


class MemoryRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def fingerprint(self) -> object:
        return sorted((key, route.version) for key, route in self._world.routes.items())

    async def load(self) -> Sequence[StoredRoute]:
        return [route for route in self._world.routes.values() if not route.deleted]

    async def find(self, tenant_id: str, route_id: str) -> StoredRoute | None:
        return self._world.routes.get((tenant_id, route_id))

    async def save(self, route: StoredRoute) -> None:
        self._world.routes[route.tenant_id, route.route_id] = route


class Places:
    """A factory of receivers that keep what they get, by their summary."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, receiver: pb.Receiver) -> Sender:
        return self._world.places[receivers.summary(receiver)]


class Graves:
    def __init__(self, world: World) -> None:
        self._world = world

    async def bury(self, delivery: Delivery) -> None:
        self._world.buried.append(delivery)


class Nobody:
    def settled(self, delivery: Delivery) -> None: ...


class Process:
    """One notifier."""

    def __init__(self, world: World, *defaults: Route, max_attempts: int = 3) -> None:
        self.world, clock = world, world.clock
        factory, changes, deliveries = Places(world), MemoryChanges(world), MemoryDeliveries(world)
        own = {r.destination: world.places[r.destination] for route in defaults for r in route.receivers}
        self.book = RouteBook(MemoryRoutes(world), factory, defaults, own)
        sending = Sending(
            self.book, deliveries, Graves(world), ADDRESSES, Retry(max_attempts, SECOND, 60 * SECOND), clock
        )
        self.dispatcher = Dispatcher(
            self.book, deliveries, sending, Nobody(), clock, poll_seconds=0.01, drain_seconds=0.01
        )
        recorder = Recorder(changes, deliveries, self.dispatcher, Nobody(), clock)
        self.links = Links({"k": b"k" * 32})
        self.intake = Intake(self.book, changes, deliveries, recorder, clock, DAY)
        self.alerts = Alerts(self.book, changes, deliveries, recorder, self.links, clock)
        self.definitions = Definitions(MemoryRoutes(world), factory, clock)

    async def lead(self) -> None:
        await self.dispatcher.start()
        await self.dispatcher.lead()

    async def stop(self) -> None:
        await self.dispatcher.stop()

    async def take(self, *messages: Message | None) -> None:
        await self.intake.take([(message, ORIGIN) for message in messages if message is not None])

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        """Returns once nothing is on its way that is due now."""
        await asyncio.sleep(0.05)
