"""Where every budget is heading: its past is asked of the ledger now and then, its forecast told from memory.

A forecast is spend so far, exact and live, plus what the hours ahead usually cost. Members of a budget that has `per`,
and budgets whose past has not been read yet, go on at their mean rate.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from finops.budget.v1.budget_pb2 import SpendForecast

from services.budget.domain.budget import Budget
from services.budget.domain.forecast.run_rate import run_rate
from services.budget.domain.periods import Period, Window
from services.budget.domain.tracking import BudgetKey, Tracked
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import Meters
from services.budget.handlers.rounds import Rounds
from services.budget.handlers.standing import Standing, Standings
from services.common import money
from services.common.background import Background
from services.common.clock import DAY, HOUR, MINUTE, SECOND, Clock, Micros
from services.common.errors import ApiError
from services.common.forecast.hours import HourlySpend
from services.common.forecast.outlook import Forecast, Outlook, outlook_of
from services.common.log import get_logger
from services.common.money import Picos

log = get_logger(__name__)

HISTORY: Micros = 16 * 7 * DAY
"""How much of the past a forecast rests on; half of it only to test it."""
DAY_HOURS = 24
GROWTH = 2
"""The past is read again early once the period's spend differs by half from what it was then."""
BATCH = 20
"""Forecasts made before it is asked again whose turn it is. Each takes some milliseconds."""


class SpendHistory(Protocol):
    """The ledger's hours. Raises ApiError where it is away or refuses."""

    async def hourly(self, tenant_id: str, scope_filter: str, start: Micros, end: Micros) -> HourlySpend:
        """Spend, unpriced usage at its shadow price included, of every hour of [start, end); `start` is a full hour,
        and the last hour may be under way."""
        ...


class Prospect(NamedTuple):
    """What is expected of a budget's period."""

    forecast: Forecast
    outlook: Outlook | None
    """What the forecast rests on; None: the mean rate so far."""
    exhausted: Micros | None
    """When the limit is used up; None: not within the period."""

    def message(self) -> SpendForecast:
        """As the API shows it."""
        return message_of(self.forecast, self.outlook)

    def tell(self, message: SpendForecast) -> None:
        """The same, written into an empty message."""
        tell(self.forecast, self.outlook, message)


@dataclass(frozen=True)
class _Past:
    """What the ledger said of a budget."""

    scope_hash: str
    window: Window
    asked: Micros
    spend: Picos
    """The period's spend when it was asked."""
    history: HourlySpend
    """Whole hours."""
    this_hour: float
    """Spend of the hour under way when it was asked, picodollars."""
    outlook: Outlook | None

    def outgrown(self, standing: Standing, now: Micros) -> bool:
        """Whether much of the period's spend was told only since, as in an import of old usage."""
        grown = abs(standing.spend - self.spend) * GROWTH > self.spend
        return grown and standing.window == self.window and now - self.asked > MINUTE


