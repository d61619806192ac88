"""A budget's status, from memory alone, and the stream of its changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection

from finops.budget.v1.budget_pb2 import BudgetStatus

from services.budget.domain.budget import to_proto
from services.budget.domain.thresholds import burn_measure
from services.budget.domain.tracking import Tracked
from services.budget.handlers.alerting import Alerting
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.forecasting import DAY_HOURS, Forecasting
from services.budget.handlers.standing import Standings
from services.common import money
from services.common.clock import Clock


class Statuses:
    """Answers how much of a budget is used."""

    def __init__(
        self,
        definitions: Definitions,
        catalog: Catalog,
        standings: Standings,
        forecasting: Forecasting,
        alerting: Alerting,
        changes: Changes,
        clock: Clock,
        *,
        coalesce_seconds: float,
    ) -> None:
        self._definitions = definitions
        self._catalog = catalog
        self._standings = standings
        self._forecasting = forecasting
        self._alerting = alerting
        self._changes = changes
        self._clock = clock
        self._coalesce_seconds = coalesce_seconds

    def status(self, tracked: Tracked, member: str | None = None) -> BudgetStatus:
        """The current period of a budget, or of one member of it."""
        budget, now = tracked.budget, self._clock.now()
        standing = self._standings.of(tracked, now, member)
        window = standing.window
        prospect = self._forecasting.of(tracked, standing, now, member)
        status = BudgetStatus(
            budget=to_proto(budget),
            period_start_unix_micros=window.start,
            period_end_unix_micros=window.end,
            limit=money.to_proto(standing.limit),
            carried_over=money.to_proto(standing.carried_over),
            increased=money.to_proto(standing.increased),
            actual=money.to_proto(standing.actual),
            shadow=money.to_proto(standing.shadow),
            held=money.to_proto(standing.held),
            settled=money.to_proto(standing.settled),
            committed=money.to_proto(standing.committed),
            remaining=money.to_proto(standing.remaining),
            used_ratio=standing.used_ratio,
            forecast=money.to_proto(prospect.forecast.expected),
            forecast_detail=prospect.message(),
            exhaust_unix_micros=prospect.exhausted or 0,
            thresholds=self._alerting.thresholds(tracked, window, member),
            rebuilding=not standing.complete,
            update_unix_micros=self._changes.time_of(budget.tenant_id, budget.budget_id) or budget.updated,
        )
        burned = self._forecasting.burned(tracked, standing, now, member)
        if burned is not None:
            status.burn_per_day.CopyFrom(money.to_proto(burned))
            status.burn_ratio = burn_measure(burned, DAY_HOURS, standing.limit, window).ratio
        return status

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


_MOVES_WITH_TIME = ("forecast", "forecast_detail", "burn_per_day", "burn_ratio", "exhaust_unix_micros")


def _same(new: BudgetStatus, old: BudgetStatus | None) -> bool:
    """Whether nothing but the time went on: the forecast falls with every moment that brings no spend."""
    return old is not None and _still(new) == _still(old)


def _still(status: BudgetStatus) -> BudgetStatus:
    still = BudgetStatus()
    still.CopyFrom(status)
    for field in ("update_unix_micros", *_MOVES_WITH_TIME):
        still.ClearField(field)
    return still
