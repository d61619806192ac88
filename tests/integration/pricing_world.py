"""Pricing, ledger and budget on a real Kafka and ClickHouse's engine, and a client of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from finops.ledger.v1.ledger_pb2 import (
    CostRow,
    ListUnpricedRequest,
    QueryCostsRequest,
    UnpricedUse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.pricing.v1.pricing_pb2 import BucketPrice, Price, PutPriceOverrideRequest, RerateRequest, RerateResponse
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    UsageEvent,
)

from services.allinone.engines.ports import free_port
from services.budget import app as budget
from services.budget.settings import BudgetSettings
from services.common import host
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import DAY, Micros, SystemClock
from services.common.grpc.client import Channel, call, metadata, to_api_error
from services.common.host import Host
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import USAGE, create_topics
from services.common.money import PICOS_PER_DOLLAR, from_proto
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.ledger import app as ledger
from services.ledger.settings import LedgerOptions, LedgerSettings
from services.pricing import app as pricing
from services.pricing.settings import PricingOptions, PricingSettings
from tests.unit.pricing.events import recorded

MODEL = "gpt-zeta-9"
TOKENS: dict[str, Any] = {"input_tokens": 1_000, "output_tokens": 200, "requests": 1}
INPUT, OUTPUT = 4 * PICOS_PER_DOLLAR, 20 * PICOS_PER_DOLLAR
"""Of the contract, for a million tokens."""
COST = (1_000 * INPUT + 200 * OUTPUT) // 1_000_000
SHADOW = (1_000 * 3 + 200 * 15) * PICOS_PER_DOLLAR // 1_000_000
KNOWN_COST = 1_000 * 2_500_000 + 200 * 10_000_000
"""Of gpt-4o at list price: $2.50 and $10 for a million."""


@dataclass
class World:
    """The three services of one test, and a client of theirs."""

    settings: LedgerSettings
    producer: Producer
    pricing_port: int
    start: Micros
    end: Micros

    def __post_init__(self) -> None:
        self.key = self.settings.auth.admin_key.get_secret_value()
        self._pricing = Channel(self.settings.peers.pricing)
        self._others = Channel(self.settings.peers.ledger)

    async def close(self) -> None:
        await self._pricing.stop()
        await self._others.stop()

    @property
    def prices(self) -> Any:
        return PricingServiceStub(self._pricing.channel())

    @property
    def books(self) -> Any:
        return LedgerServiceStub(self._others.channel())

    @property
    def budgets(self) -> Any:
        return BudgetServiceStub(self._others.channel())

    @asynccontextmanager
    async def pricing_running(self, **options: Any) -> AsyncIterator[Host]:
        """With these PricingOptions."""
        settings = PricingSettings(
            **{
                **dict(self.settings),
                "grpc": GrpcSettings(host="127.0.0.1", port=self.pricing_port),
                "http": HttpSettings(host="127.0.0.1", port=0),
                "pricing": PricingOptions(**{"override_refresh_seconds": 0.2, **options}),
            }
        )
        ring = host.key_ring(settings)
        running = Host("pricing", settings, [pricing.build(settings, ring)], ring)
        await running.start()
        try:
            await until(lambda: at_once(running.ready()))
            yield running
        finally:
            await running.stop()

    async def send(self, events: list[UsageEvent]) -> None:
        await self.producer.produce([Outgoing(USAGE, e.event_key, e.SerializeToString()) for e in events])

    def events(self, count: int, *, model: str = MODEL, prefix: str = "z") -> list[UsageEvent]:
        """Spread over the range."""
        step = (self.end - self.start) // count
        return [
            recorded(f"{prefix}{n}", model=model, time=self.start + n * step, source="test", team="search", **TOKENS)
            for n in range(count)
        ]

    async def total(self) -> CostRow:
        request = QueryCostsRequest(start_unix_micros=self.start, end_unix_micros=self.end)
        rows = (await call(self.books.QueryCosts, request, key=self.key)).rows
        return rows[0] if rows else CostRow()

    async def until_total(self, events: int, cost: int, unpriced: int) -> CostRow:
        found: list[CostRow] = []

        async def reached() -> bool:
            found[:] = [await self.total()]
            row = found[0]
            return (row.events, from_proto(row.cost), row.unpriced_events) == (events, cost, unpriced)

        try:
            await until(reached)
        except TimeoutError:
            pytest.fail(f"{found}")
        return found[0]

    async def queue(self) -> list[UnpricedUse]:
        return list((await call(self.books.ListUnpriced, ListUnpricedRequest(), key=self.key)).groups)

    async def put_price(self) -> None:
        price = Price(
            provider="openai",
            model=MODEL,
            effective_from_unix_micros=self.start,
            buckets=[
                BucketPrice(bucket="input_tokens", price_picos_per_million=INPUT),
                BucketPrice(bucket="output_tokens", price_picos_per_million=OUTPUT),
            ],
        )
        await call(self.prices.PutPriceOverride, PutPriceOverrideRequest(price=price), key=self.key)

    async def rerate(self, key: str = "", **fields: Any) -> list[RerateResponse]:
        request = RerateRequest(
            **{
                "start_unix_micros": self.start,
                "end_unix_micros": self.end,
                "kind": CORRECTION_KIND_CONTRACT_CHANGED,
                "reason": "contract of October",
                **fields,
            }
        )
        try:
            return [progress async for progress in self.prices.Rerate(request, metadata=metadata(key or self.key))]
        except grpc.aio.AioRpcError as error:
            raise to_api_error(error) from error

    async def rows(self) -> list[Sequence[Any]]:
        """Entries and what they add, by revision and correction."""
        clickhouse = ClickHouse(self.settings.clickhouse)
        try:
            return list(
                await clickhouse.query(
                    "SELECT revision, correction, count(), sum(cost_picos_delta) FROM cost_entries FINAL "
                    "GROUP BY revision, correction ORDER BY revision, correction"
                )
            )
        finally:
            await clickhouse.stop()


async def at_once(value: bool) -> bool:
    return value


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.1)


@asynccontextmanager
async def opened(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    """The ledger and the budget service, running; pricing is for the test to start."""
    await create_topics(kafka_settings)
    services = ("common", "ledger", "pricing", "budget")
    await migrate(clickhouse_settings, [f"services.{name}.migrations" for name in services])
    own, others = free_port(), free_port()
    peers = PeerSettings(**dict.fromkeys(("ledger", "budget"), f"127.0.0.1:{others}"), pricing=f"127.0.0.1:{own}")
    settings = LedgerSettings(
        kafka=kafka_settings,
        clickhouse=clickhouse_settings,
        auth=auth_settings,
        grpc=GrpcSettings(host="127.0.0.1", port=others),
        http=HttpSettings(host="127.0.0.1", port=0),
        peers=peers,
        ledger=LedgerOptions(batch_linger_seconds=0.1),
    )
    ring = host.key_ring(settings)
    running = Host(
        "ledger+budget",
        settings,
        [ledger.build(settings, ring), budget.build(BudgetSettings(**dict(settings)), ring)],
        ring,
    )
    producer = Producer(kafka_settings, client_id="test")
    today = SystemClock().now() // DAY * DAY
    made = World(settings, producer, own, today - 3 * DAY, today)
    await running.start()
    await producer.start()
    yield made
    await made.close()
    await producer.stop()
    await running.stop()
