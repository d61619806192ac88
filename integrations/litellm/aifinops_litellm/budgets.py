"""The platform's RPCs this callback uses. Methods are called by name, so that any grpcio the proxy has will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import grpc
from finops.budget.v1 import budget_pb2 as pb
from finops.cost.v1.cost_pb2 import RATING_STATUS_PRICED, Money
from finops.pricing.v1 import pricing_pb2 as prices
from finops.usage.v1.usage_pb2 import Quantities

from aifinops_litellm.settings import PICOS_PER_DOLLAR, Settings

_BUDGET = "/finops.budget.v1.BudgetService/"
_PRICING = "/finops.pricing.v1.PricingService/"


class Budgets:
    """A client of one platform; connects when first used, in the event loop that uses it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metadata = (("authorization", f"Bearer {settings.key}"),)
        self._methods: dict[str, Any] = {}
        self._channel: grpc.aio.Channel | None = None

    async def dearest(
        self, models: Iterable[tuple[str, str]], quantities: Quantities, timeout_seconds: float
    ) -> tuple[str, str, int] | None:
        """Which provider and model would cost most, and how many picodollars, unpriced parts at the shadow price.
        None: no price is known for any. Raises grpc.aio.AioRpcError."""
        options = [prices.QuoteOption(provider=provider, model=model) for provider, model in models]
        request = prices.QuoteRequest(quantities=quantities, options=options)
        answer = await self._call(f"{_PRICING}Quote", prices.QuoteResponse, request, timeout_seconds)
        quoted = [
            (quote.option.provider, quote.option.model, quote.rating.cost_picos + quote.rating.shadow_cost_picos)
            for quote in answer.quotes
            if quote.rating.status == RATING_STATUS_PRICED or quote.rating.shadow_cost_picos
        ]
        return max(quoted, key=lambda each: each[2], default=None)

    async def reserve(
        self, request_id: str, dimensions: Mapping[str, str], estimate_picos: int, timeout_seconds: float
    ) -> pb.Decision:
        """Holds an estimate on every budget the dimensions belong to. Raises grpc.aio.AioRpcError."""
        request = pb.ReserveRequest(
            request_id=request_id,
            intent=pb.SpendIntent(dimensions=dimensions, estimate=money(estimate_picos)),
            ttl_seconds=self._settings.lease_seconds,
        )
        answer: pb.ReserveResponse = await self._call(f"{_BUDGET}Reserve", pb.ReserveResponse, request, timeout_seconds)
        return answer.decision

    async def settle(self, request_id: str, actual_picos: int, event_id: str, timeout_seconds: float) -> None:
        """What was spent, until the usage event of that id has come in. Raises grpc.aio.AioRpcError."""
        request = pb.SettleRequest(request_id=request_id, actual=money(actual_picos), event_id=event_id)
        await self._call(f"{_BUDGET}Settle", pb.SettleResponse, request, timeout_seconds)

    async def release(self, request_id: str, timeout_seconds: float) -> None:
        """Nothing was spent. Raises grpc.aio.AioRpcError."""
        request = pb.ReleaseRequest(request_id=request_id)
        await self._call(f"{_BUDGET}Release", pb.ReleaseResponse, request, timeout_seconds)

    async def _call(self, method: str, answer: Any, request: Any, timeout_seconds: float) -> Any:
        if self._channel is None:
            self._channel = self._connect()
        call = self._methods.get(method)
        if call is None:
            call = self._methods[method] = self._channel.unary_unary(
                method,
                request_serializer=type(request).SerializeToString,
                response_deserializer=answer.FromString,
            )
        return await call(request, metadata=self._metadata, timeout=timeout_seconds)

    def _connect(self) -> grpc.aio.Channel:
        settings = self._settings
        options = [
            ("grpc.lb_policy_name", "round_robin"),
            ("grpc.enable_http_proxy", 0),
            ("grpc.max_reconnect_backoff_ms", 1_000),
        ]
        if not settings.ca_file:
            return grpc.aio.insecure_channel(settings.target, options=options)
        trusted = None if settings.ca_file == "system" else Path(settings.ca_file).read_bytes()
        return grpc.aio.secure_channel(settings.target, grpc.ssl_channel_credentials(trusted), options=options)


def money(picos: int) -> Money:
    """US dollars of a non-negative amount."""
    units, rest = divmod(picos, PICOS_PER_DOLLAR)
    return Money(currency_code="USD", units=units, picos=rest)
