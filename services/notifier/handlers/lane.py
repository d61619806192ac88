"""The queue of one destination: a slow destination delays its own messages only."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Collection
from itertools import count

from services.common.clock import SECOND, Clock, Micros
from services.common.errors import UnavailableError
from services.common.log import get_logger
from services.notifier.domain.delivery import Key, Notification, Retry, State
from services.notifier.handlers.ports import Graveyard, Notifications, Sender, Source, Watcher

log = get_logger(__name__)

_STORE_AWAY: Micros = SECOND


class Lane:
    """Sends one message at a time, the longest due first."""

    def __init__(
        self, sender: Sender, store: Notifications, graveyard: Graveyard, watcher: Watcher, retry: Retry, clock: Clock
    ) -> None:
        self._sender = sender
        self._store = store
        self._graveyard = graveyard
        self._watcher = watcher
        self._retry = retry
        self._clock = clock
        self._heap: list[tuple[Micros, int, Notification]] = []
        self._keys: set[Key] = set()
        self._order = count()
        self._changed = asyncio.Event()
        self._sending: Notification | None = None
        self._requeue = True
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, notification: Notification) -> None:
        """Queues it, unless it is queued."""
        if notification.key not in self._keys and not self._is_sending(notification):
            self._push(notification, notification.next_attempt)

    def drop(self, sources: Collection[Source] | None = None) -> None:
        """Forgets what came from these partitions, or everything; the record keeps it."""
        kept = [entry for entry in self._heap if sources is not None and _source(entry[2]) not in sources]
        self._heap = kept
        heapq.heapify(self._heap)
        self._keys = {entry[2].key for entry in kept}
        if self._sending is not None and (sources is None or _source(self._sending) in sources):
            # Its next attempt belongs to whoever reads the partition then.
            self._requeue = False

    async def idle(self) -> None:
        """Returns once nothing is being sent."""
        await self._idle.wait()

    async def work(self) -> None:
        """Sends what is due, for ever."""
        while True:
            notification = await self._next_due()
            self._idle.clear()
            self._sending, self._requeue = notification, True
            try:
                await self._attempt(notification)
            except Exception as error:
                # Whether it was sent is unknown here, so it is not queued again; the record says `sending`.
                log.error("notification not processed", destination=notification.destination, exc_info=error)
            finally:
                self._sending = None
                self._idle.set()

    async def _next_due(self) -> Notification:
        while True:
            self._changed.clear()
            if self._heap:
                wait = (self._heap[0][0] - self._clock.now()) / SECOND
                if wait <= 0:
                    notification = heapq.heappop(self._heap)[2]
                    self._keys.discard(notification.key)
                    return notification
            else:
                wait = None
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _attempt(self, notification: Notification) -> None:
        claimed = notification.claimed(self._clock.now())
        try:
            await self._store.put([claimed])
        except UnavailableError as error:
            log.warning("message waits for the record", destination=notification.destination, error=str(error))
            now = self._clock.now()
            self._push_again(claimed.unclaimed(now), now + _STORE_AWAY)
            return
        attempt = await self._sender.send(claimed)
        after = claimed.after(attempt, self._retry, self._clock.now())
        if after.state is State.FAILED:
            await self._graveyard.bury(after)
        await self._mark(after)
        if after.state is State.PENDING:
            log.warning(
                "message not delivered yet", destination=after.destination, attempts=after.attempts, reason=after.detail
            )
            self._push_again(after, after.next_attempt)
        else:
            self._watcher.settled(after)

    async def _mark(self, notification: Notification) -> None:
        while True:
            try:
                await self._store.put([notification])
            except UnavailableError:
                await asyncio.sleep(_STORE_AWAY / SECOND)
            else:
                return

    def _push_again(self, notification: Notification, due: Micros) -> None:
        if self._requeue:
            self._push(notification, due)

    def _push(self, notification: Notification, due: Micros) -> None:
        heapq.heappush(self._heap, (due, next(self._order), notification))
        self._keys.add(notification.key)
        self._changed.set()

    def _is_sending(self, notification: Notification) -> bool:
        return self._sending is not None and self._sending.key == notification.key


def _source(notification: Notification) -> Source:
    return notification.origin.topic, notification.origin.partition
