"""Would a spend fit? Answered from memory, by any replica."""

from __future__ import annotations

from finops.budget.v1.budget_pb2 import Decision, SpendIntent

from services.budget.domain.deciding import Headroom, decide, tell
from services.budget.domain.holds import HeldScope
from services.budget.domain.intents import Intent, intent_of
from services.budget.domain.tracking import Tracked
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.fitting import Fitting
from services.budget.handlers.remembering import LONGEST, Remembered
from services.budget.handlers.standing import Standings
from services.common.clock import Clock, Micros


class Deciding:
    """Asks every budget that a spend would count towards."""

    def __init__(self, catalog: Catalog, standings: Standings, changes: Changes, clock: Clock) -> None:
        self._catalog = catalog
        self._standings = standings
        self._clock = clock
        self._remembered: Remembered[Headroom] = Remembered(changes)
        self._fitting = Fitting(changes)

    def check(self, tenant_id: str, message: SpendIntent, into: Decision | None = None) -> Decision:
        """Whether the spend would fit; written into an empty decision, if there is one. Raises InvalidArgumentError,
        UnavailableError."""
        intent = intent_of(tenant_id, message)
        self._catalog.require_loaded()
        now, basis = self._clock.now(), self._standings.basis(tenant_id)
        matched = self._catalog.of_intent(tenant_id, intent.dimensions)
        decision = Decision() if into is None else into
        if self._fitting.tell(matched, intent.estimate, basis, now, decision):
            return decision
        recall = self._remembered.get
        known = [recall(tracked.budget_key, member, basis, now) for tracked, member in matched.matches]
        headrooms = [
            found or self._remember(tracked, member, basis, now)
            for found, (tracked, member) in zip(known, matched.matches, strict=True)
        ]
        tell(headrooms, intent.estimate, decision)
        # Only what has stood for a while is worth it.
        if known and all(known):
            until = min(now + LONGEST, *(self._standings.until(tracked, now) for tracked, _ in matched.matches))
            self._fitting.put(matched, headrooms, intent.estimate, decision, basis=basis, since=now, until=until)
        return decision

    def decide(self, tenant_id: str, intent: Intent) -> tuple[Decision, tuple[HeldScope, ...]]:
        """The decision, and the budgets that a hold would count on; nothing remembered goes into it. Raises
        UnavailableError."""
        self._catalog.require_loaded()
        now = self._clock.now()
        matching = self._catalog.of_intent(tenant_id, intent.dimensions).matches
        headrooms = [self._headroom(tracked, member, now) for tracked, member in matching]
        return decide(headrooms, intent.estimate), tuple(HeldScope(h.budget.budget_id, h.member) for h in headrooms)

    def _remember(self, tracked: Tracked, member: str | None, basis: object, now: Micros) -> Headroom:
        found = self._headroom(tracked, member, now)
        self._remembered.put(
            tracked.budget_key, member, found, basis=basis, since=now, until=self._standings.until(tracked, now)
        )
        return found

    def _headroom(self, tracked: Tracked, member: str | None, now: Micros) -> Headroom:
        standing = self._standings.of(tracked, now, member)
        return Headroom(
            budget=tracked.budget,
            member=member,
            window=standing.window,
            limit=standing.limit,
            used=standing.used,
            reserved=standing.held + standing.settled,
            complete=standing.complete,
        )
