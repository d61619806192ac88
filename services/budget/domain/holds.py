"""Reservations: estimates held on budgets until they are settled, released or expire.

They live in the memory of one process: a restart forgets them, and replicas do not see each other's. What was really
spent is never in doubt (it comes from the cost log), so a lost hold only loosens the limit until the spend arrives.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.clock import Micros
from services.common.money import Picos

BudgetKey = tuple[str, str]
"""(tenant, budget)."""


@dataclass
class Hold:
    """One request's estimate on each budget it matches."""

    tenant_id: str
    request_id: str
    intent: bytes
    """What was asked for: the same request id with another intent is a mistake of the caller's."""
    answer: bytes
    """What was answered, to be answered again."""
    budgets: Sequence[str]
    estimate: Picos
    expires: Micros
    open: bool = True


class Holds:
    """The holds of one process. Closed ones are remembered until they would have expired, so that a repeated call
    finds them."""

    def __init__(self) -> None:
        self._by_request: dict[tuple[str, str], Hold] = {}
        self._held: defaultdict[BudgetKey, Picos] = defaultdict(int)
        self._expiries: list[tuple[Micros, str, str]] = []

    def held(self, tenant_id: str, budget_id: str, member: str | None = None) -> Picos:
        """Sum of the open holds on a budget."""
        return self._held.get((tenant_id, budget_id), 0)

    def settled(self, tenant_id: str, budget_id: str, member: str | None = None) -> Picos:
        """Nothing: what is settled here is closed at once."""
        return 0

    def find(self, tenant_id: str, request_id: str) -> Hold | None:
        return self._by_request.get((tenant_id, request_id))

    def add(self, hold: Hold) -> None:
        """Takes the estimate from every budget of the hold. The request must be new."""
        request = (hold.tenant_id, hold.request_id)
        assert request not in self._by_request
        self._by_request[request] = hold
        for budget_id in hold.budgets:
            self._held[hold.tenant_id, budget_id] += hold.estimate
        heapq.heappush(self._expiries, (hold.expires, *request))

    def close(self, tenant_id: str, request_id: str) -> Sequence[str]:
        """Gives the estimate back. Returns the budgets it was held on; none where it is unknown or closed already."""
        hold = self.find(tenant_id, request_id)
        if hold is None or not hold.open:
            return ()
        hold.open = False
        for budget_id in hold.budgets:
            left = self._held[tenant_id, budget_id] - hold.estimate
            if left:
                self._held[tenant_id, budget_id] = left
            else:
                del self._held[tenant_id, budget_id]
        return hold.budgets

    def expire(self, now: Micros) -> Sequence[BudgetKey]:
        """Closes and forgets what has run out. Returns the budgets that got something back."""
        freed: list[BudgetKey] = []
        while self._expiries and self._expiries[0][0] <= now:
            _, tenant_id, request_id = heapq.heappop(self._expiries)
            freed += [(tenant_id, budget_id) for budget_id in self.close(tenant_id, request_id)]
            del self._by_request[tenant_id, request_id]
        return freed
