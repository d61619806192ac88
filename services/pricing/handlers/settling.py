"""The settler: keeps what is posted for each term of each contract what the ledger's sums make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Clock, Micros
from services.common.errors import ApiError
from services.common.log import get_logger
from services.common.money import MAX_INT64
from services.pricing.domain.posting import Posted, posting, withdrawal
from services.pricing.domain.rating import Pricer
from services.pricing.domain.settlement import Balance, Books, Settlement, Use, Wanted
from services.pricing.handlers.ports import Leader

log = get_logger(__name__)


class Sums(Protocol):
    """The ledger's sums. All raise UnavailableError: it is away."""

    async def days(self, tenant_id: str, start: Micros, end: Micros) -> Sequence[Use]:
        """See `Books.days`."""
        ...

    async def users(self, tenant_id: str, wanted: Wanted) -> Sequence[Use]:
        """See `Books.users`."""
        ...

    async def posted(self, tenant_id: str, now: Micros) -> Sequence[Posted]:
        """What was settled for a tenant."""
        ...

    async def settled_tenants(self, now: Micros) -> Sequence[str]:
        """Those for whom anything was ever posted."""
        ...


class PostingLog(Protocol):
    """finops.usage.v1."""

    async def post(self, events: Sequence[UsageEvent]) -> None:
        """Writes them durably.

        Raises:
            UnavailableError: Kafka did not acknowledge in time.
        """
        ...


class ReadContracts(Protocol):
    """Where contracts are kept."""

    def ensure_loaded(self) -> None:
        """Raises:
        UnavailableError: contracts were not read yet.
        """
        ...


class Settler:
    """Settles all tenants' contracts."""

    def __init__(self, pricer: Pricer, store: ReadContracts, sums: Sums, postings: PostingLog, clock: Clock) -> None:
        self._pricer = pricer
        self._store = store
        self._sums = sums
        self._postings = postings
        self._clock = clock

    async def balances(self, tenant_id: str) -> Sequence[Balance]:
        """How far the terms of a tenant's contracts are used, as of now.

        Raises:
            UnavailableError: the ledger is away.
        """
        agreements, now = self._pricer.agreements, self._clock.now()
        settlement = Settlement(agreements.of_tenant(tenant_id), agreements.called, agreements.rates, now)
        first = settlement.first_day()
        settlement.books = Books(
            days=[] if first is None or first >= now else await self._sums.days(tenant_id, first, now),
            users={wanted: await self._sums.users(tenant_id, wanted) for wanted in settlement.wanted()},
        )
        return settlement.balances()

    async def settle(self, tenant_id: str) -> int:
        """Posts what differs from what was posted before. Returns how many events.

        Raises:
            UnavailableError: the ledger or Kafka is away.
        """
        now = self._clock.now()
        posted = _by_name(await self._sums.posted(tenant_id, now))
        events = []
        for balance in await self.balances(tenant_id):
            before = posted.pop(balance.name, None)
            if max(map(abs, balance.amounts)) > MAX_INT64:
                log.error("too large to be posted: split the term", tenant=tenant_id, posting=balance.name)
            elif balance.amounts != (before.amounts if before is not None else (0, 0)):
                events.append(posting(tenant_id, balance, now))
        events += [withdrawal(tenant_id, each, now) for each in posted.values() if any(each.amounts)]
        if events:
            await self._postings.post(events)
            log.info("settled", tenant=tenant_id, postings=len(events))
        return len(events)

    async def turn(self, leader: Leader) -> None:
        """Settles every tenant, where this process is the one that does. One tenant's trouble stops no other's.

        Raises:
            UnavailableError: contracts were not read yet, or the ledger or Kafka is away.
        """
        if not leader.held:
            return
        self._store.ensure_loaded()
        failed: ApiError | None = None
        known = set(self._pricer.agreements.tenants())
        for tenant_id in sorted(known | set(await self._sums.settled_tenants(self._clock.now()))):
            try:
                await self.settle(tenant_id)
            except ApiError as error:
                failed = error
        if failed is not None:
            raise failed


def _by_name(rows: Iterable[Posted]) -> dict[str, Posted]:
    """A posting that moved to other dimensions has several rows: what is left of them together, where it is booked."""
    found: dict[str, Posted] = {}
    for row in rows:
        before = found.get(row.name)
        if before is None:
            found[row.name] = row
        else:
            booked = row if any(row.amounts) else before
            found[row.name] = booked._replace(amount=row.amount + before.amount, billed=row.billed + before.billed)
    return found
