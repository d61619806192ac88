"""Rating: the exact cost of an event, or what of it has no price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import attrgetter

from finops.cost.v1.cost_pb2 import Rating
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
from services.pricing.domain import forms
from services.pricing.domain.agreed_seats import SeatDay, seat_day
from services.pricing.domain.contracts import Agreements, Now
from services.pricing.domain.forms import Form, Priced, without_lines
from services.pricing.domain.fx import Rates
from services.pricing.domain.names import Catalogue
from services.pricing.domain.overrides import Override, Overrides
from services.pricing.domain.plans import Plan, Schedule, schedule
from services.pricing.domain.prices import INPUT_BUCKETS
from services.pricing.domain.seats import MAX_MONTHLY, MOST_MONTHLY, SeatBook
from services.pricing.domain.shadow import ShadowPrices
from services.pricing.domain.terms import Contract
from services.pricing.domain.tiers import served

FREE_OUTCOMES = (OUTCOME_FAILED, OUTCOME_CACHE_HIT)
"""Of what costs nothing."""
_IS_INPUT = tuple(bucket in INPUT_BUCKETS for bucket in BUCKETS)
_REQUESTS = BUCKETS.index("requests")
read_quantities: Callable[[Quantities], tuple[int, ...]] = attrgetter(*BUCKETS)
Kind = tuple[str, str, str, bool, str]
"""Provider, model, service tier, batch, region."""
_kind: Callable[[UsageEvent], Kind] = attrgetter("provider", "model", "service_tier", "batch", "region")
_MOST = "$9.2 million, the most that an event may cost"
_FORMS_KEPT = 256
"""Of a plan; more combinations of buckets than that are no habit of anybody's."""


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
        self._prices: list[Override] = []
        self._contracts: list[Contract] = []
        self._rates = Rates()
        self._overrides = Overrides(book.catalogue)
        self._agreements = Agreements(book.catalogue, book.seats)
        self._remembered = remembered_schedules
        self._owners: frozenset[str] = frozenset()
        """Tenants with prices of their own; all others share the list's schedules."""
        self._schedules: dict[tuple[str, Kind], Schedule] = {}

    @property
    def overrides(self) -> Overrides:
        return self._overrides

    @property
    def agreements(self) -> Agreements:
        return self._agreements

    def use(self, overrides: list[Override]) -> None:
        """Takes these contract prices, put one by one, instead of those before."""
        self._prices = overrides
        self._renew()

    def use_contracts(self, contracts: list[Contract], rates: Rates) -> None:
        """Takes these contracts and exchange rates instead of those before."""
        self._contracts, self._rates = contracts, rates
        self._renew()

    def use_book(self, book: PriceBook) -> None:
        """Takes this book instead of the one before, under the same contracts. No rating sees both."""
        self.book = book
        self._renew()

    def _renew(self) -> None:
        self._agreements = Agreements(self.book.catalogue, self.book.seats, self._contracts, self._rates)
        self._overrides = Overrides(self.book.catalogue, [*self._prices, *self._agreements.fixed_prices()])
        self._owners = frozenset(self._overrides.tenants()) | frozenset(self._agreements.tenants())
        self._schedules = {}

    def schedule(
        self, tenant_id: str, provider: str, model: str, service_tier: str, batch: bool, region: str = ""
    ) -> Schedule:
        """The plans for one kind of request of a tenant."""
        owner = tenant_id if tenant_id in self._owners else ""
        kind = provider, model, service_tier, batch, region
        return self._schedules.get((owner, kind)) or self._new_schedule(owner, kind)

    def rate(self, event: UsageEvent, tenant_id: str, into: Rating | None = None) -> Rating:
        """The event's rating under the tenant's contracts.

        Each line is rounded half to even to a picodollar; the cost is the sum of the lines. What a vendor bills for the
        event itself, or reports, is its cost and has no lines.

        Args:
            event: what is rated.
            tenant_id: whose contracts count.
            into: an empty rating to fill in, where copying a new one to its place would cost time.

        Raises:
            UnpriceableError: see there.
        """
        rating = Rating() if into is None else into
        self.price(event, tenant_id).fill_in(rating)
        return rating

    def price(self, event: UsageEvent, tenant_id: str) -> Priced:
        """The same without a message made of it: for whoever needs the cost alone. Raises as `rate` does."""
        if event.HasField("source_cost_picos") and (
            event.source_cost_billed or event.measurement == MEASUREMENT_REPORTED
        ):
            billed = without_lines(self.book.version, f"{event.source} (billed)")
            if not event.HasField("source_effective_cost_picos"):
                return Priced(event.source_cost_picos, billed)
            return Priced(event.source_effective_cost_picos, billed, billed=event.source_cost_picos)
        if event.outcome in FREE_OUTCOMES:
            return Priced(0, without_lines(self.book.version))
        values = read_quantities(event.quantities)
        if min(values) < 0:
            bucket, quantity = next(each for each in zip(BUCKETS, values, strict=True) if each[1] < 0)
            raise UnpriceableError(f"{bucket} is {quantity}: quantities cannot be negative")
        owner = tenant_id if tenant_id in self._owners else ""
        kind = _kind(event)
        plan = (self._schedules.get((owner, kind)) or self._new_schedule(owner, kind)).at(event.time_unix_micros)
        level, assumption = self._level(plan, values) if plan.cliffs else (0, "")
        used = tuple(compress(BUCKETS, values))
        form = plan.forms.get((level, used)) or self.form(plan, level, used, event)
        quantities = tuple(compress(values, form.lines))
        amounts = form.amounts(quantities)
        cost = sum(amounts)
        if cost > MAX_INT64:
            raise UnpriceableError(f"{', '.join(used)} make the event cost more than {_MOST}")
        shadow = self._shadow_cost(form.unpriced, event) if form.unpriced else 0
        if form.listed is form.contracted is None and not (shadow or assumption or form.prepaid):
            return Priced(cost, form, quantities, amounts)
        listed = None if form.listed is None else _view(quantities, form.listed, cost)
        contracted = None if form.contracted is None else _view(quantities, form.contracted, cost)
        return Priced(
            cost, form, quantities, amounts, shadow, assumption if quantities else "", listed, contracted,
            billed=0 if form.prepaid and cost else None,
        )  # fmt: skip

    def form(self, plan: Plan, level: int, used: tuple[str, ...], event: UsageEvent | None = None) -> Form:
        """Makes a form, and keeps it: events use few combinations of buckets. `event`: whose seats are priced."""
        prices, price_id = plan.levels[level], plan.price_id
        view = plan.views[level] if plan.views else None
        listed, contracted = (view.listed, view.contracted) if view is not None else (None, None)
        own = "seats" in used and "seats" not in prices
        seat = self._seat(event, plan.agreed) if own and event is not None else None
        if seat is not None:
            if prices.keys().isdisjoint(used):
                price_id = seat.price_id
            listed = {**(listed or prices), "seats": seat.listed * UNITS_PER_MILLION}
            contracted = {**(contracted or prices), "seats": seat.contracted * UNITS_PER_MILLION}
            prices = {**prices, "seats": seat.effective * UNITS_PER_MILLION}
        made = forms.form(
            used, prices, price_id, plan.assumptions, plan.notes, self.book.version, listed, contracted, plan.withheld
        )
        if plan.agreed is not None and plan.agreed.prepaid:
            made = replace(made, prepaid=True)
        # The price of a seat is that of the day, and perhaps of the event alone.
        if "seats" not in used and len(plan.forms) < _FORMS_KEPT:
            plan.forms[level, used] = made
        return made

    def shadow_price(self, bucket: str) -> Picos:
        """What a million units of a bucket without a price count as; not of seats."""
        return self._shadow.per_million()[bucket]

    def _shadow_cost(self, unpriced: Sequence[str], event: UsageEvent) -> Picos:
        """What buckets without a price count as against a budget."""
        quantities = {bucket: getattr(event.quantities, bucket) for bucket in unpriced}
        shadow = self._shadow.cost(quantities, event.time_unix_micros)
        if shadow > MAX_INT64:
            raise UnpriceableError(f"{', '.join(unpriced)} count as more than {_MOST}")
        return shadow

    def _seat(self, event: UsageEvent, agreed: Now | None) -> SeatDay | None:
        """Prices of a seat's day: the contract's, the event's own, or the plan's list price; None: it has none."""
        listed = self.book.seats.find(event.provider, event.model, event.time_unix_micros)
        if event.seat.HasField("price_picos_per_month"):
            own = event.seat.price_picos_per_month
            if not 0 <= own <= MAX_MONTHLY:
                raise UnpriceableError(f"a seat at {own} picodollars a month is not between $0 and ${MOST_MONTHLY:,}")
        else:
            own = None
        return seat_day(event.provider, event.model, event.time_unix_micros, listed, own, agreed)

    def _level(self, plan: Plan, values: Sequence[int]) -> tuple[int, str]:
        """The level at this length of input. An event that sums up many requests is judged by their mean length."""
        total = sum(compress(values, _IS_INPUT))
        requests = values[_REQUESTS]
        if requests <= 1:
            return plan.level(total), ""
        return plan.level(-(-total // requests)), f"length of input taken as the mean of {requests} requests"

    def _new_schedule(self, owner: str, kind: Kind) -> Schedule:
        if len(self._schedules) >= self._remembered:
            self._schedules.clear()
        made = self._schedules[owner, kind] = self._compile(owner, *kind)
        return made

    def _compile(
        self, tenant_id: str, provider: str, model: str, service_tier: str, batch: bool, region: str
    ) -> Schedule:
        resolved = self.book.catalogue.resolve(provider, model)
        tier, in_batch = served(service_tier, batch)
        contracts = self._overrides.on(tenant_id, resolved.provider, model) if tenant_id else []
        agreed = self._agreements.on(tenant_id, provider, model, contracts) if tenant_id else None
        return schedule(resolved, tier, in_batch, contracts, region, self.book.catalogue.documented, agreed)


def _view(quantities: Sequence[int], prices: Sequence[Picos], cost: Picos) -> Picos | None:
    """What it costs at other prices, where that is something else."""
    total = sum(map(cost_of, quantities, prices))
    if total > MAX_INT64:
        raise UnpriceableError(f"the event costs more than {_MOST} at list or contracted prices")
    return None if total == cost else total
