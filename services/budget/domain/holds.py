"""Reservations: estimates held on budgets until they are settled, released, counted or expire.

A hold is immutable; each step of its life is another value under the same key, and what is written of it. `Holds` is
what a number of them add up to.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from services.budget.domain.awaiting import EventId
from services.common.clock import Micros
from services.common.money import Picos

HoldKey = tuple[str, str]
"""(tenant, request id)."""


class HoldState(IntEnum):
    """Numbered as `finops.budget.v1.HoldRecord.State`."""

    OPEN = 1
    """The estimate counts, as held."""
    SETTLED = 2
    """The actual cost counts, until its usage event does."""
    COUNTED = 3
    """Its usage event is in the sums. Remembered for a while."""
    RELEASED = 4
    """Nothing was spent. Remembered for a while."""


class HeldScope(NamedTuple):
    """A budget, or one member of it, that a hold counts on."""

    budget_id: str
    member: str | None = None


@dataclass(frozen=True)
class Hold:
    """One request's amount on each budget it matches."""

    tenant_id: str
    request_id: str
    intent: bytes
    """What was asked for: the same request id with another intent is a mistake of the caller's."""
    answer: bytes
    """What was answered, to be answered again."""
    scopes: tuple[HeldScope, ...]
    amount: Picos
    """The estimate, or what it was settled with."""
    created: Micros
    expires: Micros
    """When it is given back, or, where it no longer counts, forgotten."""
    event_id: str
    """Of the usage event that takes its place."""
    state: HoldState = HoldState.OPEN

    @property
    def key(self) -> HoldKey:
        return self.tenant_id, self.request_id

    @property
    def event(self) -> EventId:
        return self.tenant_id, self.event_id

    @property
    def counts(self) -> bool:
        return self.state in (HoldState.OPEN, HoldState.SETTLED)

    def settled(self, actual: Picos, event_id: str, expires: Micros) -> Hold:
        """The actual cost in the place of the estimate."""
        return replace(self, state=HoldState.SETTLED, amount=actual, event_id=event_id, expires=expires)

    def ended(self, state: HoldState, forgotten: Micros) -> Hold:
        """It counts no more; remembered until then."""
        return replace(self, state=state, expires=forgotten)


@dataclass(frozen=True)
class Gone:
    """A hold that is forgotten."""

    key: HoldKey


Change = Hold | Gone


class Holds:
    """A number of holds, and what they add up to."""

    def __init__(self) -> None:
        self._by_tenant: defaultdict[str, dict[str, Hold]] = defaultdict(dict)
        self._amounts: defaultdict[tuple[HoldState, str, str, str | None], Picos] = defaultdict(int)
        self._awaiting: defaultdict[EventId, dict[HoldKey, Hold]] = defaultdict(dict)
        self._expiries: list[tuple[Micros, HoldKey]] = []

    # --- figures ----------------------------------------------------------------------------------------------------

    def held(self, tenant_id: str, budget_id: str, member: str | None = None) -> Picos:
        """Sum of the open holds on a budget, or on one member of it."""
        return self._amounts.get((HoldState.OPEN, tenant_id, budget_id, member), 0)

    def settled(self, tenant_id: str, budget_id: str, member: str | None = None) -> Picos:
        """Sum of the settled ones whose usage event has not come in."""
        return self._amounts.get((HoldState.SETTLED, tenant_id, budget_id, member), 0)

    def find(self, tenant_id: str, request_id: str) -> Hold | None:
        return self._by_tenant[tenant_id].get(request_id) if tenant_id in self._by_tenant else None

    def tenants(self) -> Collection[str]:
        return list(self._by_tenant)

    def of_tenant(self, tenant_id: str) -> Sequence[Hold]:
        return list(self._by_tenant[tenant_id].values()) if tenant_id in self._by_tenant else ()

    def awaiting(self, event: EventId) -> Sequence[Hold]:
        """Holds that count and that this usage event takes the place of."""
        return list(self._awaiting[event].values()) if event in self._awaiting else ()

    def counting(self) -> Sequence[Hold]:
        """Every hold that counts."""
        return [hold for holds in self._awaiting.values() for hold in holds.values()]

    def due(self, now: Micros) -> Iterator[Hold]:
        """Those that have run out. They must be changed or removed."""
        while self._expiries and self._expiries[0][0] <= now:
            expires, key = heapq.heappop(self._expiries)
            hold = self.find(*key)
            if hold is not None and hold.expires == expires:
                yield hold

    # --- changes ----------------------------------------------------------------------------------------------------

    def apply(self, change: Change) -> Hold | None:
        """Takes in one step of a hold's life. Returns what was known under its key before."""
        if isinstance(change, Gone):
            return self._take_out(change.key)
        before = self._take_out(change.key)
        self._by_tenant[change.tenant_id][change.request_id] = change
        heapq.heappush(self._expiries, (change.expires, change.key))
        if change.counts:
            self._add(change, change.amount)
            self._awaiting[change.event][change.key] = change
        return before

    def _take_out(self, key: HoldKey) -> Hold | None:
        tenant_id, request_id = key
        of_tenant = self._by_tenant.get(tenant_id)
        hold = of_tenant.pop(request_id, None) if of_tenant is not None else None
        if of_tenant is not None and not of_tenant:
            del self._by_tenant[tenant_id]
        if hold is not None and hold.counts:
            self._add(hold, -hold.amount)
            waiting = self._awaiting[hold.event]
            del waiting[key]
            if not waiting:
                del self._awaiting[hold.event]
        return hold

    def _add(self, hold: Hold, amount: Picos) -> None:
        for budget_id, member in hold.scopes:
            # What is held on a member is held on the whole as well.
            for whose in {member, None}:
                name = (hold.state, hold.tenant_id, budget_id, whose)
                self._amounts[name] += amount
                if not self._amounts[name]:
                    del self._amounts[name]