class Forecasting:
    """Keeps each budget's outlook."""

    def __init__(
        self,
        catalog: Catalog,
        standings: Standings,
        history: SpendHistory,
        changes: Changes,
        clock: Clock,
        meters: Meters,
        *,
        refresh_seconds: float,
        concurrency: int,
        processor_share: float,
    ) -> None:
        self._catalog = catalog
        self._standings = standings
        self._history = history
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self._refresh: Micros = round(refresh_seconds * SECOND)
        self._slots = asyncio.Semaphore(concurrency)
        self._background = Background(processor_share)
        self._pasts: dict[tuple[str, str], _Past] = {}
        self._wanted: dict[tuple[str, str], Micros] = {}
        """When somebody last asked."""
        self._outgrown: set[BudgetKey] = set()
        self._rounds = Rounds(catalog, clock, self._rank, self._forget)

    # --- asking -----------------------------------------------------------------------------------------------------

    def of(self, tracked: Tracked, standing: Standing, now: Micros, member: str | None = None) -> Prospect:
        """Where the standing's period is heading."""
        past = None if member is not None else self._past(tracked, now)
        if past is not None and past.outgrown(standing, now):
            self._outgrown.add(tracked.budget.key)
            self._rounds.hasten(tracked.budget.key)
        if past is None or past.outlook is None:
            return _at_mean_rate(standing, now)
        if _rolls(tracked.budget):
            return Prospect(past.outlook.forecast(0, now), past.outlook, None)
        forecast = past.outlook.forecast(standing.spend, now)
        return Prospect(forecast, past.outlook, past.outlook.exhausted(standing.spend, standing.limit, now))

    def burned(
        self, tracked: Tracked, standing: Standing, now: Micros, member: str | None = None, hours: int = DAY_HOURS
    ) -> Picos | None:
        """Spend of the last `hours`; None of a member, and while the past has not been read."""
        past = None if member is not None else self._past(tracked, now)
        if past is None:
            return None
        since = standing.spend - past.spend
        if past.window != standing.window:
            # A period that began since starts from nothing; of a rolling window it cannot be told until the past is
            # read again.
            since = 0 if _rolls(tracked.budget) else standing.spend
        return round(past.history.between(now - hours * HOUR, now) + past.this_hour) + since

    def _past(self, tracked: Tracked, now: Micros) -> _Past | None:
        budget = tracked.budget
        key = budget.key
        self._wanted[key] = now
        past = self._pasts.get(key)
        return past if past is not None and past.scope_hash == tracked.scope_hash else None

    # --- keeping up -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Reads the past of the budgets whose turn it is, those asked for of late first. A ledger that is away leaves
        the last outlook in place."""
        read = self._catalog.loaded
        while read:
            due = await self._rounds.take(BATCH, self._possible)
            read = any(await asyncio.gather(*(self._read(tracked) for tracked in due)))

    def _rank(self, tracked: Tracked, now: Micros) -> tuple[int, Micros] | None:
        key = tracked.budget.key
        past = self._pasts.get(key)
        idle = now - self._wanted.get(key, 0) > 2 * self._refresh
        if past is None:
            return idle, 0
        patience = 0 if key in self._outgrown else self._refresh * (6 if idle else 1)
        return (idle, past.asked) if not _fits(past, tracked, now) or now - past.asked > patience else None

    def _possible(self, tracked: Tracked, now: Micros) -> bool:
        """A past is told against the period's spend, which is not known while it is rebuilt."""
        return self._standings.of(tracked, now).complete

    def _forget(self, key: BudgetKey) -> None:
        self._pasts.pop(key, None)
        self._wanted.pop(key, None)
        self._outgrown.discard(key)
        self._meters.forecasts(len(self._pasts))

    async def _read(self, tracked: Tracked) -> bool:
        """Whether the ledger told its past."""
        budget = tracked.budget
        async with self._slots:
            now = self._clock.now()
            window = tracked.current(now)
            spend = self._standings.of(tracked, now).spend
            try:
                hours = await self._history.hourly(budget.tenant_id, tracked.filter, now - now % HOUR - HISTORY, now)
            except ApiError as error:
                log.info("a budget keeps its last forecast", budget=budget.name, error=str(error))
                return False
        past, this_hour = cut(hours, now)
        end = past.end + (window.end - window.start) if _rolls(budget) else window.end
        # Of some thousand hours this takes longer than a decision may wait.
        outlook = await self._background.run(outlook_of, past, end, budget.terms.time_zone)
        key = budget.key
        if self._catalog.get(*key) is None:
            return True
        self._pasts[key] = _Past(tracked.scope_hash, window, now, spend, past, this_hour, outlook)
        self._outgrown.discard(key)
        self._meters.forecasts(len(self._pasts))
        self._changes.touch(*key)
        return True


def _fits(past: _Past, tracked: Tracked, now: Micros) -> bool:
    """Whether it is the past of the budget as it is now."""
    if past.scope_hash != tracked.scope_hash:
        return False
    return not _rolls(tracked.budget) or past.window == tracked.current(now)


def message_of(forecast: Forecast, outlook: Outlook | None) -> SpendForecast:
    """As the API shows it; without an interval its bounds are left out.

    Args:
        forecast: of a whole period.
        outlook: what it rests on; None: the mean rate so far.
    """
    message = SpendForecast()
    tell(forecast, outlook, message)
    return message


def tell(forecast: Forecast, outlook: Outlook | None, message: SpendForecast) -> None:
    """The same, written into an empty message."""
    money.put(message.expected, forecast.expected)
    if outlook is None:
        message.method, message.past_error = "run-rate", math.nan
        return
    message.method, message.history_hours = outlook.method, outlook.history_hours
    interval = outlook.interval
    if interval is None:
        message.past_error = math.nan
        return
    money.put(message.low, forecast.low)
    money.put(message.high, forecast.high)
    message.coverage, message.past_error = interval.coverage, interval.past_error
    message.tested_hours = interval.tested_hours


def cut(hours: HourlySpend, now: Micros) -> tuple[HourlySpend, float]:
    """The whole hours since spend began, and what was spent in the hour under way."""
    whole = (now - hours.start) // HOUR
    this_hour = float(hours.values[whole:].sum())
    values = hours.values[:whole]
    spent = np.flatnonzero(values)
    first = int(spent[0]) if len(spent) else whole
    return HourlySpend(hours.start + first * HOUR, values[first:]), this_hour


def _rolls(budget: Budget) -> bool:
    """A rolling window has no end that spend could be heading to: its forecast is that of the next such window."""
    return budget.terms.period is Period.ROLLING


def _at_mean_rate(standing: Standing, now: Micros) -> Prospect:
    expected = run_rate(standing.spend, standing.window, now)
    exhausted = None
    if standing.spend >= standing.limit:
        exhausted = now
    elif expected > standing.limit:
        ahead = (standing.window.end - now) * (standing.limit - standing.spend) // (expected - standing.spend)
        exhausted = now + ahead
    return Prospect(Forecast(expected, expected, expected), None, exhausted)
