"""Delivers notifications, each destination on a lane of its own. A component."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from services.common.clock import Clock
from services.common.component import Health
from services.notifier.domain.delivery import Notification, Retry, State
from services.notifier.handlers.lane import Lane
from services.notifier.handlers.ports import Graveyard, Notifications, Sender, Source, Watcher


class Courier:
    """Whoever reads a partition delivers what came from it; so no two processes send the same message."""

    def __init__(
        self,
        senders: Mapping[str, Sender],
        store: Notifications,
        graveyard: Graveyard,
        watcher: Watcher,
        retry: Retry,
        clock: Clock,
        drain_seconds: float,
    ) -> None:
        """`drain_seconds` is how long a message under way is waited for."""
        self.name = "courier"
        self._store = store
        self._watcher = watcher
        self._clock = clock
        self._drain_seconds = drain_seconds
        self._lanes = {name: Lane(sender, store, graveyard, watcher, retry, clock) for name, sender in senders.items()}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(lane.work()) for lane in self._lanes.values()]

    async def stop(self) -> None:
        for lane in self._lanes.values():
            lane.drop()
        await self._drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def health(self) -> Health:
        dead = [task for task in self._tasks if task.done()]
        return Health(ready=not dead, alive=not dead, detail="a lane ended" if dead else "")

    async def resume(self, sources: Collection[Source]) -> None:
        """Takes over these partitions: what was pending is sent; what was being sent is uncertain.

        Raises:
            UnavailableError: the record is away.
        """
        found = await self._store.open(sources)
        interrupted = [n.interrupted(self._clock.now()) for n in found if n.state is State.SENDING]
        await self._settle(interrupted)
        await self.deliver([n for n in found if n.state is State.PENDING])

    async def release(self, sources: Collection[Source]) -> None:
        """Gives these partitions up: returns once nothing of theirs is under way, or after `drain_seconds`."""
        for lane in self._lanes.values():
            lane.drop(sources)
        await self._drain()

    async def deliver(self, notifications: Sequence[Notification]) -> None:
        """Queues them. They are in the record already.

        Raises:
            UnavailableError: the record is away, and one of them is for a destination that is gone.
        """
        now = self._clock.now()
        orphans = [n for n in notifications if n.destination not in self._lanes]
        await self._settle([n.abandoned(now, "the destination is no longer configured") for n in orphans])
        for notification in notifications:
            if notification.destination in self._lanes:
                self._lanes[notification.destination].add(notification)

    async def _settle(self, notifications: Sequence[Notification]) -> None:
        if notifications:
            await self._store.put(notifications)
            for notification in notifications:
                self._watcher.settled(notification)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._drain_seconds):
                await asyncio.gather(*(lane.idle() for lane in self._lanes.values()))
        except TimeoutError:
            return
