"""Makes changes and their deliveries durable, then has them sent."""

from __future__ import annotations

from collections.abc import Sequence

from services.common.clock import Clock, Micros
from services.notifier.domain.alert import Change
from services.notifier.domain.delivery import Delivery, State
from services.notifier.handlers.dispatcher import Dispatcher
from services.notifier.handlers.ports import Changes, Deliveries, Watcher


class Recorder:
    """A change whose deliveries are recorded is known; one that is not known is taken again."""

    def __init__(
        self, changes: Changes, deliveries: Deliveries, dispatcher: Dispatcher, watcher: Watcher, clock: Clock
    ) -> None:
        self._changes = changes
        self._deliveries = deliveries
        self._dispatcher = dispatcher
        self._watcher = watcher
        self._clock = clock
        self._last: Micros = 0

    def next_moment(self) -> Micros:
        """Now, and later than the moment before, so that changes keep their order."""
        self._last = max(self._clock.now(), self._last + 1)
        return self._last

    async def record(self, changes: Sequence[Change], deliveries: Sequence[Delivery]) -> None:
        """Deliveries first: a crash after them leaves changes that are taken again, and find their deliveries made.

        Raises:
            UnavailableError: the record is away.
        """
        made = await self._deliveries.known({d.message.event_id for d in deliveries}) if deliveries else set()
        fresh = [delivery for delivery in deliveries if delivery.key not in made]
        if fresh:
            await self._deliveries.put(fresh)
        await self._changes.put(changes)
        for delivery in fresh:
            if delivery.state is not State.PENDING:
                self._watcher.settled(delivery)
        self._dispatcher.add([delivery for delivery in fresh if delivery.state is State.PENDING])
