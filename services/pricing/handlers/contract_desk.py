"""The contract desk: takes contracts and exchange rates, and tells of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from finops.pricing.v1.pricing_pb2 import Contract as Message
from finops.pricing.v1.pricing_pb2 import ContractBalance, FxRate, ListContractsResponse

from services.common.clock import DAY, Clock, Micros
from services.common.errors import ApiError, FieldViolation, InvalidArgumentError, NotFoundError
from services.pricing.domain.fx import USD, Rate, parse_rate
from services.pricing.domain.rating import Pricer
from services.pricing.domain.settlement import Balance
from services.pricing.handlers.contract_reading import contract_of
from services.pricing.handlers.contracts import LATEST

MAX_RATES = 5_000
_MAX_SOURCE = 256
_CURRENCY = re.compile(r"[A-Z]{3}")


class ContractStore(Protocol):
    """Where contracts and rates are kept. Each writing returns once it is durable and in force in this process.

    All raise UnavailableError: the store is away, or was not read yet.
    """

    def ensure_loaded(self) -> None: ...

    def messages(self, tenant_id: str) -> Sequence[Message]:
        """The tenant's contracts as they were put, by name."""
        ...

    async def put_contract(self, tenant_id: str, contract: Message) -> None: ...

    async def remove_contract(self, tenant_id: str, name: str, recorded: Micros, recorded_by: str) -> None: ...

    async def put_rates(self, rates: Sequence[Rate], recorded: Micros, recorded_by: str) -> None: ...


class Balancing(Protocol):
    """Whoever knows how far the terms of contracts are used."""

    async def balances(self, tenant_id: str) -> Sequence[Balance]:
        """Raises:
        UnavailableError: the ledger is away.
        """
        ...


class ContractDesk:
    """What PricingService does with contracts."""

    def __init__(self, pricer: Pricer, store: ContractStore, balancing: Balancing, clock: Clock) -> None:
        self._pricer = pricer
        self._store = store
        self._balancing = balancing
        self._clock = clock

    async def put(self, tenant_id: str, contract: Message, recorded_by: str) -> Message:
        """Records a contract of a tenant; it counts for what is rated from now on.

        Raises:
            InvalidArgumentError: see `contract_of`.
            UnavailableError: the store is away.
        """
        self._store.ensure_loaded()
        made = Message()
        made.CopyFrom(contract)
        made.recorded_unix_micros, made.recorded_by = self._clock.now(), recorded_by
        made.effective_from_unix_micros = contract.effective_from_unix_micros or self._today()
        contract_of(made, tenant_id, self._pricer.book.catalogue, self._pricer.agreements.rates)
        await self._store.put_contract(tenant_id, made)
        return made

    async def all(self, tenant_id: str) -> ListContractsResponse:
        """The tenant's contracts and how far they are used.

        Raises:
            UnavailableError: contracts were not read yet.
        """
        self._store.ensure_loaded()
        answer = ListContractsResponse(contracts=self._store.messages(tenant_id))
        try:
            found = await self._balancing.balances(tenant_id)
        except ApiError as error:
            answer.balances_missing = error.message
            return answer
        answer.balances.extend(map(_balance, found))
        return answer

    async def remove(self, tenant_id: str, name: str, recorded_by: str) -> None:
        """Ends a contract as if it had never been, for what is rated from now on.

        Raises:
            NotFoundError: the tenant has none of that name.
            UnavailableError: the store is away.
        """
        self._store.ensure_loaded()
        if name not in [message.name for message in self._store.messages(tenant_id)]:
            raise NotFoundError(f"no contract {name!r}: ListContracts tells those there are")
        await self._store.remove_contract(tenant_id, name, self._clock.now(), recorded_by)

    async def put_rates(self, tenant_id: str, rates: Sequence[FxRate], recorded_by: str) -> None:
        """Records exchange rates of a tenant.

        Raises:
            InvalidArgumentError: names every field that is wrong.
            UnavailableError: the store is away.
        """
        self._store.ensure_loaded()
        if not 0 < len(rates) <= MAX_RATES:
            raise InvalidArgumentError.of("rates", f"{len(rates)} of them; send 1 to {MAX_RATES:,}")
        faults: list[FieldViolation] = []
        read = [_rate(tenant_id, f"rates[{position}]", rate, faults) for position, rate in enumerate(rates)]
        if faults:
            raise InvalidArgumentError("the exchange rates cannot be used", violations=faults)
        await self._store.put_rates([rate for rate in read if rate is not None], self._clock.now(), recorded_by)

    def rates(self, tenant_id: str, currency: str) -> list[FxRate]:
        """The tenant's rates, by currency and day.

        Raises:
            UnavailableError: they were not read yet.
        """
        self._store.ensure_loaded()
        return [
            FxRate(
                currency_code=rate.currency,
                day_unix_micros=rate.day,
                usd_per_unit=str(rate.dollars),
                source=rate.source,
            )
            for rate in self._pricer.agreements.rates.of_tenant(tenant_id)
            if not currency or rate.currency == currency
        ]

    def _today(self) -> Micros:
        return self._clock.now() // DAY * DAY


def _rate(tenant_id: str, path: str, rate: FxRate, faults: list[FieldViolation]) -> Rate | None:
    before = len(faults)
    if not _CURRENCY.fullmatch(rate.currency_code) or rate.currency_code == USD:
        faults.append(FieldViolation(f"{path}.currency_code", "an ISO 4217 code such as EUR, other than USD"))
    if not 0 <= rate.day_unix_micros < LATEST or rate.day_unix_micros % DAY:
        faults.append(FieldViolation(f"{path}.day_unix_micros", "the start of a UTC day, from 1970 to 2286"))
    if len(rate.source) > _MAX_SOURCE:
        faults.append(FieldViolation(f"{path}.source", f"at most {_MAX_SOURCE} characters"))
    try:
        dollars = parse_rate(rate.usd_per_unit)
    except ValueError as error:
        faults.append(FieldViolation(f"{path}.usd_per_unit", str(error)))
        return None
    if len(faults) > before:
        return None
    return Rate(tenant_id, rate.currency_code, rate.day_unix_micros, dollars, rate.source)


def _balance(balance: Balance) -> ContractBalance:
    return ContractBalance(
        contract=balance.contract,
        kind=balance.kind,
        id=balance.id,
        user=balance.user,
        start_unix_micros=balance.start,
        end_unix_micros=balance.end,
        agreed=balance.agreed,
        used=balance.used,
        posted_picos=balance.amount or balance.billed or 0,
        bucket=balance.bucket,
    )
