"""Would a spend fit, and holding room for it until it is known.

Checking and holding happen without waiting in between, so concurrent requests cannot both take the last dollar. A
budget only denies where its enforcement is BLOCK. While a budget is being rebuilt its spend is a lower bound, so it
may allow what it would deny a moment later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from finops.budget.v1.budget_pb2 import BudgetHeadroom, Decision, SpendIntent

from services.budget.domain.budget import Enforcement
from services.budget.domain.holds import Hold, Holds
from services.budget.domain.rules import MAX_AMOUNT
from services.budget.domain.tracking import Tracked
from services.budget.handlers.accounts import Accounts
from services.budget.handlers.catalog import Catalog
from services.budget.handlers.changes import Changes
from services.budget.handlers.ports import Meters
from services.common import dimensions, money
from services.common.clock import SECOND, Clock, Micros
from services.common.errors import AlreadyExistsError, FieldViolation, InvalidArgumentError
from services.common.money import Picos

DEFAULT_TTL_SECONDS = 300
MAX_TTL_SECONDS = 86_400
MAX_REQUEST_ID = 200


@dataclass(frozen=True)
class Reservation:
    """The decision on a request, and when its hold ends; 0: nothing is held."""

    decision: Decision
    expires: Micros


class Reserving:
    """The reservations' use cases. Holds are this process's own (see `Holds`)."""

    def __init__(
        self, catalog: Catalog, accounts: Accounts, holds: Holds, changes: Changes, clock: Clock, meters: Meters
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._holds = holds
        self._changes = changes
        self._clock = clock
        self._meters = meters

    def check(self, tenant_id: str, intent: SpendIntent) -> Decision:
        """Whether the spend would fit. Raises InvalidArgumentError, UnavailableError."""
        self.expire()
        return self._decide(*self._matching(tenant_id, intent))

    def reserve(self, tenant_id: str, request_id: str, intent: SpendIntent, ttl_seconds: int) -> Reservation:
        """Holds the estimate on every matching budget, or on none where one of them blocks. The same request again
        gets the same answer; a denied one is decided anew.

        Raises:
            InvalidArgumentError, UnavailableError
            AlreadyExistsError: the request id was used for another intent.
        """
        _check_request_id(request_id)
        if not 0 <= ttl_seconds <= MAX_TTL_SECONDS:
            raise InvalidArgumentError.of("ttl_seconds", f"0 for {DEFAULT_TTL_SECONDS}, or up to {MAX_TTL_SECONDS:,}")
        self.expire()
        matching, estimate = self._matching(tenant_id, intent)
        asked = intent.SerializeToString(deterministic=True)
        earlier = self._holds.find(tenant_id, request_id)
        if earlier is not None:
            if earlier.intent != asked:
                raise AlreadyExistsError(f"request_id {request_id!r} was used for another intent: choose a new one")
            return Reservation(Decision.FromString(earlier.answer), earlier.expires)
        decision = self._decide(matching, estimate)
        self._meters.reserved("allowed" if decision.allowed else "denied")
        if not decision.allowed:
            return Reservation(decision, 0)
        expires = self._clock.now() + (ttl_seconds or DEFAULT_TTL_SECONDS) * SECOND
        budgets = [tracked.budget.budget_id for tracked in matching]
        answer = decision.SerializeToString()
        self._holds.add(Hold(tenant_id, request_id, asked, answer, budgets, estimate, expires))
        self._touch(tenant_id, budgets)
        return Reservation(decision, expires)

    def settle(self, tenant_id: str, request_id: str, actual: Picos) -> None:
        """Ends the hold; the spend itself comes from the cost log. An unknown request (settled, expired, held by
        another process) is no error, so that a repeated call succeeds.

        Raises:
            InvalidArgumentError: no request id, or a negative amount.
        """
        if actual < 0:
            raise InvalidArgumentError.of("actual", "must not be negative")
        self.release(tenant_id, request_id)

    def release(self, tenant_id: str, request_id: str) -> None:
        """Ends the hold: nothing was spent. An unknown request is no error. Raises InvalidArgumentError."""
        _check_request_id(request_id)
        self.expire()
        self._touch(tenant_id, self._holds.close(tenant_id, request_id))

    def expire(self) -> None:
        """Gives back what has run out."""
        for tenant_id, budget_id in self._holds.expire(self._clock.now()):
            self._changes.touch(tenant_id, budget_id)

    def _matching(self, tenant_id: str, intent: SpendIntent) -> tuple[Sequence[Tracked], Picos]:
        self._catalog.require_loaded()
        violations = [
            FieldViolation(f"intent.dimensions[{name[:64]}]", f"no dimension {name[:64]!r}")
            for name in intent.dimensions
            if not dimensions.is_dimension(name) or name == "tenant"
        ]
        estimate = 0
        try:
            estimate = money.from_proto(intent.estimate)
            if not 0 <= estimate <= MAX_AMOUNT:
                violations.append(FieldViolation("intent.estimate", "must lie between 0 and 1,000,000,000,000 dollars"))
        except ValueError as error:
            violations.append(FieldViolation("intent.estimate", str(error)))
        if violations:
            listed = "; ".join(f"{v.field}: {v.description}" for v in violations)
            raise InvalidArgumentError(f"the intent cannot be read: {listed}", violations=violations)
        return self._catalog.of_intent(tenant_id, {**intent.dimensions, "tenant": tenant_id}), estimate

    def _decide(self, matching: Sequence[Tracked], estimate: Picos) -> Decision:
        decision = Decision(allowed=True)
        now = self._clock.now()
        for tracked in matching:
            budget = tracked.budget
            total = self._accounts.total(tracked.key(tracked.current(now)))
            held = self._holds.held(budget.tenant_id, budget.budget_id)
            remaining = budget.terms.amount - total.actual - total.shadow - held
            exceeds = estimate > remaining
            decision.budgets.append(
                BudgetHeadroom(
                    name=budget.name,
                    remaining=money.to_proto(remaining),
                    would_exceed=exceeds,
                    enforcement=f"ENFORCEMENT_{budget.terms.enforcement.name}",
                )
            )
            if exceeds and budget.terms.enforcement is Enforcement.BLOCK:
                decision.allowed = False
        return decision

    def _touch(self, tenant_id: str, budgets: Sequence[str]) -> None:
        for budget_id in budgets:
            self._changes.touch(tenant_id, budget_id)


def _check_request_id(request_id: str) -> None:
    if not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise InvalidArgumentError.of("request_id", f"1 to {MAX_REQUEST_ID} characters")
