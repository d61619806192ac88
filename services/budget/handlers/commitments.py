"""What is committed for the rest of a period: seats, which cost the same every day until somebody gives them back.

A day's seats are those of the last whole days, as the ledger has them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from services.budget.domain.periods import Window
from services.budget.domain.tracking import BudgetKey, Tracked
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.rounds import Rounds
from services.common.clock import DAY, SECOND, Clock, Micros
from services.common.errors import ApiError
from services.common.log import get_logger
from services.common.money import Picos

log = get_logger(__name__)

DAYS = 2
"""Whole UTC days that are looked at; the one with more seats counts, since the last may not be told completely yet."""
BATCH = 20
"""Budgets read before it is asked again whose turn it is."""

SeatDay = Mapping[str | None, Picos]
"""What a day's seats cost: all of them under None, and by member of a budget that has `per`."""


class SeatCosts(Protocol):
    """The ledger's seats. Raises ApiError where it is away or refuses."""

    async def daily(
        self, tenant_id: str, scope_filter: str, start: Micros, end: Micros, *, per: str
    ) -> Sequence[SeatDay]:
        """Of every UTC day of [start, end) that has seats."""
        ...


class _Known(NamedTuple):
    scope_hash: str
    per: str
    asked: Micros
    day: SeatDay


class Commitments:
    """Keeps what a day's seats of each budget cost."""

    def __init__(
        self,
        catalog: Catalog,
        seats: SeatCosts,
        changes: Changes,
        clock: Clock,
        *,
        refresh_seconds: float,
        concurrency: int,
    ) -> None:
        self._catalog = catalog
        self._seats = seats
        self._changes = changes
        self._clock = clock
        self._refresh: Micros = round(refresh_seconds * SECOND)
        self._slots = asyncio.Semaphore(concurrency)
        self._known: dict[BudgetKey, _Known] = {}
        self._rounds = Rounds(catalog, clock, self._rank, self._forget)

    def committed(self, tracked: Tracked, window: Window, now: Micros, member: str | None = None) -> Picos:
        """Of the UTC days that begin after `now` and within the window. Nothing while the seats have not been read."""
        known = self._known.get(tracked.budget.key)
        if known is None or not _fits(known, tracked):
            return 0
        return known.day.get(member, 0) * _days_to_come(window, now)

    async def run(self) -> None:
        """Reads the seats of the budgets whose turn it is, those not read yet first. A ledger that is away leaves those
        known in place."""
        read = self._catalog.loaded
        while read:
            due = await self._rounds.take(BATCH, _always)
            read = any(await asyncio.gather(*(self._read(tracked) for tracked in due)))

    def _rank(self, tracked: Tracked, now: Micros) -> tuple[int, Micros] | None:
        known = self._known.get(tracked.budget.key)
        if known is None or not _fits(known, tracked):
            return 0, 0
        return (1, known.asked) if now - known.asked > self._refresh else None

    def _forget(self, key: BudgetKey) -> None:
        self._known.pop(key, None)

    async def _read(self, tracked: Tracked) -> bool:
        """Whether the ledger told its seats."""
        budget, per = tracked.budget, tracked.budget.terms.per
        async with self._slots:
            now = self._clock.now()
            today = now - now % DAY
            try:
                days = await self._seats.daily(budget.tenant_id, tracked.filter, today - DAYS * DAY, today, per=per)
            except ApiError as error:
                log.info("a budget keeps the seats it knows", budget=budget.name, error=str(error))
                return False
        if self._catalog.get(*budget.key) is None:
            return True
        day = max(days, key=lambda day: day.get(None, 0), default={})
        before = self._known.get(budget.key)
        self._known[budget.key] = _Known(tracked.scope_hash, per, now, day)
        if day != (before.day if before is not None else {}):
            self._changes.touch(*budget.key)
        return True


def _always(tracked: Tracked, now: Micros) -> bool:
    return True


def _fits(known: _Known, tracked: Tracked) -> bool:
    """Whether it is known of the budget as it is now."""
    return (known.scope_hash, known.per) == (tracked.scope_hash, tracked.budget.terms.per)


def _days_to_come(window: Window, now: Micros) -> int:
    first = -(-max(now, window.start) // DAY)
    return max(0, -(-window.end // DAY) - first)
