"""The two services that a gateway calls, over real gRPC: one budget, a price of a dollar per million tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceServicer, add_BudgetServiceServicer_to_server
from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED
from finops.pricing.v1 import pricing_pb2 as prices
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceServicer, add_PricingServiceServicer_to_server

from services.common import money

PICOS_PER_TOKEN = 1_000_000
RESETS = 1_796_083_200_000_000  # 2026-12-01


class Prices(PricingServiceServicer):
    """Of models whose name holds "mini"; ten times as much of others; none of "secret"."""

    async def Quote(self, request: prices.QuoteRequest, context: Any) -> prices.QuoteResponse:
        tokens = request.quantities.input_tokens + request.quantities.output_tokens
        answer = prices.QuoteResponse()
        for option in request.options:
            quote = answer.quotes.add(option=option)
            if option.model != "secret":
                quote.rating.status = RATING_STATUS_PRICED
                quote.rating.cost_picos = tokens * PICOS_PER_TOKEN * (1 if "mini" in option.model else 10)
        return answer


class Book(BudgetServiceServicer):
    """What is held and settled, and never more than the limit."""

    def __init__(self, limit_picos: int) -> None:
        self.limit = limit_picos
        self.amounts: dict[str, int] = {}
        self.intents: list[pb.SpendIntent] = []
        self.settled: list[pb.SettleRequest] = []
        self.released: list[str] = []
        self.delay = 0.0
        self.ended = asyncio.Condition()

    async def Reserve(self, request: pb.ReserveRequest, context: Any) -> pb.ReserveResponse:
        await asyncio.sleep(self.delay)
        self.intents.append(request.intent)
        estimate = money.from_proto(request.intent.estimate)
        remaining = self.limit - sum(self.amounts.values())
        fits = estimate <= remaining
        if fits:
            self.amounts[request.request_id] = estimate
        headroom = pb.BudgetHeadroom(
            name="budgets/search", display_name="Search", would_exceed=not fits, enforcement=pb.ENFORCEMENT_BLOCK,
            remaining=money.to_proto(remaining - estimate if fits else remaining), limit=money.to_proto(self.limit),
            period_end_unix_micros=RESETS,
        )  # fmt: skip
        retry = 0 if fits else RESETS
        return pb.ReserveResponse(decision=pb.Decision(allowed=fits, budgets=[headroom], retry_unix_micros=retry))

    async def Settle(self, request: pb.SettleRequest, context: Any) -> pb.SettleResponse:
        async with self.ended:
            self.settled.append(request)
            self.amounts[request.request_id] = money.from_proto(request.actual)
            self.ended.notify_all()
        return pb.SettleResponse(state=pb.SettleResponse.STATE_SETTLED)

    async def Release(self, request: pb.ReleaseRequest, context: Any) -> pb.ReleaseResponse:
        async with self.ended:
            self.released.append(request.request_id)
            self.amounts.pop(request.request_id, None)
            self.ended.notify_all()
        return pb.ReleaseResponse()

    async def until_ended(self, count: int) -> None:
        """Waits for so many holds to be settled or released."""
        async with asyncio.timeout(10), self.ended:
            await self.ended.wait_for(lambda: len(self.settled) + len(self.released) >= count)


@asynccontextmanager
async def platform(limit_picos: int) -> AsyncIterator[tuple[Book, str]]:
    """A book and the address where it is asked."""
    book, server = Book(limit_picos), grpc.aio.server()
    add_BudgetServiceServicer_to_server(book, server)
    add_PricingServiceServicer_to_server(Prices(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield book, f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
