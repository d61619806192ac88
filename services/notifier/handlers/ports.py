"""What the handlers need from the outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from finops.notification.v1 import notification_pb2 as pb

from services.common.clock import Micros
from services.notifier.domain.alert import AlertState, Change
from services.notifier.domain.delivery import Attempt, Delivery, Key
from services.notifier.domain.letter import Letter
from services.notifier.domain.receivers import Secrets

AlertKey = tuple[str, str]
"""Tenant and alert id."""


class Deliveries(Protocol):
    """The record of every message to every receiver. Each method raises UnavailableError where it is away."""

    async def known(self, event_ids: Collection[str]) -> set[Key]:
        """Which deliveries of these changes exist."""
        ...

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        """Stores them as they are now, all at once; where it raises, they may have been stored."""
        ...

    async def open(self, created_after: Micros) -> Sequence[Delivery]:
        """Those pending or being sent, the oldest first."""
        ...

    async def of_alert(self, tenant_id: str, alert_id: str) -> Sequence[Delivery]:
        """The oldest first."""
        ...

    async def told(self, alerts: Collection[AlertKey]) -> Mapping[AlertKey, set[str]]:
        """The destinations that heard, or may have heard, or will hear of each."""
        ...


class Changes(Protocol):
    """What happened to alerts. Each method raises UnavailableError where the record is away."""

    async def known(self, change_ids: Collection[str]) -> set[tuple[str, str]]:
        """Tenant and id of those that are recorded."""
        ...

    async def put(self, changes: Sequence[Change]) -> None: ...

    async def of_alerts(self, alerts: Collection[AlertKey]) -> Mapping[AlertKey, Sequence[Change]]: ...

    async def about(self, tenant_id: str, subject: str) -> Collection[str]:
        """Ids of the alerts that are about this and are not resolved."""
        ...

    async def page(
        self, tenant_id: str, state: AlertState | None, before: AlertPosition | None, limit: int, now: Micros
    ) -> Sequence[AlertPosition]:
        """Alerts by creation, the newest first."""
        ...

    async def snoozes_over(self, now: Micros) -> Sequence[tuple[AlertKey, str]]:
        """Alerts whose last change is a snooze that ran out, and that change's id."""
        ...


@dataclass(frozen=True)
class AlertPosition:
    """Where an alert stands in the list."""

    created: Micros
    alert_id: str


@dataclass(frozen=True)
class StoredRoute:
    """A route as it is kept: its definition without secrets, and the secrets."""

    tenant_id: str
    route_id: str
    definition: pb.Route
    secrets: Secrets = field(repr=False)
    version: int
    deleted: bool = False


class RouteStore(Protocol):
    """The routes of every tenant. Each method raises UnavailableError where it is away."""

    async def fingerprint(self) -> object:
        """Changes with every change."""
        ...

    async def load(self) -> Sequence[StoredRoute]:
        """All that are not deleted."""
        ...

    async def find(self, tenant_id: str, route_id: str) -> StoredRoute | None: ...

    async def save(self, route: StoredRoute) -> None: ...


class Sender(Protocol):
    """The way to one receiver."""

    async def send(self, letter: Letter) -> Attempt:
        """One attempt. It raises nothing: whatever happens is an outcome."""
        ...


class SenderFactory(Protocol):
    """Makes senders."""

    def of(self, receiver: pb.Receiver) -> Sender:
        """The way to a receiver that has its secrets.

        Raises:
            ValueError: the receiver cannot be used; says why, without the secrets.
        """
        ...


class Graveyard(Protocol):
    """Where the events of messages go that were given up."""

    async def bury(self, delivery: Delivery) -> None: ...


class Watcher(Protocol):
    """Counts what became of messages."""

    def settled(self, delivery: Delivery) -> None: ...
