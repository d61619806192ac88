"""RebuildBudgets and ReconcileBudgets: done here for the partitions of this process, and at every other replica for
its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from finops.budget.v1 import budget_pb2 as pb

from services.budget.adapters.forwarding import Peers, was_forwarded
from services.budget.domain.alerts import drift_message
from services.budget.domain.tracking import Tracked
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.definitions import Definitions
from services.budget.handlers.ownership import Ownership
from services.budget.handlers.rebuilding import Rebuilder
from services.budget.handlers.reconciling import Reconciler


class Upkeep:
    """The part of BudgetService that looks after the sums."""

    def __init__(
        self,
        definitions: Definitions,
        catalog: Catalog,
        rebuilder: Rebuilder,
        reconciler: Reconciler,
        ownership: Ownership,
        peers: Peers,
    ) -> None:
        self._definitions = definitions
        self._catalog = catalog
        self._rebuilder = rebuilder
        self._reconciler = reconciler
        self._ownership = ownership
        self._peers = peers

    async def rebuild(
        self, tenant_id: str, request: pb.RebuildBudgetsRequest, context: Any
    ) -> pb.RebuildBudgetsResponse:
        """Returns once every replica has begun.

        Raises:
            InvalidArgumentError, NotFoundError
            UnavailableError: a replica is away; those that are there have begun.
        """
        budgets = await self._named(tenant_id, request.names)
        await asyncio.gather(
            self._rebuilder.restart(budgets), self._elsewhere("RebuildBudgets", request, tenant_id, context)
        )
        return pb.RebuildBudgetsResponse(rebuilding=len(budgets))

    async def reconcile(
        self, tenant_id: str, request: pb.ReconcileBudgetsRequest, context: Any
    ) -> pb.ReconcileBudgetsResponse:
        """What differs at any replica.

        Raises:
            InvalidArgumentError, NotFoundError
            UnavailableError: a replica or the ledger is away.
        """
        budgets = await self._named(tenant_id, request.names)
        here, elsewhere = await asyncio.gather(
            self._reconciler.reconcile(budgets, repair=not request.dry_run),
            self._elsewhere("ReconcileBudgets", request, tenant_id, context),
        )
        answer = pb.ReconcileBudgetsResponse(
            checked=max([here.checked, *(other.checked for other in elsewhere)]),
            drifts=[drift_message(drift, repaired=not request.dry_run) for drift in here.drifts],
        )
        for other in elsewhere:
            answer.drifts.extend(other.drifts)
        return answer

    async def _named(self, tenant_id: str, names: Sequence[str]) -> Sequence[Tracked]:
        """These budgets, or all of the tenant's."""
        await self._catalog.refresh()
        if not names:
            return self._catalog.of_tenant(tenant_id)
        ids = [self._definitions.get(tenant_id, name).budget_id for name in dict.fromkeys(names)]
        return [tracked for tracked in (self._catalog.get(tenant_id, each) for each in ids) if tracked is not None]

    async def _elsewhere(self, method: str, request: Any, tenant_id: str, context: Any) -> Sequence[Any]:
        if was_forwarded(context):
            return ()
        asked = (
            self._peers.ask(address, method, request, tenant_id, context) for address in self._ownership.addresses()
        )
        return await asyncio.gather(*asked)
