"""Sends one bundle: claims it, hands it over, writes down what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.common.clock import SECOND, Clock, Micros
from services.common.errors import UnavailableError
from services.common.log import get_logger
from services.notifier.domain.delivery import Attempt, Delivery, Key, Outcome, Retry, State
from services.notifier.domain.letter import Addresses, compose
from services.notifier.domain.plan import Bundle
from services.notifier.domain.routing import Receiver, Route, Routes
from services.notifier.handlers.book import RouteBook
from services.notifier.handlers.ports import Deliveries, Graveyard

log = get_logger(__name__)

_RECORD_AWAY: Micros = SECOND


class Sending:
    """One attempt at a time for each bundle."""

    def __init__(
        self,
        book: RouteBook,
        deliveries: Deliveries,
        graveyard: Graveyard,
        addresses: Addresses,
        retry: Retry,
        clock: Clock,
    ) -> None:
        self._book = book
        self._deliveries = deliveries
        self._graveyard = graveyard
        self._addresses = addresses
        self._retry = retry
        self._clock = clock
        self._under_way: set[Key] = set()

    def under_way(self) -> frozenset[Key]:
        """What this process is sending now."""
        return frozenset(self._under_way)

    async def send(self, bundle: Bundle, routes: Routes) -> Sequence[Delivery]:
        """One attempt; returns the deliveries as they are after it. What is not settled then is due again later."""
        keys = {delivery.key for delivery in bundle.deliveries}
        self._under_way |= keys
        try:
            return await self._attempt(bundle, routes)
        finally:
            self._under_way -= keys

    async def _attempt(self, bundle: Bundle, routes: Routes) -> Sequence[Delivery]:
        claimed = [delivery.claimed(bundle.key, self._clock.now()) for delivery in bundle.deliveries]
        try:
            await self._deliveries.put(claimed)
        except UnavailableError as error:
            # Nothing is sent that is not marked: it would be sent again after a crash.
            log.warning("message waits for the record", destination=bundle.place[1], error=str(error))
            now = self._clock.now()
            return [delivery.unclaimed(now, now + _RECORD_AWAY) for delivery in claimed]
        found = routes.find(*bundle.place)
        repeatable = found is not None and found[1].target.repeatable
        attempt = await self._hand_over(bundle, found)
        after = [delivery.after(attempt, self._retry, repeatable, self._clock.now()) for delivery in claimed]
        for delivery in after:
            if delivery.state is State.FAILED:
                await self._graveyard.bury(delivery)
        await self._mark(after)
        if after[0].state is State.PENDING:
            log.warning(
                "message not delivered yet",
                destination=bundle.place[1],
                attempts=after[0].attempts,
                reason=attempt.detail,
            )
        return after

    async def _hand_over(self, bundle: Bundle, found: tuple[Route, Receiver] | None) -> Attempt:
        if found is None:
            return Attempt(Outcome.REJECTED, "its receiver is gone")
        try:
            sender = self._book.sender(bundle.place)
        except ValueError as error:
            return Attempt(Outcome.REJECTED, str(error))
        try:
            return await sender.send(compose(bundle, found[0], self._addresses))
        except Exception as error:
            # It may have sent all the same. Its error may quote secrets: only the type is told.
            return Attempt(Outcome.UNCERTAIN, type(error).__name__)

    async def _mark(self, deliveries: Sequence[Delivery]) -> None:
        while True:
            try:
                await self._deliveries.put(deliveries)
            except UnavailableError:
                await asyncio.sleep(_RECORD_AWAY / SECOND)
            else:
                return
