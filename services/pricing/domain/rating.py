"""Rating: the exact cost of an event, or what of it has no price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from finops.cost.v1.cost_pb2 import Rating, RatingStatus
from finops.usage.v1.usage_pb2 import (
    MEASUREMENT_REPORTED,
    OUTCOME_CACHE_HIT,
    OUTCOME_FAILED,
    Quantities,
    UsageEvent,
)

from services.common.clock import Micros
from services.common.dimensions import BUCKETS
from services.common.money import MAX_INT64, UNITS_PER_MILLION, Picos, cost_of
from services.pricing.domain.names import Catalogue
from services.pricing.domain.overrides import Override, Overrides
from services.pricing.domain.plans import Plan, Schedule, schedule
from services.pricing.domain.prices import INPUT_BUCKETS
from services.pricing.domain.seats import MAX_MONTHLY, SeatBook, day_price_at
from services.pricing.domain.shadow import ShadowPrices
from services.pricing.domain.tiers import served

_FREE_OUTCOMES = (OUTCOME_FAILED, OUTCOME_CACHE_HIT)
_INPUT = frozenset(INPUT_BUCKETS)
_read: Callable[[Quantities], tuple[int, ...]] = attrgetter(*BUCKETS)
_MOST = "$9.2 million, the most that an event may cost"
_NEVER_UNPRICED = "requests"
"""A count of requests is free unless the book prices it."""


class UnpriceableError(ValueError):
    """An event no rating can hold: a negative quantity, or an amount beyond 64 bits of picodollars ($9.2 million)."""


@dataclass(frozen=True)
class PriceBook:
    """The list prices of one release of their source."""

    catalogue: Catalogue
    seats: SeatBook
    version: str
    as_of: Micros
    """The newest date on which a price in it changed: it is at least as fresh as that."""


class Pricer:
    """Rates events by a price book, contracts and shadow prices. Deterministic: the same event, the same rating."""

    def __init__(self, book: PriceBook, shadow: ShadowPrices, *, remembered_schedules: int = 20_000) -> None:
        self.book = book
        self._shadow = shadow
        self._contracts: list[Override] = []
        self._overrides = Overrides(book.catalogue)
        self._schedule = lru_cache(maxsize=remembered_schedules)(self._compile)

    @property
    def overrides(self) -> Overrides:
        return self._overrides

    def use(self, overrides: list[Override]) -> None:
        """Takes these contracts instead of those before."""
        self._contracts = overrides
        self._overrides = Overrides(self.book.catalogue, overrides)
        self._schedule.cache_clear()

    def use_book(self, book: PriceBook) -> None:
        """Takes this book instead of the one before, under the same contracts. No rating sees both."""
        self.book = book
        self.use(self._contracts)

    def schedule(
        self, tenant_id: str, provider: str, model: str, service_tier: str, batch: bool, region: str = ""
    ) -> Schedule:
        """The plans for one kind of request of a tenant."""
        owner = tenant_id if self._overrides.has(tenant_id) else ""
        return self._schedule(owner, provider, model, service_tier, batch, region)

    def rate(self, event: UsageEvent, tenant_id: str) -> Rating:
        """The event's rating under the tenant's contracts.

        Each line is rounded half to even to a picodollar; the cost is the sum of the lines. What a vendor bills for the
        event itself, or reports, is its cost and has no lines.

        Raises:
            UnpriceableError: see there.
        """
        rating = Rating(status=RatingStatus.RATING_STATUS_PRICED, price_book_version=self.book.version)
        if event.HasField("source_cost_picos") and (
            event.source_cost_billed or event.measurement == MEASUREMENT_REPORTED
        ):
            rating.cost_picos, rating.price_id = event.source_cost_picos, f"{event.source} (billed)"
            return rating
        if event.outcome in _FREE_OUTCOMES:
            return rating
        quantities = {
            bucket: quantity for bucket, quantity in zip(BUCKETS, _read(event.quantities), strict=True) if quantity
        }
        time = event.time_unix_micros
        plan = self.schedule(tenant_id, event.provider, event.model, event.service_tier, event.batch, event.region).at(
            time
        )
        prices, assumptions = self._prices(plan, quantities)
        unpriced: dict[str, int] = {}
        cost, price_id = 0, ""
        for bucket, quantity in quantities.items():
            if quantity < 0:
                raise UnpriceableError(f"{bucket} is {quantity}: quantities cannot be negative")
            price, name = prices.get(bucket), plan.price_id
            if price is None and bucket == "seats":
                price, name = self._seat(event)
            if price is None:
                if bucket != _NEVER_UNPRICED:
                    unpriced[bucket] = quantity
                continue
            amount = cost_of(quantity, price)
            cost += amount
            if cost > MAX_INT64:
                raise UnpriceableError(f"{quantity} {bucket} make the event cost more than {_MOST}")
            price_id = price_id or name
            # In place: a line made outside would be copied in, which takes longer than everything else here.
            rating.lines.add(bucket=bucket, quantity=quantity, price_picos_per_million=price, cost_picos=amount)
            if bucket in plan.notes:
                assumptions = (*assumptions, plan.notes[bucket])
        if price_id:
            rating.cost_picos = cost
            rating.price_id = price_id
            if assumptions:
                rating.assumptions.extend(assumptions)
        if unpriced:
            self._flag(rating, unpriced, time)
        return rating

    def _flag(self, rating: Rating, unpriced: Mapping[str, int], time: Micros) -> None:
        """Names what has no price, and what it counts as against a budget."""
        shadow = self._shadow.cost(unpriced, time)
        if shadow > MAX_INT64:
            raise UnpriceableError(f"{', '.join(unpriced)} count as more than {_MOST}")
        rating.shadow_cost_picos = shadow
        rating.unpriced_buckets.extend(unpriced)
        partial = bool(rating.lines)
        rating.status = RatingStatus.RATING_STATUS_PARTIAL if partial else RatingStatus.RATING_STATUS_UNPRICED

    def _seat(self, event: UsageEvent) -> tuple[Picos | None, str]:
        """Price of a seat's day, for a million of them, and whose price: the event's own, or the plan's list price."""
        if event.seat.HasField("price_picos_per_month"):
            monthly, name = event.seat.price_picos_per_month, f"{event.provider}/{event.model} (the source's own price)"
            if not 0 <= monthly <= MAX_MONTHLY:
                raise UnpriceableError(f"a seat at {monthly} picodollars a month is not between $0 and $250")
        else:
            listed = self.book.seats.find(event.provider, event.model, event.time_unix_micros)
            if listed is None:
                return None, ""
            monthly, name = listed.monthly, listed.price_id
        return day_price_at(monthly, event.time_unix_micros) * UNITS_PER_MILLION, name

    def _prices(self, plan: Plan, quantities: Mapping[str, int]) -> tuple[Mapping[str, Picos], tuple[str, ...]]:
        """The prices at this length of input. An event that sums up many requests is judged by their mean length."""
        if not plan.cliffs:
            return plan.levels[0], plan.assumptions
        total = sum(quantity for bucket, quantity in quantities.items() if bucket in _INPUT)
        requests = quantities.get("requests", 1)
        if requests <= 1:
            return plan.prices(total), plan.assumptions
        note = f"length of input taken as the mean of {requests} requests"
        return plan.prices(-(-total // requests)), (*plan.assumptions, note)

    def _compile(
        self, tenant_id: str, provider: str, model: str, service_tier: str, batch: bool, region: str
    ) -> Schedule:
        resolved = self.book.catalogue.resolve(provider, model)
        tier, in_batch = served(service_tier, batch)
        contracts = self._overrides.on(tenant_id, resolved.provider, model) if tenant_id else []
        return schedule(resolved, tier, in_batch, contracts, region, self.book.catalogue.documented)
