"""The price desk: answers for prices and takes contract prices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from finops.pricing.v1.pricing_pb2 import (
    BucketPrice,
    GetPriceRequest,
    ListPricesRequest,
    ListPricesResponse,
    Price,
    PriceBatchResponse,
)
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Clock, Micros
from services.common.errors import FieldViolation, InvalidArgumentError, NotFoundError
from services.common.money import MAX_INT64, UNITS_PER_MILLION, Picos
from services.common.paging import Listing, page_size
from services.pricing.domain import serialized
from services.pricing.domain.agreed_seats import SeatDay, seat_day
from services.pricing.domain.batches import price_all
from services.pricing.domain.names import Resolved
from services.pricing.domain.overrides import Override
from services.pricing.domain.plans import CONTRACT, Plan, Schedule, schedule
from services.pricing.domain.prices import ListedModel, PriceSet
from services.pricing.domain.rating import PriceBook, Pricer
from services.pricing.domain.seats import SeatPrice, day_price_at
from services.pricing.domain.tiers import STANDARD, served
from services.pricing.handlers.contracts import override_of
from services.pricing.handlers.ports import OverrideStore

MAX_EVENTS = 5_000
_SLICE = 1_000
"""Events rated before others on the event loop get their turn: about 5 ms."""


class _Row(NamedTuple):
    """A price's place in a listing."""

    name: str
    contract: int
    """After the list's price of the same name."""
    service_tier: str
    batch: int
    effective_from: Micros


class PriceDesk:
    """What PricingService does."""

    def __init__(self, pricer: Pricer, store: OverrideStore, clock: Clock) -> None:
        self._pricer = pricer
        self._store = store
        self._clock = clock
        self._listed: PriceBook | None = None
        self._listings: list[tuple[ListedModel, Schedule]] = []

    @property
    def version(self) -> str:
        """Of the price book."""
        return self._pricer.book.version

    async def price_batch(self, events: Sequence[UsageEvent], tenant_id: str | None) -> PriceBatchResponse:
        """A rating for each event, in order.

        Args:
            events: at most 5,000.
            tenant_id: whose contracts count; None: of the tenant that each event names.

        Raises:
            InvalidArgumentError: too many, or some that no rating can hold; each is named as `events[i]`.
            UnavailableError: contract prices were not read yet.
        """
        if len(events) > MAX_EVENTS:
            raise InvalidArgumentError.of("events", f"{len(events)} of them; send at most {MAX_EVENTS:,} in a batch")
        self._store.ensure_loaded()
        ratings, version = list[bytes](), self.version
        faults: list[FieldViolation] = []
        for start in range(0, len(events), _SLICE):
            if start:
                await asyncio.sleep(0)
            some = events[start : start + _SLICE]
            priced = price_all(self._pricer, some, tenant_id)
            ratings.append(serialized.ratings(priced, len(some)))
            faults += [
                FieldViolation(f"events[{start + position}]", str(error))
                for position, error in sorted(priced.refused.items())
            ]
        if faults:
            raise InvalidArgumentError(f"{len(faults)} of {len(events)} events cannot be rated", violations=faults)
        answer = PriceBatchResponse.FromString(b"".join(ratings))
        answer.price_book_version = version
        return answer

    def get_price(self, tenant_id: str, request: GetPriceRequest) -> Price:
        """What a tenant pays for a model, or for a day of a seat, at a time.

        Raises:
            NotFoundError: neither the list nor a contract prices it, or its price must not be used.
            UnavailableError: contract prices were not read yet.
        """
        self._store.ensure_loaded()
        provider, model, tier, batch = request.provider, request.model, request.service_tier, request.batch
        moment = request.time_unix_micros or self._clock.now()
        plans = self._pricer.schedule(tenant_id, provider, model, tier, batch, request.region)
        plan = plans.at(moment)
        if plan.levels[0]:
            return self._of_plan(plan, plans, tier, batch, moment)
        listed = self._pricer.book.seats.find(provider, model, moment)
        day = seat_day(provider, model, moment, listed, None, plan.agreed)
        if day is None:
            why = "; ".join(dict.fromkeys(plan.withheld.values())) or "look at ListPrices, or put a contract price"
            raise NotFoundError(f"no price for provider {provider!r}, model {model!r}: {why}")
        if listed is not None and not day.price_id.endswith(CONTRACT):
            return _of_seat(listed, moment)
        return self._of_agreed_seat(day, plans.validity(moment))

    def list_prices(self, tenant_id: str, request: ListPricesRequest) -> ListPricesResponse:
        """A page of the tenant's contract prices and the list's standard prices as of now, ordered by name.

        Raises:
            InvalidArgumentError: a page size or token that is none of ours.
            UnavailableError: contract prices were not read yet.
        """
        self._store.ensure_loaded()
        size = page_size(request.page_size)
        listing = Listing(_Row, "prices", tenant_id, request.provider)
        after = listing.after(request.page_token)
        prices = sorted(self._rows(tenant_id, request.provider), key=_row)
        rest = [price for price in prices if after is None or _row(price) > after]
        shown, token = listing.page(rest, size, _row)
        return ListPricesResponse(prices=shown, next_page_token=token)

    async def put_override(self, tenant_id: str, price: Price, recorded_by: str) -> Price:
        """Records a contract price of a tenant; it counts for what is rated from now on.

        Raises:
            InvalidArgumentError: see `override_of`.
            UnavailableError: the store is away.
        """
        override = override_of(price, tenant_id, self._pricer.book.catalogue, self._clock.now())
        await self._store.put(override, recorded_by)
        return _of_override(override)

    def _rows(self, tenant_id: str, provider: str) -> Iterable[Price]:
        catalogue, now = self._pricer.book.catalogue, self._clock.now()
        wanted = catalogue.provider_id(provider) if provider else ""
        for listed, listing in self._standard():
            plan = listing.at(now)
            if plan.levels[0] and (not wanted or listed.provider == wanted):
                yield self._of_plan(plan, listing, STANDARD, False, now)
        for seat in self._pricer.book.seats.all():
            if not wanted or wanted in (seat.provider, catalogue.provider_id(seat.provider)):
                yield _of_seat(seat, now)
        for override in self._pricer.overrides.of_tenant(tenant_id):
            if not wanted or override.provider == wanted:
                yield _of_override(override)

    def _standard(self) -> list[tuple[ListedModel, Schedule]]:
        """Standard prices of the book in force, without anybody's contract."""
        book = self._pricer.book
        if self._listed is not book:
            models = book.catalogue.models()
            self._listings = [(m, schedule(Resolved(m.provider, m), STANDARD, False, ())) for m in models]
            self._listed = book
        return self._listings

    def _of_agreed_seat(self, day: SeatDay, validity: tuple[Micros, Micros]) -> Price:
        name = day.price_id.removesuffix(CONTRACT)
        provider, _, plan = name.partition("/")
        return Price(
            name=f"prices/{name}",
            provider=provider,
            model=plan,
            service_tier=STANDARD,
            buckets=[_seat_bucket(day.effective)],
            effective_from_unix_micros=validity[0],
            effective_to_unix_micros=validity[1],
            recorded_unix_micros=self._pricer.book.as_of,
            source=self.version,
            override=True,
        )

    def _of_plan(self, plan: Plan, plans: Schedule, service_tier: str, batch: bool, moment: Micros) -> Price:
        name = plan.price_id.removesuffix(CONTRACT)
        provider, _, model = name.partition("/")
        tier, in_batch = served(service_tier, batch)
        starts, ends = plans.validity(moment)
        steps = zip((0, *plan.cliffs), plan.levels, strict=True)
        return Price(
            name=f"prices/{name}",
            provider=provider,
            model=model,
            service_tier=tier,
            batch=in_batch,
            buckets=_steps([(above, level) for above, level in steps]),
            effective_from_unix_micros=starts,
            effective_to_unix_micros=ends,
            recorded_unix_micros=self._pricer.book.as_of,
            source=self.version,
            override=plan.price_id.endswith(CONTRACT),
        )


