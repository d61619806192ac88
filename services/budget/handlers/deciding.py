"""Would a spend fit? Answered from memory, by any replica."""

from __future__ import annotations

from collections.abc import Sequence

from finops.budget.v1.budget_pb2 import Decision, SpendIntent

from services.budget.domain.attribution import Match
from services.budget.domain.deciding import Headroom, decide
from services.budget.domain.holds import HeldScope
from services.budget.domain.intents import Intent, intent_of
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.standing import Standings
from services.common.clock import Clock


class Deciding:
    """Asks every budget that a spend would count towards."""

    def __init__(self, catalog: Catalog, standings: Standings, clock: Clock) -> None:
        self._catalog = catalog
        self._standings = standings
        self._clock = clock

    def check(self, tenant_id: str, message: SpendIntent) -> Decision:
        """Whether the spend would fit. Raises InvalidArgumentError, UnavailableError."""
        return self.decide(tenant_id, intent_of(tenant_id, message))[0]

    def decide(self, tenant_id: str, intent: Intent) -> tuple[Decision, tuple[HeldScope, ...]]:
        """The decision, and the budgets that a hold would count on. Raises UnavailableError."""
        self._catalog.require_loaded()
        matching = self._catalog.of_intent(tenant_id, intent.dimensions)
        headrooms = self._headrooms(matching, intent)
        return decide(headrooms), tuple(HeldScope(h.budget.budget_id, h.member) for h in headrooms)

    def _headrooms(self, matching: Sequence[Match], intent: Intent) -> Sequence[Headroom]:
        now = self._clock.now()
        found: list[Headroom] = []
        for tracked, member in matching:
            standing = self._standings.of(tracked, now, member)
            found.append(
                Headroom(
                    budget=tracked.budget,
                    member=member,
                    window=standing.window,
                    limit=standing.limit,
                    used=standing.used,
                    reserved=standing.held + standing.settled,
                    complete=standing.complete,
                    estimate=intent.estimate,
                )
            )
        return found
