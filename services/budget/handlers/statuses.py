"""A budget's status, from memory alone, and the stream of its changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from finops.budget.v1.budget_pb2 import BudgetStatus, ThresholdStatus

from services.budget.domain.budget import to_proto
from services.budget.domain.forecast.run_rate import run_rate
from services.budget.domain.holds import Holds
from services.budget.domain.thresholds import alert_id
from services.budget.domain.tracking import Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.definitions import Definitions
from services.common import money
from services.common.clock import Clock


class Statuses:
    """Answers how much of a budget is used."""

    def __init__(
        self,
        definitions: Definitions,
        catalog: Catalog,
        accounts: Accounts,
        alerting: Alerting,
        holds: Holds,
        changes: Changes,
        clock: Clock,
        *,
        coalesce_seconds: float,
    ) -> None:
        self._definitions = definitions
        self._catalog = catalog
        self._accounts = accounts
        self._alerting = alerting
        self._holds = holds
        self._changes = changes
        self._clock = clock
        self._coalesce_seconds = coalesce_seconds

    def status(self, tracked: Tracked) -> BudgetStatus:
        """The budget's current period."""
        budget, now = tracked.budget, self._clock.now()
        window = tracked.current(now)
        total = self._accounts.total(tracked.key(window))
        spend = total.actual + total.shadow
        held = self._holds.held(budget.tenant_id, budget.budget_id)
        return BudgetStatus(
            budget=to_proto(budget),
            period_start_unix_micros=window.start,
            period_end_unix_micros=window.end,
            actual=money.to_proto(total.actual),
            shadow=money.to_proto(total.shadow),
            held=money.to_proto(held),
            remaining=money.to_proto(budget.terms.amount - spend - held),
            forecast=money.to_proto(run_rate(spend, window, now)),
            used_ratio=spend / budget.terms.amount,
            thresholds=[
                ThresholdStatus(
                    percent=percent, crossed_unix_micros=self._alerting.fired_at(alert_id(budget, window, percent))
                )
                for percent in budget.terms.thresholds
            ],
            rebuilding=not total.complete,
            update_unix_micros=self._changes.time_of(budget.tenant_id, budget.budget_id) or budget.updated,
        )

    def get(self, tenant_id: str, name: str) -> BudgetStatus:
        """Raises InvalidArgumentError, NotFoundError, UnavailableError."""
        return self.status(self._tracked(tenant_id, name))

    async def watch(self, tenant_id: str, names: Collection[str]) -> AsyncIterator[BudgetStatus]:
        """The status of these budgets, or all of the tenant's, now and after each change; changes in quick succession
        come as one. Ends when the process stops; a budget that is deleted falls silent.

        Raises:
            InvalidArgumentError, NotFoundError, UnavailableError
        """
        self._catalog.require_loaded()
        named = {self._tracked(tenant_id, name).budget.budget_id for name in names}
        with self._changes.watching(tenant_id) as watcher:
            sent: dict[str, BudgetStatus] = {}
            pending = named or {tracked.budget.budget_id for tracked in self._catalog.of_tenant(tenant_id)}
            while not watcher.closed:
                for budget_id in sorted(pending):
                    tracked = self._catalog.get(tenant_id, budget_id)
                    status = self.status(tracked) if tracked is not None else None
                    if status is not None and not _same(status, sent.get(budget_id)):
                        sent[budget_id] = status
                        yield status
                changed = await watcher.take()
                await asyncio.sleep(self._coalesce_seconds)
                pending = changed & named if named else changed

    def _tracked(self, tenant_id: str, name: str) -> Tracked:
        budget = self._definitions.get(tenant_id, name)
        tracked = self._catalog.get(tenant_id, budget.budget_id)
        assert tracked is not None
        return tracked


def _same(new: BudgetStatus, old: BudgetStatus | None) -> bool:
    """Whether nothing but the time went on: the forecast falls with every moment that brings no spend."""
    if old is None:
        return False
    compared = BudgetStatus()
    compared.CopyFrom(new)
    compared.update_unix_micros = old.update_unix_micros
    compared.forecast.CopyFrom(old.forecast)
    return compared == old
