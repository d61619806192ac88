"""The routes as they are now, ready for use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from finops.notification.v1 import notification_pb2 as pb

from services.common.log import get_logger
from services.notifier.domain import receivers, rules
from services.notifier.domain.plan import Place
from services.notifier.domain.routing import Route, Routes
from services.notifier.handlers.ports import RouteStore, Sender, SenderFactory, StoredRoute

log = get_logger(__name__)


@dataclass(frozen=True)
class Page:
    """One state of the book."""

    routes: Routes
    stored: Mapping[Place, pb.Receiver]


class RouteBook:
    """Routes that tenants made, read again when they changed; behind them those of the settings."""

    def __init__(
        self, store: RouteStore, factory: SenderFactory, defaults: Sequence[Route], senders: Mapping[str, Sender]
    ) -> None:
        """`senders`: those of the settings' receivers, by destination."""
        self._store = store
        self._factory = factory
        self._defaults = tuple(defaults)
        self._own = dict(senders)
        self._fingerprint: object = None
        self._page = Page(Routes(self._defaults), {})

    async def routes(self) -> Routes:
        """The routes as they are now.

        Raises:
            UnavailableError
        """
        fingerprint = await self._store.fingerprint()
        if fingerprint != self._fingerprint:
            self._page = _page(await self._store.load(), self._defaults)
            self._fingerprint = fingerprint
        return self._page.routes

    def sender(self, place: Place) -> Sender:
        """The way to a place of the routes last given.

        Raises:
            ValueError: it cannot be used; says why.
        """
        receiver = self._page.stored.get(place)
        if receiver is not None:
            return self._factory.of(receiver)
        if place[1] not in self._own:
            raise ValueError("the receiver is gone")
        return self._own[place[1]]


def _page(stored: Sequence[StoredRoute], defaults: Sequence[Route]) -> Page:
    used = [route for route in stored if not route.definition.disabled]
    used.sort(key=lambda route: (route.definition.position, route.route_id))
    compiled: list[Route] = []
    places: dict[Place, pb.Receiver] = {}
    for route in used:
        try:
            compiled.append(rules.compiled(route.tenant_id, route.definition))
        except (ValueError, KeyError) as error:
            # A later version stored what this one does not know: its other routes still work.
            log.error("route cannot be used", tenant=route.tenant_id, route=route.route_id, error=str(error))
            continue
        for receiver in receivers.joined(route.definition, route.secrets).receivers:
            places[route.tenant_id, f"{route.definition.name}/{receiver.id}"] = receiver
    return Page(Routes([*compiled, *defaults]), places)
