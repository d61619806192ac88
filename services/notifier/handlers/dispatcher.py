"""Sends what is due. A component; of several notifiers only the one that leads does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from services.common.clock import MINUTE, SECOND, Clock, Micros
from services.common.component import Health
from services.common.errors import ApiError
from services.common.log import get_logger
from services.notifier.domain.delivery import OPEN, Delivery, Key, State
from services.notifier.domain.plan import Bundle, Place, plan
from services.notifier.domain.routing import Routes
from services.notifier.handlers.book import RouteBook
from services.notifier.handlers.ports import Deliveries, Watcher
from services.notifier.handlers.sending import Sending

log = get_logger(__name__)

_INSERT_DELAY: Micros = 5 * MINUTE
"""A row another process made may become visible so long after its time."""


class Dispatcher:
    """Keeps what is open in mind, plans it anew whenever something changes, and sends to each place one at a time."""

    def __init__(
        self,
        book: RouteBook,
        deliveries: Deliveries,
        sending: Sending,
        watcher: Watcher,
        clock: Clock,
        poll_seconds: float,
        drain_seconds: float,
    ) -> None:
        """`poll_seconds`: how soon what other processes recorded is seen; `drain_seconds`: how long a message under
        way is waited for."""
        self.name = "dispatcher"
        self._book = book
        self._deliveries = deliveries
        self._sending = sending
        self._watcher = watcher
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._drain_seconds = drain_seconds
        self._open: dict[Key, Delivery] = {}
        self._met: dict[Key, Micros] = {}
        self._busy: dict[Place, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._leading = False
        self._seen: Micros = 0
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""

    @property
    def leading(self) -> bool:
        """Whether this process sends."""
        return self._leading

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        await self.resign()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def health(self) -> Health:
        ended = self._task is not None and self._task.done()
        return Health(ready=not ended, alive=not ended, detail="the dispatcher ended" if ended else self._trouble)

    async def lead(self) -> None:
        """Takes over: what is pending is sent; what was being sent is sent again only where that does no harm.

        Raises:
            UnavailableError: the record is away.
        """
        routes = await self._book.routes()
        started = self._clock.now()
        self._open.clear()
        own = self._sending.under_way()
        found = [delivery for delivery in await self._deliveries.open(0) if delivery.key not in own]
        interrupted = [
            delivery.interrupted(_repeatable(routes, delivery), self._clock.now())
            for delivery in found
            if delivery.state is State.SENDING
        ]
        await self._settle(interrupted)
        self._met = dict.fromkeys(own, started)
        self._leading, self._seen = True, started
        self.add([delivery for delivery in found if delivery.state is State.PENDING])
        self._wake.set()

    async def resign(self) -> None:
        """Stops sending: returns once nothing is under way, or after `drain_seconds`."""
        self._leading = False
        self._open.clear()
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=self._drain_seconds)

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Has them sent. They are in the record already; where another process leads, it finds them there."""
        if not self._leading:
            return
        for delivery in deliveries:
            # One that was met before may be sent by now: what the table showed, or the caller made, can be older.
            if delivery.key not in self._met:
                self._met[delivery.key] = delivery.created
                self._open[delivery.key] = delivery
                self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = self._poll_seconds
            if self._leading:
                try:
                    wait = await self._round()
                    self._trouble = ""
                except Exception as error:
                    self._trouble = str(error) or type(error).__name__
                    log.warning(
                        "deliveries wait", error=self._trouble, exc_info=None if isinstance(error, ApiError) else error
                    )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _round(self) -> float:
        """Sends what is due; returns in how many seconds to look again."""
        await self._look()
        if not self._open:
            return self._poll_seconds
        routes = await self._book.routes()
        now = self._clock.now()
        under_way = self._sending.under_way()
        planned = plan((d for d in self._open.values() if d.key not in under_way), routes, now)
        await self._settle([d.suppressed(now, "a later message took its place") for d in planned.superseded])
        await self._settle([d.abandoned(now, "its receiver is gone, or its route disabled") for d in planned.homeless])
        wait = self._poll_seconds
        for bundle in planned.bundles:
            if bundle.due > now:
                wait = min(wait, (bundle.due - now) / SECOND)
            elif self._leading and bundle.place not in self._busy:
                self._begin(bundle, routes)
        return wait

    async def _look(self) -> None:
        """Finds what other processes recorded."""
        now = self._clock.now()
        if now - self._seen < self._poll_seconds * SECOND:
            return
        since = self._seen - _INSERT_DELAY
        self.add([d for d in await self._deliveries.open(since) if d.state is State.PENDING])
        self._seen = now
        # What is older is not read again.
        self._met = {key: created for key, created in self._met.items() if created >= since or key in self._open}

    def _begin(self, bundle: Bundle, routes: Routes) -> None:
        task = asyncio.create_task(self._send(bundle, routes))
        self._busy[bundle.place] = task

    async def _send(self, bundle: Bundle, routes: Routes) -> None:
        try:
            for after in await self._sending.send(bundle, routes):
                self._note(after)
        except Exception as error:
            # Whether it was sent is unknown here; the record says, and is asked when somebody takes over.
            log.error("message not processed", destination=bundle.place[1], exc_info=error)
            for delivery in bundle.deliveries:
                self._open.pop(delivery.key, None)
        finally:
            del self._busy[bundle.place]
            self._wake.set()

    async def _settle(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            await self._deliveries.put(deliveries)
            for delivery in deliveries:
                self._note(delivery)

    def _note(self, delivery: Delivery) -> None:
        if delivery.state in OPEN:
            self._open[delivery.key] = delivery
        else:
            self._open.pop(delivery.key, None)
            self._watcher.settled(delivery)


def _repeatable(routes: Routes, delivery: Delivery) -> bool:
    found = routes.find(delivery.message.tenant_id, delivery.destination)
    return found is not None and found[1].target.repeatable
