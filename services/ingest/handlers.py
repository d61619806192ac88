"""What happens to a request's items: each decoded or rejected on its own, the accepted ones made durable together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.common.clock import Clock
from services.common.dimensions import BOOKED_SOURCES
from services.common.errors import PayloadTooLargeError, ResourceExhaustedError
from services.ingest.domain.attribution import Attribution
from services.ingest.domain.cardinality import TagGuard
from services.ingest.domain.client_network import leave_prefix
from services.ingest.domain.context import Context
from services.ingest.domain.identity import Event, seal
from services.ingest.domain.rate_limit import RateLimit
from services.ingest.domain.rejection import Reason, Rejected
from services.ingest.domain.sources import Source
from services.ingest.domain.times import TimeWindow

MAX_EVENTS = 50_000
"""What the items of one request may stand for: one item may be the seat of many days."""
_SLICE = 500
"""Events made before others get their turn: about 10 ms."""


class DurableLog(Protocol):
    """Where accepted events go."""

    async def append(self, events: Sequence[Event]) -> None:
        """Returns once they are durable, or raises UnavailableError."""
        ...


@dataclass(frozen=True)
class Caller:
    """Whose request it is."""

    tenant_id: str
    key_id: str
    key_name: str = ""


@dataclass(frozen=True)
class Refusal:
    """One item that was not accepted."""

    index: int
    rejected: Rejected


@dataclass(frozen=True)
class Receipt:
    """What became of a request's items."""

    accepted: int
    refusals: Sequence[Refusal]
    dropped_fields: int
    overflowed_tags: int = 0


@dataclass(frozen=True)
class TimeLimits:
    """How old an event may be, and how far ahead of our clock."""

    max_age_days: int
    max_ahead_seconds: int


class Intake:
    """Takes events in."""

    def __init__(
        self,
        log: DurableLog,
        clock: Clock,
        times: TimeLimits,
        rate_limit: RateLimit | None,
        tag_guard: TagGuard | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._times = times
        self._rate_limit = rate_limit
        self._tag_guard = tag_guard

    async def take(self, source: Source, items: Sequence[object], caller: Caller, attribution: Attribution) -> Receipt:
        """Decodes the items and returns once the accepted ones are durable. An item may be a Rejected already.

        Raises:
            ResourceExhaustedError: the key is over its rate; nothing was accepted.
            PayloadTooLargeError: the items stand for too many events; nothing was accepted.
            UnavailableError: they could not be made durable; nothing counts as accepted.
        """
        now = self._clock.now()
        if self._rate_limit is not None:
            wait = self._rate_limit.wait(caller.key_id, len(items), now)
            if wait:
                raise ResourceExhaustedError("this API key sends more events than it may", retry_after_seconds=wait)
        window = TimeWindow.at(
            now, max_age_days=self._times.max_age_days, max_ahead_seconds=self._times.max_ahead_seconds
        )
        context = Context(caller.tenant_id, now, window, attribution, caller.key_name, alone=len(items) == 1)
        events: list[Event] = []
        refusals: list[Refusal] = []
        overflowed = 0
        rested = 0
        for index, item in enumerate(items):
            if len(events) + len(refusals) - rested >= _SLICE:
                rested = len(events) + len(refusals)
                await asyncio.sleep(0)
            try:
                if isinstance(item, Rejected):
                    raise item
                for event in (source.decode(item, context), *context.also):
                    if event is None:
                        continue
                    # Under such a name it could change what people or the platform booked.
                    if event.source in BOOKED_SOURCES and not source.by_hand:
                        raise Rejected(Reason.INVALID, "source", f"{event.source!r} is reserved: use another name")
                    if event.tags:
                        leave_prefix(event.tags)
                    if self._tag_guard is not None and event.tags:
                        overflowed += self._tag_guard.apply(caller.tenant_id, event.tags, now)
                    events.append(seal(event, now))
                context.also.clear()
                if len(events) > MAX_EVENTS:
                    raise PayloadTooLargeError(f"these are more than {MAX_EVENTS} events: send them in parts")
            except Rejected as rejected:
                refusals.append(Refusal(index, rejected))
        if events:
            await self._log.append(events)
        return Receipt(len(events), refusals, context.dropped_fields, overflowed)
