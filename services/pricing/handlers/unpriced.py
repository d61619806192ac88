"""The queue of use without a price: told of, and re-rated where a price has appeared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import UnpricedUse
from finops.usage.v1.usage_pb2 import CORRECTION_KIND_LATE_PRICE

from services.common import filters
from services.common.clock import HOUR, Clock, Micros
from services.common.errors import ApiError, UnavailableError
from services.common.log import get_logger
from services.pricing.domain.rerating import gains_a_price
from services.pricing.handlers.ports import Leader, Pricing, Refused
from services.pricing.handlers.rerate import BookedEvents, Order, Rerater, Selection, correction_of

log = get_logger(__name__)

AUTHOR = "pricing (late prices)"
SAMPLE = 100
"""Events of a group's first and of its last hour on which a price is tried."""


class UnpricedQueue(Protocol):
    """The ledger's queue, of all tenants."""

    async def groups(self) -> Sequence[UnpricedUse]:
        """Raises:
        UnavailableError: the ledger is away.
        """
        ...


class QueueMeter(Protocol):
    """Tells of the queue."""

    def queued(self, groups: Sequence[UnpricedUse], now: Micros) -> None: ...

    def not_ours(self) -> None:
        """Another process tells of it."""
        ...

    def rerated(self, events: int) -> None: ...


class LatePrices:
    """Looks after the queue, in one process of all."""

    def __init__(
        self,
        *,
        queue: UnpricedQueue,
        events: BookedEvents,
        pricing: Pricing,
        rerater: Rerater,
        meter: QueueMeter,
        leader: Leader,
        clock: Clock,
        automatic: bool,
    ) -> None:
        """`automatic`: re-rate what has a price now; else only tell of the queue."""
        self._queue = queue
        self._events = events
        self._pricing = pricing
        self._rerater = rerater
        self._meter = meter
        self._leader = leader
        self._clock = clock
        self._automatic = automatic

    async def turn(self) -> None:
        """Looks once. A group that cannot be re-rated does not keep the others waiting.

        Raises:
            UnavailableError: a service it needs is away; what is left is done the next time.
        """
        if not self._leader.held:
            self._meter.not_ours()
            return
        groups = await self._queue.groups()
        self._meter.queued(groups, self._clock.now())
        if not self._automatic:
            return
        for group in groups:
            try:
                await self._look_after(group)
            except UnavailableError:
                raise
            except ApiError as error:
                log.error("a group without a price cannot be re-rated", **_names(group), error=str(error))

    async def _look_after(self, group: UnpricedUse) -> None:
        price_id = await self._price_found(group)
        if not price_id:
            return
        reason = f"{price_id} has a price now"
        correction = correction_of(CORRECTION_KIND_LATE_PRICE, AUTHOR, reason, self._clock.now())
        whole = _selection(group, group.first_hour_unix_micros, group.last_hour_unix_micros + HOUR)
        changed = 0
        async for progress in self._rerater.run(Order(whole, correction)):
            self._meter.rerated(progress.events_changed - changed)
            changed = progress.events_changed
        log.info("use that had no price is re-rated", **_names(group), events=changed, run=correction.run_id)

    async def _price_found(self, group: UnpricedUse) -> str:
        """Whose price some of the group's events have now; "" for none.

        Prices begin and end at dates, so the group's ends are tried: the first hour, and the last.
        """
        sample: dict[bytes, CostRecord] = {}
        for hour in {group.first_hour_unix_micros, group.last_hour_unix_micros}:
            page = await self._events.page(_selection(group, hour, hour + HOUR), "", SAMPLE)
            sample |= {record.usage.event_key: record for record in page.events}
        records = list(sample.values())
        ratings = await self._pricing.rate([record.usage for record in records]) if records else ()
        for record, rating in zip(records, ratings, strict=True):
            if not isinstance(rating, Refused) and gains_a_price(record.rating, rating):
                return rating.price_id or f"{group.provider}/{group.model}"
        return ""


def _selection(group: UnpricedUse, start: Micros, end: Micros) -> Selection:
    dimensions = {"provider": group.provider, "model": group.model, "service_tier": group.service_tier}
    condition = " AND ".join(f"{name} = {filters.literal(value)}" for name, value in dimensions.items())
    return Selection(group.tenant_id, start, end, condition, only_unpriced=True)


def _names(group: UnpricedUse) -> dict[str, str]:
    return {"tenant": group.tenant_id, "provider": group.provider, "model": group.model, "tier": group.service_tier}
