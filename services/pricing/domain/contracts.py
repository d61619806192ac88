"""Which terms of a tenant's contracts count for a model at a time."""

from __future__ import annotations

from calendar import isleap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from services.common.clock import Micros, to_datetime
from services.common.money import Picos, round_half_even
from services.pricing.domain.fx import USD, Rates
from services.pricing.domain.names import Catalogue
from services.pricing.domain.overrides import Override
from services.pricing.domain.seats import SeatBook, day_price_at
from services.pricing.domain.terms import Contract, Percent

CONTRACT = "@contract"
"""Ends the price id of what a contract counts in."""

_NONE = Fraction(0)


def no_rate(currency: str) -> str:
    """Why a price in a currency is withheld."""
    return f"no rate of {currency} on or before the day"


@dataclass(frozen=True, slots=True)
class SeatAgreed:
    """What was agreed for a seat, in picodollars at the rate of the day; neither is set where there is no rate."""

    monthly: Picos | None
    yearly: Picos | None
    starts: Micros
    """From where years are counted."""
    currency: str = USD

    def day_price(self, time: Micros) -> Picos | None:
        """Picodollars of the seat for the UTC day of a time."""
        if self.yearly is None:
            return None if self.monthly is None else day_price_at(self.monthly, time)
        day, days = day_of_year(to_datetime(self.starts).date(), to_datetime(time).date())
        return self.yearly * day // days - self.yearly * (day - 1) // days

    def marked_up(self, share: Fraction) -> SeatAgreed:
        """With a share of the price added."""
        return replace(self, monthly=_converted(self.monthly, 1 + share), yearly=_converted(self.yearly, 1 + share))


@dataclass(frozen=True)
class Now:
    """What is agreed on one model at one time."""

    discount: Fraction = _NONE
    """Share of the list price; not of a fixed one."""
    markup: Fraction = _NONE
    """Share of the contracted price that is added."""
    seat: SeatAgreed | None = None
    included: Mapping[str, str] = field(default_factory=dict)
    """Buckets that an allowance covers, and whose: they cost nothing by the unit."""
    prepaid: bool = False
    """A commitment paid in advance covers it: it is not billed again."""
    dollars: Mapping[str, Fraction] = field(default_factory=dict)
    """For one unit of each currency that is needed and has a rate."""

    @property
    def anything(self) -> bool:
        return bool(self.discount or self.markup or self.seat or self.included or self.prepaid)


NOTHING_NOW = Now(dollars={USD: Fraction(1)})


class Agreed:
    """What a tenant agreed on for one model, over time."""

    def __init__(
        self,
        tenant_id: str = "",
        contracts: Sequence[Contract] = (),
        providers: frozenset[str] = frozenset(),
        names: frozenset[str] = frozenset(),
        fixed: Sequence[Override] = (),
        rates: Rates | None = None,
    ) -> None:
        """`contracts`: the one that counts most last. `names`: of the model or plan. `fixed`: its fixed prices."""
        self._tenant_id = tenant_id
        self._contracts = contracts
        self._providers = providers
        self._names = names
        self._rates = rates or Rates()
        self._seats = [
            (contract, seat)
            for contract in contracts
            for seat in contract.seats
            if seat.provider in providers and seat.plan in names
        ]
        self._currencies = {price.currency for price in fixed} | {contract.currency for contract, _ in self._seats}

    def dates(self) -> Iterator[Micros]:
        """When anything of it changes."""
        for contract in self._contracts:
            yield contract.starts
            if contract.ends:
                yield contract.ends
        for currency in self._currencies:
            yield from self._rates.days(self._tenant_id, currency)

    def at(self, time: Micros) -> Now:
        """At a time."""
        if not self._contracts and self._currencies <= {USD}:
            return NOTHING_NOW
        known = {currency: self._rates.at(self._tenant_id, currency, time) for currency in {USD, *self._currencies}}
        dollars = {currency: rate for currency, rate in known.items() if rate is not None}
        holding = [contract for contract in reversed(self._contracts) if contract.holds(time)]
        return Now(
            discount=self._first(term for contract in holding for term in contract.discounts),
            markup=self._first(term for contract in holding for term in contract.markups),
            seat=self._seat(time, dollars),
            included={
                allowance.bucket: contract.name
                for contract in holding
                for allowance in contract.allowances
                if allowance.scope.covers(self._providers, self._names)
            },
            prepaid=any(
                term.prepaid and term.scope.covers(self._providers, self._names)
                for contract in holding
                for term in contract.commitments
            ),
            dollars=dollars,
        )

    def _first(self, terms: Iterable[Percent]) -> Fraction:
        return next((term.share for term in terms if term.scope.covers(self._providers, self._names)), _NONE)

    def _seat(self, time: Micros, dollars: Mapping[str, Fraction]) -> SeatAgreed | None:
        for contract, seat in reversed(self._seats):
            if contract.holds(time):
                rate = dollars.get(contract.currency)
                return SeatAgreed(
                    _converted(seat.monthly, rate), _converted(seat.yearly, rate), contract.starts, contract.currency
                )
        return None


