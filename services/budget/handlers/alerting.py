"""Alerts of thresholds: exactly one for each event at a threshold of a budget's period.

An alert's id follows from what it is about. What was told is known from the alerts topic, which is followed, and from
the archive, which outlives the topic. An alert is published first and archived afterwards; what a crash leaves
unarchived is found in the topic at the next start. One process watches a budget's thresholds: the owner of its home
partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from finops.budget.v1.budget_pb2 import BudgetAlert, ThresholdStatus

from services.budget.domain.alerts import RESET, Reading, Told, alert_of, told_by
from services.budget.domain.periods import Period, Window
from services.budget.domain.terms import Basis, ThresholdRule
from services.budget.domain.thresholds import Event, Firing, Measure, ThresholdKey, burn_measure, due, key_of
from services.budget.domain.tracking import BudgetKey, Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.forecasting import Forecasting
from services.budget.handlers.ports import AlertArchive, AlertLog, Journal, Meters
from services.budget.handlers.standing import Standing, Standings
from services.common.clock import DAY, MINUTE, Clock, Micros
from services.common.errors import UnavailableError

LONGEST_PERIOD: Micros = 366 * DAY
TIMED_PASS: Micros = MINUTE
"""What changes with time alone (forecasts, limits that end) is looked at this often; spend is at once."""
FULL_PASS: Micros = 10 * MINUTE
"""Everybody is looked at this often, whatever changed."""
SLICE = 20
"""Subjects looked at before other work of the process gets its turn."""
TRUSTED_SHARE = 5
"""A forecast from the mean rate alone is believed once a fifth of the period is over."""

Subject = tuple[str, str, str | None]
"""(tenant, budget, member)."""


class Alerting:
    """Watches thresholds and remembers what was told."""

    def __init__(
        self,
        catalog: Catalog,
        standings: Standings,
        forecasting: Forecasting,
        accounts: Accounts,
        journal: Journal,
        archive: AlertArchive,
        alert_log: AlertLog,
        changes: Changes,
        clock: Clock,
        meters: Meters,
    ) -> None:
        self._catalog = catalog
        self._standings = standings
        self._forecasting = forecasting
        self._accounts = accounts
        self._journal = journal
        self._archive = archive
        self._alert_log = alert_log
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self._firings: dict[ThresholdKey, Firing] = {}
        self._fired: set[BudgetKey] = set()
        """Budgets at whose thresholds anything ever happened."""
        self._loaded = False
        self._archived: set[str] = set()
        self._unarchived: dict[str, BudgetAlert] = {}
        self._dirty: set[Subject] = set()
        self._unsure = False
        self._last_timed: Micros = 0
        self._last_full: Micros = 0
        self._generation = -1
        self._altered = catalog.follow()
        self._incomplete: set[BudgetKey] = set()
        """Budgets that were looked at while their sums were not whole."""
        self.wake = asyncio.Event()
        changes.listen(self._notice)

    def _notice(self, tenant_id: str, budget_id: str, member: str | None = None) -> None:
        self._dirty.add((tenant_id, budget_id, member))
        self.wake.set()

    def learn(self, alert: BudgetAlert) -> None:
        """Takes in an alert found in the topic."""
        told = told_by(alert)
        if told is None or not self._take(told, alert.time_unix_micros):
            return
        if alert.alert_id not in self._archived:
            self._unarchived[alert.alert_id] = alert
            self.wake.set()
        self._changes.touch(told.key.tenant_id, told.key.budget_id, told.key.member)

    def thresholds(self, tracked: Tracked, window: Window, member: str | None = None) -> Sequence[ThresholdStatus]:
        """What happened at each of the budget's thresholds in a period. Not to be changed."""
        return [self._happened(key_of(tracked.budget, window, rule, member), untold) for rule, untold in tracked.rules]

    def _happened(self, key: ThresholdKey, untold: ThresholdStatus) -> ThresholdStatus:
        firing = self._firings.get(key)
        if firing is None:
            return untold
        status = ThresholdStatus(crossed_unix_micros=firing.fired, back_below_unix_micros=firing.back_below)
        status.MergeFrom(untold)
        return status

    async def run(self) -> None:
        """Tells what is due and archives it.

        Raises:
            UnavailableError: something is away; what is due stays due.
        """
        if not self._loaded:
            for told, time in await self._archive.load(self._clock.now() - 2 * LONGEST_PERIOD):
                self._take(told, time)
                self._archived.add(told.key.alert_id(told.occurrence, told.event))
            for known in self._archived & self._unarchived.keys():
                del self._unarchived[known]
            self._loaded = True
        if self._unsure:
            # After a publish whose outcome is unknown the topic tells what is in it.
            await self._journal.caught_up()
            self._unsure = False
        await self._tell()
        if self._unarchived:
            alerts = list(self._unarchived.values())
            await self._archive.save(alerts)
            for alert in alerts:
                self._unarchived.pop(alert.alert_id, None)
                self._archived.add(alert.alert_id)

    def _take(self, told: Told, time: Micros) -> bool:
        """Remembers an event. False: it was known."""
        before = self._firings.get(told.key, Firing())
        after = before.after(told.event, told.occurrence, time)
        self._firings[told.key] = after
        self._fired.add((told.key.tenant_id, told.key.budget_id))
        return after != before

    async def _tell(self) -> None:
        now = self._clock.now()
        dirty, self._dirty = self._dirty, set()
        if now - self._last_timed >= TIMED_PASS:
            self._last_timed = now
            dirty |= await self._timed(now)
        alerts: list[BudgetAlert] = []
        for number, subject in enumerate(dirty, start=1):
            alerts += self._due(subject, now)
            if number % SLICE == 0:
                await asyncio.sleep(0)
        if not alerts:
            return
        try:
            await self._alert_log.publish(alerts)
        except UnavailableError:
            self._unsure = True
            self._dirty |= dirty
            raise
        self._meters.alerts(len(alerts))
        for alert in alerts:
            self.learn(alert)

    async def _timed(self, now: Micros) -> set[Subject]:
        """Whose thresholds may be due although no spend of theirs was told. Where a budget has members they are, not
        the whole of it."""
        moved = self._generation != self._accounts.generation
        whole = moved or now - self._last_full >= FULL_PASS
        if whole:
            self._generation, self._last_full = self._accounts.generation, now
        altered, incomplete = set(self._altered), set(self._incomplete)
        self._altered.clear()
        self._incomplete.clear()
        found: set[Subject] = set()
        for number, tracked in enumerate(self._catalog.all(), start=1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            budget, key = tracked.budget, tracked.budget.key
            asked = whole or key in altered or key in incomplete or budget.terms.moves_with_time
            if asked and self._at_home(tracked):
                members = self._standings.names(tracked, now) if budget.terms.per else [None]
                found |= {(*key, member) for member in members}
        return found

    def _at_home(self, tracked: Tracked) -> bool:
        return self._accounts.at_home(tracked.budget.key)

    def _due(self, subject: Subject, now: Micros) -> Iterator[BudgetAlert]:
        tenant_id, budget_id, member = subject
        tracked = self._catalog.get(tenant_id, budget_id)
        if tracked is None or not self._at_home(tracked) or (member is None) != (not tracked.budget.terms.per):
            return
        current = tracked.current(now)
        # A rolling window has no last one: it moved on.
        rolls = tracked.budget.terms.period is Period.ROLLING
        for window in (current,) if rolls else dict.fromkeys((tracked.last, current)):
            standing = self._standings.within(tracked, window, now, member)
            if standing.complete:
                yield from self._crossings(tracked, standing, member, now, current=window == current)
            elif window == current:
                self._incomplete.add(tracked.budget.key)
        yield from self._reset(tracked, member, now)

    def _crossings(
        self, tracked: Tracked, standing: Standing, member: str | None, now: Micros, *, current: bool
    ) -> Iterator[BudgetAlert]:
        budget = tracked.budget
        for rule in budget.terms.rules:
            if rule.basis is not Basis.ACTUAL and not current:
                continue  # What a past period was heading to is known.
            measure = self._measure(rule, tracked, standing, member, now)
            if measure is None:
                continue
            key = key_of(budget, standing.window, rule, member)
            firing = self._firings.get(key, Firing())
            event = due(rule, measure, firing)
            if event is not None:
                occurrence = firing.occurrence + (event is Event.FIRED)
                reading = self._reading(rule, tracked, standing, member, now)
                yield alert_of(budget, rule, Told(key, occurrence, event), reading, now)

    def _measure(
        self, rule: ThresholdRule, tracked: Tracked, standing: Standing, member: str | None, now: Micros
    ) -> Measure | None:
        """What the rule looks at; None: it cannot be told yet."""
        match rule.basis:
            case Basis.ACTUAL:
                return Measure(standing.used, standing.limit)
            case Basis.FORECAST:
                prospect = self._forecasting.of(tracked, standing, now, member)
                window = standing.window
                early = (now - window.start) * TRUSTED_SHARE < window.end - window.start
                if prospect.outlook is None and early:
                    return None
                return Measure(prospect.forecast.expected, standing.limit)
            case Basis.BURN_RATE:
                burned = self._forecasting.burned(tracked, standing, now, member, rule.window_hours)
                return (
                    None if burned is None else burn_measure(burned, rule.window_hours, standing.limit, standing.window)
                )

    def _reset(self, tracked: Tracked, member: str | None, now: Micros) -> Iterator[BudgetAlert]:
        """The start of a period after one in which a threshold fired."""
        last, current, budget = tracked.last, tracked.current(now), tracked.budget
        if last.end != current.start or budget.key not in self._fired:
            return
        key = key_of(budget, current, RESET, member)
        fired = any(self._firings.get(key_of(budget, last, rule, member)) for rule in budget.terms.rules)
        if fired and key not in self._firings:
            standing = self._standings.within(tracked, current, now, member)
            reading = self._reading(RESET, tracked, standing, member, now)
            yield alert_of(budget, RESET, Told(key, 1, Event.FIRED), reading, now)

    def _reading(
        self, rule: ThresholdRule, tracked: Tracked, standing: Standing, member: str | None, now: Micros
    ) -> Reading:
        forecasting = self._forecasting
        prospect = forecasting.of(tracked, standing, now, member)
        burned = forecasting.burned(tracked, standing, now, member, rule.window_hours) if rule.window_hours else 0
        return Reading(
            standing.window,
            member,
            standing.spend,
            standing.used,
            standing.limit,
            burned or 0,
            prospect.message(),
            prospect.exhausted,
        )
