"""Contracts and exchange rates in memory."""

from __future__ import annotations

from typing import Any

from finops.pricing.v1 import pricing_pb2 as pricing
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceServicer

from services.common import auth
from services.common.auth import Access
from services.common.clock import DAY, SystemClock
from services.common.errors import NotFoundError
from tests.e2e.console_peers.world import World


class Pricing(PricingServiceServicer):
    def __init__(self, world: World) -> None:
        self._world = world

    async def PutContract(self, request: pricing.PutContractRequest, _context: Any) -> pricing.PutContractResponse:
        made = pricing.Contract()
        made.CopyFrom(request.contract)
        made.recorded_by, made.recorded_unix_micros = auth.current(Access.EDIT).key_name, SystemClock().now()
        self._world.of("pricing", Access.EDIT).contracts[made.name] = made
        return pricing.PutContractResponse(contract=made)

    async def ListContracts(
        self, _request: pricing.ListContractsRequest, _context: Any
    ) -> pricing.ListContractsResponse:
        contracts = self._world.of("pricing").contracts.values()
        today = SystemClock().now() // DAY * DAY
        balances = [
            pricing.ContractBalance(
                contract=contract.name, kind="commitment", id=term.id, start_unix_micros=today - DAY,
                end_unix_micros=today + DAY, agreed=term.amount_picos, used=term.amount_picos // 2,
            )
            for contract in contracts
            for term in contract.commitments
        ]  # fmt: skip
        return pricing.ListContractsResponse(contracts=contracts, balances=balances)

    async def RemoveContract(
        self, request: pricing.RemoveContractRequest, _context: Any
    ) -> pricing.RemoveContractResponse:
        if self._world.of("pricing", Access.EDIT).contracts.pop(request.name, None) is None:
            raise NotFoundError(f"no contract {request.name!r}")
        return pricing.RemoveContractResponse()

    async def ListFxRates(self, _request: pricing.ListFxRatesRequest, _context: Any) -> pricing.ListFxRatesResponse:
        return pricing.ListFxRatesResponse(rates=self._world.of("pricing").rates)

    async def PutFxRates(self, request: pricing.PutFxRatesRequest, _context: Any) -> pricing.PutFxRatesResponse:
        self._world.of("pricing", Access.EDIT).rates.extend(request.rates)
        return pricing.PutFxRatesResponse()
