"""What is sent next: which deliveries go in one message, and when. Worked out anew from what is open, so that a restart
changes nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.common.clock import Micros
from services.notifier.domain.delivery import Delivery, State
from services.notifier.domain.hours import quiet_until
from services.notifier.domain.message import Severity
from services.notifier.domain.routing import Receiver, Route, Routes

Place = tuple[str, str]
"""Tenant and destination: messages to one place are sent one after another."""


@dataclass(frozen=True)
class Bundle:
    """Deliveries that go in one message, the oldest first."""

    deliveries: tuple[Delivery, ...]
    due: Micros

    @property
    def place(self) -> Place:
        """Where it goes."""
        return place_of(self.deliveries[0])

    @property
    def key(self) -> str:
        """The same at every attempt: once claimed a bundle keeps its deliveries."""
        first = self.deliveries[0]
        if first.bundle:
            return first.bundle
        parts = (*self.place, *(delivery.message.event_id for delivery in self.deliveries))
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Plan:
    """What is to be done with the open deliveries."""

    bundles: tuple[Bundle, ...]
    """The first due first."""
    superseded: tuple[Delivery, ...]
    """An incident whose newer state is due needs no older one."""
    homeless: tuple[Delivery, ...]
    """Their receiver is gone."""


def place_of(delivery: Delivery) -> Place:
    """Where it goes."""
    return delivery.message.tenant_id, delivery.destination


def plan(deliveries: Iterable[Delivery], routes: Routes, now: Micros) -> Plan:
    """Of pending deliveries; others are left out."""
    places: dict[Place, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.state is State.PENDING:
            places[place_of(delivery)].append(delivery)
    bundles: list[Bundle] = []
    superseded: list[Delivery] = []
    homeless: list[Delivery] = []
    for place, waiting in places.items():
        waiting.sort(key=lambda delivery: (delivery.created, delivery.message.event_id))
        found = routes.find(*place)
        if found is None:
            homeless += waiting
            continue
        made = _bundles(waiting, *found)
        if found[1].target.threaded:
            made, older = _latest(made, now)
            superseded += older
        bundles += made
    bundles.sort(key=lambda bundle: (bundle.due, bundle.deliveries[0].created))
    return Plan(tuple(bundles), tuple(superseded), tuple(homeless))


def _bundles(waiting: Sequence[Delivery], route: Route, receiver: Receiver) -> list[Bundle]:
    """Of one place; `waiting` is sorted."""
    gathered: dict[tuple[str, ...], tuple[Micros, list[Delivery]]] = {}
    opened: dict[str, Micros] = {}
    for delivery in waiting:
        name: tuple[str, ...]
        if delivery.bundle:
            name, due = ("claimed", delivery.bundle), delivery.next_attempt
        elif receiver.target.threaded:
            name, due = ("one", delivery.message.event_id), _awake(delivery, route, delivery.created)
        else:
            name, due = _slot(delivery, route, opened)
        gathered.setdefault(name, (due, []))[1].append(delivery)
    return [Bundle(tuple(members), max(due, *(d.next_attempt for d in members))) for due, members in gathered.values()]


def _slot(delivery: Delivery, route: Route, opened: dict[str, Micros]) -> tuple[tuple[str, ...], Micros]:
    critical = delivery.message.severity is Severity.CRITICAL
    if route.digest is not None and not (critical and route.digest.critical_passes):
        due = route.digest.due_after(delivery.created)
        name: tuple[str, ...] = ("digest", str(due))
    elif route.grouping is not None:
        value = route.grouping.value(delivery.message)
        if delivery.created >= opened.get(value, -route.grouping.window) + route.grouping.window:
            opened[value] = delivery.created
        due = opened[value] + route.grouping.window
        name = ("group", value, str(due))
    else:
        due = delivery.created
        name = ("one", delivery.message.event_id)
    awake = _awake(delivery, route, due)
    return (("quiet", str(awake)), awake) if awake > due else (name, due)


def _awake(delivery: Delivery, route: Route, due: Micros) -> Micros:
    return quiet_until(route.quiet_hours, due, delivery.message.severity is Severity.CRITICAL)


def _latest(bundles: Sequence[Bundle], now: Micros) -> tuple[list[Bundle], list[Delivery]]:
    """Of each alert only the newest due bundle, and those that are not due; beside them what that makes needless."""
    newest: dict[str, Delivery] = {}
    for bundle in bundles:
        [delivery] = bundle.deliveries
        if bundle.due <= now:
            newest[delivery.message.alert_id] = delivery
    kept: list[Bundle] = []
    older: list[Delivery] = []
    for bundle in bundles:
        [delivery] = bundle.deliveries
        last = newest.get(delivery.message.alert_id)
        if last is not None and delivery.created <= last.created and delivery is not last:
            older.append(delivery)
        else:
            kept.append(bundle)
    return kept, older
