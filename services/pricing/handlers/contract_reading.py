"""Reading a contract as a caller sends it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from finops.pricing.v1 import pricing_pb2 as wire

from services.common.clock import DAY
from services.common.dimensions import BUCKETS
from services.common.errors import FieldViolation, InvalidArgumentError
from services.common.money import MAX_INT64
from services.pricing.domain.fx import USD, Rates
from services.pricing.domain.names import Catalogue
from services.pricing.domain.overrides import Override
from services.pricing.domain.seats import MAX_MONTHLY, MOST_MONTHLY
from services.pricing.domain.terms import (
    Allowance,
    Commitment,
    Contract,
    Credit,
    Percent,
    Period,
    Scope,
    SeatTerm,
)
from services.pricing.domain.tiers import served
from services.pricing.handlers.contracts import LATEST, ladders_of

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME_RULE = "1 to 63 lower-case letters, digits and dashes, such as openai-2026"
_CURRENCY = re.compile(r"[A-Z]{3}")
_MILLION = 10**6
_MAX_MARKUP = 10 * _MILLION
_MAX_TEXT = 256
_MAX_TERMS = 1_000
_PERIODS = {
    wire.COMMITMENT_PERIOD_UNSPECIFIED: Period.TERM,
    wire.COMMITMENT_PERIOD_MONTH: Period.MONTH,
    wire.COMMITMENT_PERIOD_YEAR: Period.YEAR,
}


def contract_of(message: wire.Contract, tenant_id: str, catalogue: Catalogue, rates: Rates) -> Contract:
    """The contract, its names spelt as the book spells them.

    Args:
        message: `effective_from`, `recorded` and `recorded_by` are set.
        tenant_id: whose.
        catalogue: knows the names.
        rates: must have one for the contract's currency on its first day or before.

    Raises:
        InvalidArgumentError: names every field that is wrong.
    """
    reading = _Reading(message, tenant_id, catalogue)
    contract = reading.contract(rates)
    if reading.faults:
        raise InvalidArgumentError("the contract cannot be used", violations=reading.faults)
    return contract


@dataclass
class _Reading:
    message: wire.Contract
    tenant_id: str
    catalogue: Catalogue
    faults: list[FieldViolation] = field(default_factory=list)

    def contract(self, rates: Rates) -> Contract:
        message = self.message
        starts, ends = message.effective_from_unix_micros, message.effective_to_unix_micros
        currency = message.currency_code or USD
        self.expect(NAME.fullmatch(message.name), "name", _NAME_RULE)
        self.expect(0 <= starts < LATEST, "effective_from_unix_micros", "from 1970 to 2286, or 0 for now")
        self.expect(
            not ends or starts < ends < LATEST, "effective_to_unix_micros", "after effective_from, or 0 for no end"
        )
        self.expect(len(message.source) <= _MAX_TEXT, "source", f"at most {_MAX_TEXT} characters")
        if not _CURRENCY.fullmatch(currency):
            self.fault("currency_code", "an ISO 4217 code such as EUR")
        elif message.prices or message.seats or message.allowances or message.credits or message.commitments:
            known = rates.at(self.tenant_id, currency, starts) is not None
            self.expect(known, "currency_code", f"no rate of {currency} on the contract's first day or before: put one")
        self._terms()
        return Contract(
            tenant_id=self.tenant_id,
            name=message.name,
            starts=starts,
            ends=ends,
            recorded=message.recorded_unix_micros,
            currency=currency,
            recorded_by=message.recorded_by,
            source=message.source,
            discounts=self._percents("discounts", message.discounts, _MILLION),
            markups=self._percents("markups", message.markups, _MAX_MARKUP),
            prices=tuple(self._price(n, price, currency) for n, price in enumerate(message.prices)),
            seats=tuple(self._seat(n, seat) for n, seat in enumerate(message.seats)),
            allowances=tuple(self._allowance(n, term) for n, term in enumerate(message.allowances)),
            credits=tuple(self._credit(n, term) for n, term in enumerate(message.credits)),
            commitments=tuple(self._commitment(n, term) for n, term in enumerate(message.commitments)),
        )

    def fault(self, path: str, rule: str) -> None:
        self.faults.append(FieldViolation(f"contract.{path}", rule))

    def expect(self, good: object, path: str, rule: str) -> None:
        if not good:
            self.fault(path, rule)

    def _terms(self) -> None:
        """That there are some, not too many, and each has a name of its own."""
        message = self.message
        named = [*message.allowances, *message.credits, *message.commitments]
        count = len(message.discounts) + len(message.markups) + len(message.prices) + len(message.seats) + len(named)
        self.expect(0 < count <= _MAX_TERMS, "discounts", f"1 to {_MAX_TERMS} terms of any sort")
        for kind in ("allowances", "credits", "commitments"):
            ids: Collection[str] = [term.id for term in getattr(message, kind)]
            for position, name in enumerate(ids):
                self.expect(NAME.fullmatch(name), f"{kind}[{position}].id", _NAME_RULE)
            self.expect(len(set(ids)) == len(ids), kind, "the same id twice")

    def _percents(self, kind: str, terms: Iterable[wire.PercentTerm], most: int) -> tuple[Percent, ...]:
        found = []
        for position, term in enumerate(terms):
            path = f"{kind}[{position}]"
            rule = f"above 0 and up to {most:,} millionths"
            self.expect(0 < term.parts_per_million <= most, f"{path}.parts_per_million", rule)
            found.append(Percent(self._scope(path, term.scope), Fraction(term.parts_per_million, _MILLION)))
        return tuple(found)

    def _scope(self, path: str, scope: wire.Scope) -> Scope:
        models = tuple(glob.strip().lower() for glob in scope.models)
        good = all(0 < len(glob) <= _MAX_TEXT for glob in models)
        self.expect(good, f"{path}.scope.models", f"names or patterns of 1 to {_MAX_TEXT} characters")
        return Scope(self._provider(scope.provider) if scope.provider.strip() else "", models)

    def _provider(self, name: str) -> str:
        return self.catalogue.provider_id(name)

    def _named(self, path: str, **names: str) -> None:
        for name, value in names.items():
            self.expect(0 < len(value.strip()) <= _MAX_TEXT, f"{path}.{name}", f"1 to {_MAX_TEXT} characters")

    def _amount(self, path: str, amount: int, least: int = 1) -> int:
        self.expect(least <= amount <= MAX_INT64, path, f"{least} or more")
        return amount

    def _price(self, position: int, price: wire.FixedPrice, currency: str) -> Override:
        path = f"prices[{position}]"
        self._named(path, provider=price.provider, model=price.model)
        ladders, faults = ladders_of(price.buckets, f"contract.{path}")
        self.faults += faults
        self.expect("seats" not in ladders, f"{path}.buckets", "a seat's price belongs under seats, by month or year")
        tier, batch = served(price.service_tier, price.batch)
        return Override(
            tenant_id=self.tenant_id,
            provider=self._provider(price.provider),
            model=price.model.strip().lower(),
            service_tier=tier,
            batch=batch,
            prices=ladders,
            effective_from=self.message.effective_from_unix_micros,
            effective_to=self.message.effective_to_unix_micros,
            recorded=self.message.recorded_unix_micros,
            source=self.message.source,
            currency=currency,
            contract=self.message.name,
        )

    def _seat(self, position: int, seat: wire.SeatPrice) -> SeatTerm:
        path = f"seats[{position}]"
        self._named(path, provider=seat.provider, plan=seat.plan)
        monthly, yearly = seat.monthly_picos, seat.yearly_picos
        self.expect((monthly > 0) != (yearly > 0), path, "either monthly_picos or yearly_picos, above 0")
        good = 0 <= monthly <= MAX_MONTHLY and 0 <= yearly <= 12 * MAX_MONTHLY
        self.expect(good, path, f"at most {MOST_MONTHLY:,} a month")
        return SeatTerm(self._provider(seat.provider), seat.plan.strip().lower(), monthly or None, yearly or None)

    def _allowance(self, position: int, term: wire.Allowance) -> Allowance:
        path = f"allowances[{position}]"
        self.expect(
            term.bucket in BUCKETS and term.bucket != "seats", f"{path}.bucket", "a bucket such as credit_micros"
        )
        self.expect(term.included or term.pool > 0, f"{path}.included", "units for each seat of a plan, or a pool")
        self.expect(not term.per_user or not term.pool, f"{path}.pool", "nothing where each user has their own")
        for number, included in enumerate(term.included):
            self._named(f"{path}.included[{number}]", plan=included.plan)
            self._amount(f"{path}.included[{number}].units", included.units)
        return Allowance(
            id=term.id,
            scope=self._scope(path, term.scope),
            bucket=term.bucket,
            included=tuple((each.plan.strip().lower(), each.units) for each in term.included),
            pool=self._amount(f"{path}.pool", term.pool, 0),
            overage=self._amount(f"{path}.overage_picos_per_million", term.overage_picos_per_million, 0),
            per_user=term.per_user,
        )

    def _credit(self, position: int, term: wire.Credit) -> Credit:
        path = f"credits[{position}]"
        starts = term.starts_unix_micros or self.message.effective_from_unix_micros
        ends = term.ends_unix_micros or self.message.effective_to_unix_micros
        self.expect(0 <= starts < LATEST and starts % DAY == 0, f"{path}.starts_unix_micros", "the start of a UTC day")
        good = not ends or (starts < ends < LATEST and ends % DAY == 0)
        self.expect(good, f"{path}.ends_unix_micros", "the start of a later UTC day, or 0 for no end")
        amount = self._amount(f"{path}.amount_picos", term.amount_picos)
        return Credit(term.id, self._scope(path, term.scope), amount, starts, ends)

    def _commitment(self, position: int, term: wire.Commitment) -> Commitment:
        path = f"commitments[{position}]"
        period = _PERIODS.get(term.period)
        self.expect(period is not None, f"{path}.period", "month, year or the term")
        starts, ends = self.message.effective_from_unix_micros, self.message.effective_to_unix_micros
        self.expect(period is not Period.TERM or ends, f"{path}.period", "the whole term needs an effective_to")
        self.expect(starts % DAY == 0, "effective_from_unix_micros", "the start of a UTC day, for the commitment")
        self.expect(ends % DAY == 0, "effective_to_unix_micros", "the start of a UTC day, for the commitment")
        amount = self._amount(f"{path}.amount_picos", term.amount_picos)
        return Commitment(
            term.id, self._scope(path, term.scope), amount, period or Period.TERM, prepaid=term.paid_in_advance
        )
