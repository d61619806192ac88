"""Creating, changing and deleting routes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from finops.notification.v1 import notification_pb2 as pb

from services.common.clock import Clock
from services.common.errors import AbortedError, AlreadyExistsError, InvalidArgumentError, NotFoundError
from services.common.paging import Listing, page_size
from services.notifier.domain import receivers, rules
from services.notifier.handlers.ports import RouteStore, SenderFactory, StoredRoute


class Cursor(NamedTuple):
    """Where a page of routes ends."""

    position: int
    route_id: str


class Definitions:
    """The routes' use cases.

    Writes are serialised here and compared with the store's latest version; two replicas that change one route within
    the same few milliseconds may both succeed, and the later version stays.
    """

    def __init__(self, store: RouteStore, factory: SenderFactory, clock: Clock) -> None:
        self._store = store
        self._factory = factory
        self._clock = clock
        self._writing = asyncio.Lock()

    async def create(self, tenant_id: str, wanted: pb.Route, route_id: str) -> pb.Route:
        """A new route; without an id one is chosen.

        Raises:
            InvalidArgumentError, AlreadyExistsError, UnavailableError
        """
        chosen = rules.check_id(route_id) if route_id else f"r-{uuid.uuid4().hex[:16]}"
        async with self._writing:
            before = await self._store.find(tenant_id, chosen)
            if before is not None and not before.deleted:
                raise AlreadyExistsError(f"{rules.NAME_PREFIX}{chosen} exists already: choose another id, or update it")
            return await self._save(tenant_id, chosen, wanted, before)

    async def update(self, tenant_id: str, wanted: pb.Route, paths: Sequence[str]) -> pb.Route:
        """Changes the named fields, or all. Secrets that are left out stay.

        Raises:
            InvalidArgumentError, NotFoundError, AbortedError, UnavailableError
        """
        route_id = rules.id_of(wanted.name, "route.name")
        async with self._writing:
            before = await self._existing(tenant_id, route_id, wanted.etag)
            merged = rules.masked(before.definition, wanted, paths)
            complete = receivers.kept(merged, before.definition, before.secrets)
            return await self._save(tenant_id, route_id, complete, before)

    async def delete(self, tenant_id: str, name: str, etag: str) -> None:
        """Ends a route; what waits for its receivers is given up.

        Raises:
            InvalidArgumentError, NotFoundError, AbortedError, UnavailableError
        """
        route_id = rules.id_of(name)
        async with self._writing:
            before = await self._existing(tenant_id, route_id, etag)
            version = self._next_version(before)
            # Its secrets go with it: once the table's parts are merged only the last row is left.
            await self._store.save(replace(before, secrets={}, version=version, deleted=True))

    async def get(self, tenant_id: str, name: str) -> pb.Route:
        """Raises InvalidArgumentError, NotFoundError, UnavailableError."""
        return (await self._existing(tenant_id, rules.id_of(name), "")).definition

    async def complete(self, tenant_id: str, name: str) -> pb.Route:
        """With its secrets: for sending, never for an answer. Raises as `get` does."""
        found = await self._existing(tenant_id, rules.id_of(name), "")
        return receivers.joined(found.definition, found.secrets)

    async def page(self, tenant_id: str, requested_size: int, page_token: str) -> tuple[Sequence[pb.Route], str]:
        """Routes in the order in which they are tried, and the next page's token.

        Raises:
            InvalidArgumentError, UnavailableError
        """
        size = page_size(requested_size)
        listing = Listing(Cursor, "alert-routes", tenant_id)
        after = listing.after(page_token)
        own = [route for route in await self._store.load() if route.tenant_id == tenant_id]
        own.sort(key=_cursor)
        rest = [route for route in own if after is None or _cursor(route) > after]
        shown, token = listing.page(rest, size, _cursor)
        return [route.definition for route in shown], token

    async def _existing(self, tenant_id: str, route_id: str, etag: str) -> StoredRoute:
        found = await self._store.find(tenant_id, route_id)
        if found is None or found.deleted:
            raise NotFoundError(f"no route '{rules.NAME_PREFIX}{route_id}'")
        if etag and etag != found.definition.etag:
            raise AbortedError(
                f"{rules.NAME_PREFIX}{route_id} was changed meanwhile: read it again and retry with its new etag"
            )
        return found

    async def _save(self, tenant_id: str, route_id: str, wanted: pb.Route, before: StoredRoute | None) -> pb.Route:
        definition = receivers.with_ids(wanted)
        rules.check(definition)
        self._try_receivers(definition)
        version, now = self._next_version(before), self._clock.now()
        definition.name = rules.NAME_PREFIX + route_id
        existed = before is not None and not before.deleted
        definition.create_unix_micros = before.definition.create_unix_micros if before is not None and existed else now
        definition.update_unix_micros = now
        definition.etag = f"{version:x}"
        public, secrets = receivers.split(definition)
        await self._store.save(StoredRoute(tenant_id, route_id, public, secrets, version))
        return public

    def _try_receivers(self, definition: pb.Route) -> None:
        for index, receiver in enumerate(definition.receivers):
            try:
                self._factory.of(receiver)
            except ValueError as error:
                raise InvalidArgumentError.of(f"route.receivers[{index}]", str(error)) from None

    def _next_version(self, before: StoredRoute | None) -> int:
        now = self._clock.now()
        return max(now, before.version + 1) if before is not None else now


def _cursor(route: StoredRoute) -> Cursor:
    return Cursor(route.definition.position, route.route_id)
