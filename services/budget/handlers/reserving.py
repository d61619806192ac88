"""Holding estimates until the real cost is known, for tenants this process decides for.

Between the decision and the hold there is no other work, so that concurrent requests are decided one after the other.
The answer waits until the hold is durable.
"""

from __future__ import annotations

from dataclasses import dataclass

from finops.budget.v1.budget_pb2 import Decision, SettleResponse, SpendIntent

from services.budget.domain.holds import Hold, HoldState
from services.budget.domain.intents import fingerprint, intent_of
from services.budget.domain.rules import MAX_AMOUNT
from services.budget.handlers.changes import Changes
from services.budget.handlers.deciding import Deciding
from services.budget.handlers.holding import CountedEvents, touch
from services.budget.handlers.ownership import Ownership, Share
from services.budget.handlers.ports import Meters
from services.common.clock import SECOND, Clock, Micros
from services.common.errors import AlreadyExistsError, InvalidArgumentError
from services.common.money import Picos

DEFAULT_TTL_SECONDS = 300
MAX_TTL_SECONDS = 86_400
MAX_ID = 200


@dataclass(frozen=True)
class Reservation:
    """The decision on a request, and when its hold ends; 0: nothing is held."""

    decision: Decision
    expires: Micros


class Reserving:
    """The reservations' use cases, on a share that this process decides for."""

    def __init__(
        self,
        deciding: Deciding,
        ownership: Ownership,
        counted: CountedEvents,
        changes: Changes,
        clock: Clock,
        meters: Meters,
        *,
        settled_seconds: int,
    ) -> None:
        """`settled_seconds`: so long a settled amount counts while its usage event does not come."""
        self._deciding = deciding
        self._ownership = ownership
        self._counted = counted
        self._changes = changes
        self._clock = clock
        self._meters = meters
        self._settled: Micros = settled_seconds * SECOND

    async def reserve(
        self, share: Share, tenant_id: str, request_id: str, message: SpendIntent, ttl_seconds: int
    ) -> Reservation:
        """Holds the estimate on every matching budget, or on none where one of them denies. The same request again
        gets the same answer; a denied one is decided anew.

        Raises:
            InvalidArgumentError
            AlreadyExistsError: the request id was used for another intent.
            UnavailableError: the hold may have been made; the same request again finds out.
        """
        check_id("request_id", request_id)
        if not 0 <= ttl_seconds <= MAX_TTL_SECONDS:
            raise InvalidArgumentError.of("ttl_seconds", f"0 for {DEFAULT_TTL_SECONDS}, or up to {MAX_TTL_SECONDS:,}")
        intent, asked = intent_of(tenant_id, message), fingerprint(message)
        self._ownership.expire(share)
        earlier = share.book.find(tenant_id, request_id)
        if earlier is not None:
            if earlier.intent != asked:
                raise AlreadyExistsError(f"request_id {request_id!r} was used for another intent: choose a new one")
            await self._ownership.commit(share)
            return Reservation(Decision.FromString(earlier.answer), earlier.expires)
        decision, scopes = self._deciding.decide(tenant_id, intent)
        self._meters.reserved("allowed" if decision.allowed else "denied")
        if not decision.allowed:
            return Reservation(decision, 0)
        now = self._clock.now()
        expires = now + (ttl_seconds or DEFAULT_TTL_SECONDS) * SECOND
        hold = Hold(
            tenant_id,
            request_id,
            asked,
            decision.SerializeToString(),
            scopes,
            intent.estimate,
            now,
            expires,
            request_id,
        )
        await self._step(share, hold)
        return Reservation(decision, expires)

    async def settle(
        self, share: Share, tenant_id: str, request_id: str, actual: Picos, event_id: str = ""
    ) -> SettleResponse.State:
        """The actual cost replaces the estimate until the usage event that carries it is counted.

        Raises:
            InvalidArgumentError
            AlreadyExistsError: it was settled with another amount or event.
            UnavailableError: it may have been settled; the same call again finds out.
        """
        check_id("request_id", request_id)
        if not 0 <= actual <= MAX_AMOUNT:
            raise InvalidArgumentError.of("actual", "must lie between 0 and 1,000,000,000,000 dollars")
        if event_id:
            check_id("event_id", event_id)
        self._ownership.expire(share)
        hold = share.book.find(tenant_id, request_id)
        if hold is None or hold.state is HoldState.RELEASED:
            return SettleResponse.STATE_UNKNOWN
        if hold.state is HoldState.COUNTED:
            await self._ownership.commit(share)
            return SettleResponse.STATE_COUNTED
        event_id = event_id or request_id
        if hold.state is HoldState.SETTLED:
            if (hold.amount, hold.event_id) != (actual, event_id):
                raise AlreadyExistsError(f"request_id {request_id!r} was settled with another amount or event")
            await self._ownership.commit(share)
            return SettleResponse.STATE_SETTLED
        settled = hold.settled(actual, event_id, self._clock.now() + self._settled)
        if self._counted.shown(settled.event):
            await self._step(share, self._ownership.ended(settled, HoldState.COUNTED))
            return SettleResponse.STATE_COUNTED
        await self._step(share, settled)
        return SettleResponse.STATE_SETTLED

    async def release(self, share: Share, tenant_id: str, request_id: str) -> None:
        """Ends the hold: nothing was spent. A request that is unknown, or settled, is left as it is.

        Raises:
            InvalidArgumentError
            UnavailableError: it may have been released; the same call again finds out.
        """
        check_id("request_id", request_id)
        self._ownership.expire(share)
        hold = share.book.find(tenant_id, request_id)
        if hold is not None and hold.state is HoldState.OPEN:
            await self._step(share, self._ownership.ended(hold, HoldState.RELEASED))

    async def _step(self, share: Share, hold: Hold) -> None:
        share.book.apply(hold)
        touch(self._changes, hold)
        await self._ownership.commit(share, hold)


def check_id(field: str, value: str) -> None:
    """Raises InvalidArgumentError where it is no id."""
    if not 1 <= len(value) <= MAX_ID:
        raise InvalidArgumentError.of(field, f"1 to {MAX_ID} characters")
