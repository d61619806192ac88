"""The budgets this process knows: a copy of the stored definitions, indexed for matching."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from finops.usage.v1.usage_pb2 import UsageEvent

from services.budget.domain.attribution import Attribution, Matched
from services.budget.domain.budget import Budget
from services.budget.domain.family import descendants, effective_filter
from services.budget.domain.tracking import FOREVER, BudgetKey, ScopeKey, Tracked
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import BudgetStore, Meters
from services.common.clock import Clock, Micros
from services.common.errors import UnavailableError

_NOTHING = Matched(())


class Catalog:
    """Definitions by tenant. Written through by this process, read again every few seconds for what others wrote."""

    def __init__(self, store: BudgetStore, clock: Clock, changes: Changes, meters: Meters) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._meters = meters
        self._fingerprint: object = None
        self._versions: dict[BudgetKey, int] = {}
        self._budgets: defaultdict[str, dict[str, Budget]] = defaultdict(dict)
        self._tracked: defaultdict[str, dict[str, Tracked]] = defaultdict(dict)
        self._attributions: dict[str, Attribution] = {}
        self._followers: list[set[BudgetKey]] = []
        self._since, self._until = -FOREVER, FOREVER

    async def refresh(self) -> None:
        """Takes in what was stored since; cheap where nothing was.

        Raises:
            UnavailableError: the store is away.
        """
        fingerprint = await self._store.fingerprint()
        if fingerprint != self._fingerprint:
            self._take(await self._store.load())
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
        self._take([budget])

    def follow(self) -> set[BudgetKey]:
        """A set to which every budget is added that is changed, deleted or moves on to other windows. Its taker
        empties it."""
        follower: set[BudgetKey] = set()
        self._followers.append(follower)
        return follower

    def turn(self, now: Micros) -> None:
        """Moves budgets on to the windows of `now`; cheap where none has to.

        The windows that are kept move here alone, so that what a spend counts towards changes at one place.
        """
        if self._since <= now < self._until:
            return
        for tracked in self.all():
            if tracked.turn(now):
                tenant_id, budget_id = tracked.budget.key
                if tenant_id in self._attributions:
                    self._attributions[tenant_id].forget()
                self._tell(tenant_id, budget_id)
        self._since = max((tracked.since for tracked in self.all()), default=-FOREVER)
        self._until = min((tracked.until for tracked in self.all()), default=FOREVER)

    # --- reading ----------------------------------------------------------------------------------------------------

    def get(self, tenant_id: str, budget_id: str) -> Tracked | None:
        return self._tracked[tenant_id].get(budget_id) if tenant_id in self._tracked else None

    def of_tenant(self, tenant_id: str) -> Sequence[Tracked]:
        """In the order of their ids."""
        budgets = self._tracked.get(tenant_id, {})
        return [budgets[budget_id] for budget_id in sorted(budgets)]

    def all(self) -> Iterable[Tracked]:
        for budgets in list(self._tracked.values()):
            yield from list(budgets.values())

    def scopes_of(self, usage: UsageEvent) -> Sequence[ScopeKey]:
        """Every kept window of a budget that the event's cost counts towards, as a whole and as a member."""
        attribution = self._attributions.get(usage.tenant_id) or self._attribution(usage.tenant_id)
        return () if attribution is None else attribution.scopes_of(usage)

    def of_intent(self, tenant_id: str, intent: Mapping[str, str]) -> Matched:
        """Budgets a spend of these dimensions would count towards, in the order of their ids."""
        attribution = self._attributions.get(tenant_id) or self._attribution(tenant_id)
        return _NOTHING if attribution is None else attribution.of_intent(intent)

    def _attribution(self, tenant_id: str) -> Attribution | None:
        if not self._tracked.get(tenant_id):
            return None
        found = self._attributions[tenant_id] = Attribution(self.of_tenant(tenant_id))
        return found

    # --- taking in --------------------------------------------------------------------------------------------------

    def _take(self, budgets: Iterable[Budget]) -> None:
        changed: defaultdict[str, set[str]] = defaultdict(set)
        for budget in budgets:
            key = budget.key
            if budget.version <= self._versions.get(key, -1):
                continue
            self._versions[key] = budget.version
            changed[budget.tenant_id].add(budget.budget_id)
            if budget.deleted:
                self._budgets[budget.tenant_id].pop(budget.budget_id, None)
            else:
                self._budgets[budget.tenant_id][budget.budget_id] = budget
        for tenant_id, ids in changed.items():
            self._track(tenant_id, ids)
        if changed:
            self._meters.budgets(sum(map(len, self._tracked.values())))

    def _track(self, tenant_id: str, changed: Collection[str]) -> None:
        budgets, tracked = self._budgets[tenant_id], self._tracked[tenant_id]
        now = self._clock.now()
        # What a budget counts follows from its ancestors' filters too.
        below = [budget.budget_id for budget in descendants(budgets, *changed)]
        for budget_id in dict.fromkeys((*changed, *below)):
            budget = budgets.get(budget_id)
            if budget is None:
                tracked.pop(budget_id, None)
            else:
                found = tracked[budget_id] = Tracked(budget, now, effective_filter(budgets, budget))
                self._since, self._until = max(self._since, found.since), min(self._until, found.until)
            self._altered(tenant_id, budget_id)

    def _altered(self, tenant_id: str, budget_id: str) -> None:
        attribution, tracked = self._attributions.get(tenant_id), self._tracked[tenant_id].get(budget_id)
        if attribution is not None:
            kept = attribution.remove(budget_id) if tracked is None else attribution.put(tracked)
            if not kept:
                del self._attributions[tenant_id]
        self._tell(tenant_id, budget_id)

    def _tell(self, tenant_id: str, budget_id: str) -> None:
        for follower in self._followers:
            follower.add((tenant_id, budget_id))
        self._changes.touch(tenant_id, budget_id)
