"""finops.pricing.v1.PricingService."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from finops.pricing.v1.pricing_pb2 import (
    GetPriceRequest,
    GetPriceResponse,
    ListContractsRequest,
    ListContractsResponse,
    ListFxRatesRequest,
    ListFxRatesResponse,
    ListPricesRequest,
    ListPricesResponse,
    PriceBatchRequest,
    PriceBatchResponse,
    PutContractRequest,
    PutContractResponse,
    PutFxRatesRequest,
    PutFxRatesResponse,
    PutPriceOverrideRequest,
    PutPriceOverrideResponse,
    QuoteRequest,
    QuoteResponse,
    RemoveContractRequest,
    RemoveContractResponse,
    RerateRequest,
    RerateResponse,
)
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceServicer

from services.common import auth
from services.common.auth import Access, Role
from services.pricing.handlers.contract_desk import ContractDesk
from services.pricing.handlers.desk import PriceDesk
from services.pricing.handlers.quote import Quoter
from services.pricing.handlers.rerate import Rerater


class PricingServicer(PricingServiceServicer):
    """Admits the caller, and hands the call on."""

    def __init__(self, desk: PriceDesk, quoter: Quoter, rerater: Rerater, contracts: ContractDesk) -> None:
        self._contracts = contracts
        self._desk = desk
        self._quoter = quoter
        self._rerater = rerater

    async def PriceBatch(self, request: PriceBatchRequest, context: Any) -> PriceBatchResponse:  # noqa: N802
        caller = auth.current(Access.READ)
        # Only the platform itself rates for many tenants; anybody else's events are their own, whatever they say.
        tenant_id = None if caller.role is Role.SERVICE else caller.tenant_id
        return await self._desk.price_batch(request.events, tenant_id)

    async def GetPrice(self, request: GetPriceRequest, context: Any) -> GetPriceResponse:  # noqa: N802
        caller = auth.current(Access.READ)
        return GetPriceResponse(price=self._desk.get_price(caller.tenant_id, request))

    async def ListPrices(self, request: ListPricesRequest, context: Any) -> ListPricesResponse:  # noqa: N802
        return self._desk.list_prices(auth.current(Access.READ).tenant_id, request)

    async def PutContract(self, request: PutContractRequest, context: Any) -> PutContractResponse:  # noqa: N802
        caller = auth.current(Access.EDIT)
        put = await self._contracts.put(caller.tenant_id, request.contract, recorded_by=caller.key_name)
        return PutContractResponse(contract=put)

    async def ListContracts(  # noqa: N802
        self, request: ListContractsRequest, context: Any
    ) -> ListContractsResponse:
        return await self._contracts.all(auth.current(Access.READ).tenant_id)

    async def RemoveContract(  # noqa: N802
        self, request: RemoveContractRequest, context: Any
    ) -> RemoveContractResponse:
        caller = auth.current(Access.EDIT)
        await self._contracts.remove(caller.tenant_id, request.name, recorded_by=caller.key_name)
        return RemoveContractResponse()

    async def PutFxRates(self, request: PutFxRatesRequest, context: Any) -> PutFxRatesResponse:  # noqa: N802
        caller = auth.current(Access.EDIT)
        await self._contracts.put_rates(caller.tenant_id, request.rates, recorded_by=caller.key_name)
        return PutFxRatesResponse()

    async def ListFxRates(self, request: ListFxRatesRequest, context: Any) -> ListFxRatesResponse:  # noqa: N802
        caller = auth.current(Access.READ)
        return ListFxRatesResponse(rates=self._contracts.rates(caller.tenant_id, request.currency_code))

    async def PutPriceOverride(  # noqa: N802
        self, request: PutPriceOverrideRequest, context: Any
    ) -> PutPriceOverrideResponse:
        caller = auth.current(Access.EDIT)
        return PutPriceOverrideResponse(
            price=await self._desk.put_override(caller.tenant_id, request.price, recorded_by=caller.key_name)
        )

    async def Quote(self, request: QuoteRequest, context: Any) -> QuoteResponse:  # noqa: N802
        return self._quoter.quote(request, auth.current(Access.ASK).tenant_id)

    async def Rerate(self, request: RerateRequest, context: Any) -> AsyncIterator[RerateResponse]:  # noqa: N802
        caller = auth.current(Access.EDIT)
        async for progress in self._rerater.rerate(request, caller.tenant_id, author=caller.key_name):
            yield progress
