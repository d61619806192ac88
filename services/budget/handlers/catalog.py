"""The budgets this process knows: a copy of the stored definitions, indexed for matching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from finops.usage.v1.usage_pb2 import UsageEvent

from services.budget.domain.budget import Budget
from services.budget.domain.matching import BudgetIndex
from services.budget.domain.tracking import ScopeKey, Tracked
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import BudgetStore, Meters
from services.common import dimensions
from services.common.clock import Clock
from services.common.errors import UnavailableError

Intent = Mapping[str, str]


def _intent_reader(dimension: str) -> Callable[[Intent], str]:
    return lambda intent: dimensions.of_mapping(intent, dimension)


class Catalog:
    """Definitions by tenant. Written through by this process, read again every few seconds for what others wrote."""

    def __init__(self, store: BudgetStore, clock: Clock, changes: Changes, meters: Meters) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._meters = meters
        self._fingerprint: object = None
        self._versions: dict[tuple[str, str], int] = {}
        self._tracked: defaultdict[str, dict[str, Tracked]] = defaultdict(dict)
        self._events: dict[str, BudgetIndex[Tracked, UsageEvent]] = {}
        self._intents: dict[str, BudgetIndex[Tracked, Intent]] = {}
        self.generation = 0
        """Rises when a definition changes."""

    async def refresh(self) -> None:
        """Takes in what was stored since; cheap where nothing was.

        Raises:
            UnavailableError: the store is away.
        """
        fingerprint = await self._store.fingerprint()
        if fingerprint != self._fingerprint:
            for budget in await self._store.load():
                self.put(budget)
            self._fingerprint = fingerprint

    @property
    def loaded(self) -> bool:
        """Whether the definitions were read once."""
        return self._fingerprint is not None

    def require_loaded(self) -> None:
        """Raises UnavailableError until the definitions were read once."""
        if not self.loaded:
            raise UnavailableError("budgets are not read from ClickHouse yet: try again", retry_after_seconds=2)

    def put(self, budget: Budget) -> None:
        """Takes in one version; an older one than is known is ignored."""
        key = (budget.tenant_id, budget.budget_id)
        if budget.version <= self._versions.get(key, -1):
            return
        self._versions[key] = budget.version
        self.generation += 1
        if budget.deleted:
            self._tracked[budget.tenant_id].pop(budget.budget_id, None)
        else:
            self._tracked[budget.tenant_id][budget.budget_id] = Tracked(budget, self._clock.now())
        self._events.pop(budget.tenant_id, None)
        self._intents.pop(budget.tenant_id, None)
        self._meters.budgets(sum(map(len, self._tracked.values())))
        self._changes.touch(*key)

    def get(self, tenant_id: str, budget_id: str) -> Tracked | None:
        return self._tracked[tenant_id].get(budget_id) if tenant_id in self._tracked else None

    def of_tenant(self, tenant_id: str) -> Sequence[Tracked]:
        """In the order of their ids."""
        budgets = self._tracked.get(tenant_id, {})
        return [budgets[budget_id] for budget_id in sorted(budgets)]

    def all(self) -> Iterable[Tracked]:
        for budgets in list(self._tracked.values()):
            yield from list(budgets.values())

    def scopes_of(self, usage: UsageEvent) -> tuple[ScopeKey, ...]:
        """Every kept budget's period that the event's cost counts towards."""
        tenant = usage.tenant_id
        if not self._tracked.get(tenant):
            return ()
        index = self._events.get(tenant)
        if index is None:
            index = self._events[tenant] = BudgetIndex(self._filters(tenant), dimensions.reader)
        time = usage.time_unix_micros
        found = (tracked.scope_of(time) for tracked in index.matching(usage))
        return tuple(scope for scope in found if scope is not None)

    def of_intent(self, tenant_id: str, intent: Intent) -> Sequence[Tracked]:
        """Budgets a spend of these dimensions would count towards, in the order of their ids."""
        index = self._intents.get(tenant_id)
        if index is None:
            index = self._intents[tenant_id] = BudgetIndex(self._filters(tenant_id), _intent_reader)
        return sorted(index.matching(intent), key=lambda tracked: tracked.budget.budget_id)

    def _filters(self, tenant_id: str) -> Sequence[tuple[str, Tracked]]:
        return [(tracked.budget.terms.filter, tracked) for tracked in self.of_tenant(tenant_id)]