def _steps(levels: Sequence[tuple[int, Mapping[str, Picos]]]) -> list[BucketPrice]:
    """Each bucket's base price, and what it changes to beyond each threshold."""
    found: list[BucketPrice] = []
    for bucket in levels[0][1]:
        last: int | None = None
        for above, level in levels:
            if level[bucket] != last:
                last = level[bucket]
                found.append(BucketPrice(bucket=bucket, price_picos_per_million=last, above_input_tokens=above))
    return found


def _of_seat(seat: SeatPrice, moment: Micros) -> Price:
    return Price(
        name=f"prices/{seat.price_id}",
        provider=seat.provider,
        model=seat.plan,
        service_tier=STANDARD,
        buckets=[_seat_bucket(day_price_at(seat.monthly, moment))],
        effective_from_unix_micros=seat.effective_from,
        recorded_unix_micros=seat.recorded,
        source=seat.source,
    )


def _seat_bucket(day: Picos) -> BucketPrice:
    million = day * UNITS_PER_MILLION
    if million > MAX_INT64:
        return BucketPrice(bucket="seats", price_picos_per_unit=day)
    return BucketPrice(bucket="seats", price_picos_per_million=million)


def _of_override(override: Override) -> Price:
    return Price(
        name=override.name,
        provider=override.provider,
        model=override.model,
        service_tier=override.service_tier,
        batch=override.batch,
        buckets=_ladders(override.prices),
        effective_from_unix_micros=override.effective_from,
        effective_to_unix_micros=override.effective_to,
        recorded_unix_micros=override.recorded,
        source=override.source,
        override=True,
    )


def _ladders(prices: PriceSet) -> list[BucketPrice]:
    return [
        BucketPrice(bucket=bucket, price_picos_per_million=price, above_input_tokens=above)
        for bucket, ladder in prices.items()
        for above, price in ladder
    ]


def _row(price: Price) -> _Row:
    return _Row(
        price.name,
        int(price.override),
        price.service_tier,
        int(price.batch),
        price.effective_from_unix_micros,
    )