class Agreements:
    """All tenants' contracts."""

    def __init__(
        self, catalogue: Catalogue, seats: SeatBook, contracts: Iterable[Contract] = (), rates: Rates | None = None
    ) -> None:
        self._catalogue = catalogue
        self._seats = seats
        self.rates = rates or Rates()
        self._tenants: dict[str, list[Contract]] = defaultdict(list)
        for contract in sorted(contracts, key=lambda c: (c.starts, c.recorded, c.name)):
            self._tenants[contract.tenant_id].append(contract)

    def tenants(self) -> list[str]:
        """Those that have any."""
        return sorted(self._tenants)

    def of_tenant(self, tenant_id: str) -> list[Contract]:
        """The one that counts most last."""
        return list(self._tenants.get(tenant_id, ()))

    def fixed_prices(self) -> Iterator[Override]:
        """Of all of them."""
        for contracts in self._tenants.values():
            for contract in contracts:
                yield from contract.prices

    def on(self, tenant_id: str, provider: str, model: str, fixed: Sequence[Override] = ()) -> Agreed:
        """What is agreed on a model, given its fixed prices."""
        contracts = self._tenants.get(tenant_id, [])
        if not contracts:
            return Agreed()
        providers, names = self.called(provider, model)
        return Agreed(tenant_id, contracts, providers, names, fixed, self.rates)

    def called(self, provider: str, model: str) -> tuple[frozenset[str], frozenset[str]]:
        """All names a term may use for a provider, and for its model or plan."""
        resolved = self._catalogue.resolve(provider, model)
        providers, names = {resolved.provider, *self._seats.called(provider.strip().lower())}, {model.strip().lower()}
        if resolved.model is not None:
            names.add(resolved.model.model.lower())
        seat = self._seats.find(provider, model, 0)
        if seat is not None:
            providers.add(seat.provider)
            names.add(seat.plan)
        return frozenset(providers), frozenset(names)


def day_of_year(start: date, day: date) -> tuple[int, int]:
    """Which day of a contract's year a day is, from 1, and how many the year has. Years begin on the start's date; on
    March 1 where it is February 29 and there is none."""
    year = day.year if day >= _anniversary(start, day.year) else day.year - 1
    begins, ends = _anniversary(start, year), _anniversary(start, year + 1)
    return (day - begins).days + 1, (ends - begins).days


def _anniversary(start: date, year: int) -> date:
    if (start.month, start.day) == (2, 29) and not isleap(year):
        return date(year, 3, 1)
    return start.replace(year=year)


def _converted(amount: Picos | None, rate: Fraction | None) -> Picos | None:
    return None if amount is None or rate is None else round_half_even(amount * rate)
