"""Creating, changing and deleting budgets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from finops.budget.v1 import budget_pb2

from services.budget.domain import family, names, rules
from services.budget.domain.budget import Budget, to_proto
from services.budget.domain.tracking import Tracked
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.ports import BudgetStore
from services.common.clock import Clock
from services.common.errors import AbortedError, AlreadyExistsError, NotFoundError
from services.common.paging import Listing, page_size


class Cursor(NamedTuple):
    """Where a page of budgets ends."""

    budget_id: str


class Definitions:
    """The definitions' use cases.

    Writes are serialised here and compared with the store's latest version; two replicas that change one budget
    within the same few milliseconds may both succeed, and the later version stays. `author` is the name of the key.
    """

    def __init__(self, store: BudgetStore, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._writing = asyncio.Lock()

    async def create(self, tenant_id: str, message: budget_pb2.Budget, budget_id: str, *, author: str = "") -> Budget:
        """A new budget; without an id one is chosen.

        Raises:
            InvalidArgumentError, AlreadyExistsError, UnavailableError
        """
        terms = rules.signed(rules.terms_of(message), (), author)
        chosen = names.check_id(budget_id) if budget_id else f"b-{uuid.uuid4().hex[:16]}"
        async with self._writing:
            before = await self._store.find(tenant_id, chosen)
            if before is not None and not before.deleted:
                raise AlreadyExistsError(f"budgets/{chosen} exists already: choose another id, or update it")
            now = self._clock.now()
            made = Budget(tenant_id, chosen, terms, now, now, _next_version(before, now), author=author)
            if terms.parent:
                family.check_parent(await self._family(tenant_id), made)
            return await self._save(made)

    async def update(
        self,
        tenant_id: str,
        message: budget_pb2.Budget,
        paths: Sequence[str],
        etag: str = "",
        *,
        author: str = "",
    ) -> Budget:
        """Changes the named fields, or all.

        Raises:
            InvalidArgumentError, NotFoundError, AbortedError, UnavailableError
        """
        budget_id = names.id_of(message.name, "budget.name")
        async with self._writing:
            before = await self._existing(tenant_id, budget_id, etag)
            wanted = rules.terms_of(rules.masked(to_proto(before), message, paths))
            terms = rules.signed(wanted, before.terms.increases, author)
            now = self._clock.now()
            version = _next_version(before, now)
            changed = replace(before, terms=terms, updated=now, version=version, author=author)
            if (terms.parent, terms.filter) != (before.terms.parent, before.terms.filter):
                family.check_parent(await self._family(tenant_id), changed)
            return await self._save(changed)

    async def delete(self, tenant_id: str, name: str, etag: str, *, author: str = "") -> None:
        """Ends a budget; its name is free again.

        Raises:
            InvalidArgumentError, NotFoundError, AbortedError, UnavailableError
            FailedPreconditionError: it is the parent of others.
        """
        budget_id = names.id_of(name)
        async with self._writing:
            before = await self._existing(tenant_id, budget_id, etag)
            family.check_childless(await self._family(tenant_id), before)
            now = self._clock.now()
            version = _next_version(before, now)
            await self._save(replace(before, deleted=True, updated=now, version=version, author=author))

    def get(self, tenant_id: str, name: str) -> Budget:
        """Raises InvalidArgumentError, NotFoundError, UnavailableError."""
        return self.tracked(tenant_id, name).budget

    def tracked(self, tenant_id: str, name: str) -> Tracked:
        """The budget and its windows. Raises InvalidArgumentError, NotFoundError, UnavailableError."""
        self._catalog.require_loaded()
        tracked = self._catalog.get(tenant_id, names.id_of(name))
        if tracked is None:
            raise NotFoundError(f"no budget {name!r}")
        return tracked

    def page(self, tenant_id: str, requested_size: int, page_token: str) -> tuple[Sequence[Budget], str]:
        """Budgets by id, and the next page's token.

        Raises:
            InvalidArgumentError: page size or token.
            UnavailableError: not read yet.
        """
        self._catalog.require_loaded()
        size = page_size(requested_size)
        listing = Listing(Cursor, "budgets", tenant_id)
        after = listing.after(page_token)
        budgets = [tracked.budget for tracked in self._catalog.of_tenant(tenant_id)]
        rest = [budget for budget in budgets if after is None or budget.budget_id > after.budget_id]
        return listing.page(rest, size, lambda budget: Cursor(budget.budget_id))

    async def _family(self, tenant_id: str) -> family.Budgets:
        """The tenant's budgets as they are stored now."""
        await self._catalog.refresh()
        return {tracked.budget.budget_id: tracked.budget for tracked in self._catalog.of_tenant(tenant_id)}

    async def _existing(self, tenant_id: str, budget_id: str, etag: str) -> Budget:
        found = await self._store.find(tenant_id, budget_id)
        if found is None or found.deleted:
            raise NotFoundError(f"no budget 'budgets/{budget_id}'")
        if etag and etag != found.etag:
            raise AbortedError(f"budgets/{budget_id} was changed meanwhile: read it again and retry with its new etag")
        return found

    async def _save(self, budget: Budget) -> Budget:
        await self._store.save(budget)
        self._catalog.put(budget)
        return budget


def _next_version(before: Budget | None, now: int) -> int:
    return max(now, before.version + 1) if before is not None else now
