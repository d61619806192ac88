"""Threshold alerts: exactly one for each budget, period and threshold.

An alert's id follows from what it is about. The ids that were fired are known from the alerts topic, which is
followed, and from the archive, which outlives the topic. An alert is published first and archived afterwards; what a
crash leaves unarchived is found in the topic at the next start. One process watches a budget's thresholds: the owner
of its home partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from finops.budget.v1.budget_pb2 import BudgetAlert

from services.budget.domain.budget import NAME_PREFIX, to_proto
from services.budget.domain.thresholds import alert_id, crossed
from services.budget.domain.tracking import Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import AlertArchive, AlertLog, Journal, Meters
from services.common import money
from services.common.clock import DAY, Clock, Micros
from services.common.errors import UnavailableError

LONGEST_PERIOD: Micros = 366 * DAY


class Alerting:
    """Watches thresholds and remembers what was fired."""

    def __init__(
        self,
        catalog: Catalog,
        accounts: Accounts,
        journal: Journal,
        archive: AlertArchive,
        alert_log: AlertLog,
        changes: Changes,
        clock: Clock,
        meters: Meters,
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._journal = journal
        self._archive = archive
        self._alert_log = alert_log
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self._fired: dict[str, Micros] = {}
        self._archived: set[str] | None = None
        self._unarchived: dict[str, BudgetAlert] = {}
        self._dirty: set[tuple[str, str]] = set()
        self._unsure = False
        self.wake = asyncio.Event()
        changes.listen(self._notice)

    def _notice(self, tenant_id: str, budget_id: str) -> None:
        self._dirty.add((tenant_id, budget_id))
        self.wake.set()

    def learn(self, alert: BudgetAlert) -> None:
        """Takes in an alert found in the topic."""
        if alert.alert_id not in self._fired:
            self._fired[alert.alert_id] = alert.time_unix_micros
            if self._archived is None or alert.alert_id not in self._archived:
                self._unarchived[alert.alert_id] = alert
                self.wake.set()
            self._changes.touch(alert.tenant_id, alert.budget.name.removeprefix(NAME_PREFIX))

    def fired_at(self, alert: str) -> Micros:
        """When the alert of this id was fired; 0: not yet."""
        return self._fired.get(alert, 0)

    async def run(self) -> None:
        """Fires what is due and archives it.

        Raises:
            UnavailableError: something is away; what is due stays due.
        """
        if self._archived is None:
            found = await self._archive.load(self._clock.now() - 2 * LONGEST_PERIOD)
            self._fired = {**found, **self._fired}
            self._archived = set(found)
            for known in self._archived & self._unarchived.keys():
                del self._unarchived[known]
        if self._unsure:
            # After a publish whose outcome is unknown the topic tells what is in it.
            await self._journal.caught_up()
            self._unsure = False
        await self._fire()
        if self._unarchived:
            alerts = list(self._unarchived.values())
            await self._archive.save(alerts)
            for alert in alerts:
                self._unarchived.pop(alert.alert_id, None)
                self._archived.add(alert.alert_id)

    async def _fire(self) -> None:
        dirty, self._dirty = self._dirty, set()
        due = [alert for key in dirty for alert in self._due(*key)]
        if not due:
            return
        try:
            await self._alert_log.publish(due)
        except UnavailableError:
            self._unsure = True
            self._dirty |= dirty
            raise
        self._meters.alerts(len(due))
        for alert in due:
            self.learn(alert)

    def _due(self, tenant_id: str, budget_id: str) -> Iterator[BudgetAlert]:
        tracked = self._catalog.get(tenant_id, budget_id)
        partitions = self._journal.partitions
        if tracked is None or not partitions or tracked.budget.home(partitions) not in self._accounts.owned:
            return
        yield from self._crossings(tracked)

    def _crossings(self, tracked: Tracked) -> Iterator[BudgetAlert]:
        budget, now = tracked.budget, self._clock.now()
        current = tracked.current(now)
        for window in (tracked.last, current):
            total = self._accounts.total(tracked.key(window))
            if not total.complete:
                continue
            spend = total.actual + total.shadow
            for percent in crossed(budget, spend):
                identity = alert_id(budget, window, percent)
                if identity not in self._fired:
                    yield BudgetAlert(
                        alert_id=identity,
                        tenant_id=budget.tenant_id,
                        kind=BudgetAlert.KIND_THRESHOLD_CROSSED,
                        budget=to_proto(budget),
                        threshold_percent=percent,
                        period_start_unix_micros=window.start,
                        period_end_unix_micros=window.end,
                        spend=money.to_proto(spend),
                        time_unix_micros=now,
                    )
