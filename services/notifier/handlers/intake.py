"""Takes events in: each becomes at most one notification for each destination."""

from __future__ import annotations

from collections.abc import Sequence

from services.common.clock import Clock, Micros
from services.notifier.domain import delivery, routing
from services.notifier.domain.delivery import Key, Notification, Origin, State
from services.notifier.domain.message import Message
from services.notifier.domain.routing import Route
from services.notifier.handlers.courier import Courier
from services.notifier.handlers.ports import Notifications, Watcher


class Intake:
    """Records what is to be sent, then has it sent."""

    def __init__(
        self,
        routes: Sequence[Route],
        store: Notifications,
        courier: Courier,
        watcher: Watcher,
        clock: Clock,
        max_age: Micros,
    ) -> None:
        self._routes = routes
        self._store = store
        self._courier = courier
        self._watcher = watcher
        self._clock = clock
        self._max_age = max_age

    async def take(self, messages: Sequence[tuple[Message, Origin]]) -> None:
        """Returns once every new notification is recorded; delivery goes on by itself.

        Raises:
            UnavailableError: the record is away.
        """
        now = self._clock.now()
        wanted: dict[Key, Notification] = {}
        for message, origin in messages:
            for destination in routing.destinations(self._routes, message):
                notification = delivery.fresh(message, destination, origin, now, self._max_age)
                wanted.setdefault(notification.key, notification)
        if not wanted:
            return
        known = await self._store.known({key.event_id for key in wanted})
        fresh = [notification for key, notification in wanted.items() if key not in known]
        if fresh:
            await self._store.put(fresh)
        for notification in fresh:
            if notification.state is State.STALE:
                self._watcher.settled(notification)
        await self._courier.deliver([n for n in fresh if n.state is State.PENDING])
