"""Use without a price until its price appears: pricing, ledger and budget on a real Kafka and ClickHouse's engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from finops.budget.v1.budget_pb2 import Budget, CreateBudgetRequest, GetBudgetStatusRequest, Period
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from finops.ledger.v1.ledger_pb2 import (
    CostRow,
    ListCostEntriesRequest,
    ListUnpricedRequest,
    QueryCostsRequest,
    UnpricedUse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.pricing.v1.pricing_pb2 import BucketPrice, Price, PutPriceOverrideRequest, RerateProgress, RerateRequest
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.usage.v1.usage_pb2 import (
    CORRECTION_KIND_CONTRACT_CHANGED,
    CORRECTION_KIND_LATE_PRICE,
    CORRECTION_KIND_PRICE_CORRECTED,
    UsageEvent,
)

from services.allinone.engines.ports import free_port
from services.budget import app as budget
from services.budget.settings import BudgetSettings
from services.common import host
from services.common.auth import Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import DAY, HOUR, Micros, SystemClock
from services.common.errors import InvalidArgumentError, PermissionDeniedError
from services.common.grpc.client import Channel, call, metadata, to_api_error
from services.common.host import Host
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import USAGE, create_topics
from services.common.money import PICOS_PER_DOLLAR, from_proto, to_proto
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
    ServiceSettings,
)
from services.ledger import app as ledger
from services.ledger.settings import LedgerSettings
from services.pricing import app as pricing
from services.pricing.adapters import rerate_metrics
from services.pricing.handlers.unpriced import AUTHOR
from services.pricing.settings import PricingOptions, PricingSettings, RerateOptions
from tests.integration.killable import KillableService
from tests.unit.pricing.events import recorded

pytestmark = pytest.mark.slow

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

    settings: ServiceSettings
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
        settings = PricingSettings(
            **{
                **dict(self.settings),
                "grpc": GrpcSettings(host="127.0.0.1", port=self.pricing_port),
                "http": HttpSettings(host="127.0.0.1", port=0),
                "pricing": PricingOptions(override_refresh_seconds=0.2, rerate=RerateOptions(**options)),
            }
        )
        ring = host.key_ring(settings)
        running = Host("pricing", settings, [pricing.build(settings, ring)], ring)
        await running.start()
        try:
            await until(lambda: _is(running.ready()))
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

    async def rerate(self, key: str = "", **fields: Any) -> list[RerateProgress]:
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


@pytest.fixture
async def world(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    await create_topics(kafka_settings)
    services = ("common", "ledger", "pricing", "budget")
    await migrate(clickhouse_settings, [f"services.{name}.migrations" for name in services])
    own, others = free_port(), free_port()
    peers = PeerSettings(**dict.fromkeys(("ledger", "budget"), f"127.0.0.1:{others}"), pricing=f"127.0.0.1:{own}")
    settings = ServiceSettings(
        kafka=kafka_settings,
        clickhouse=clickhouse_settings,
        auth=auth_settings,
        grpc=GrpcSettings(host="127.0.0.1", port=others),
        http=HttpSettings(host="127.0.0.1", port=0),
        peers=peers,
    )
    ring = host.key_ring(settings)
    running = Host(
        "ledger+budget",
        settings,
        [ledger.build(LedgerSettings(**dict(settings)), ring), budget.build(BudgetSettings(**dict(settings)), ring)],
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


async def _is(value: bool) -> bool:
    return value


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.1)


async def test_a_price_that_appears_is_booked_by_itself_and_the_budget_follows(world: World) -> None:
    async with world.pricing_running(check_seconds=1):
        await _create_budget(world)
        fresh, known = world.events(60), world.events(10, model="gpt-4o", prefix="known")
        await world.send(fresh + known)
        in_budget, known_in_budget = _this_year(fresh), _this_year(known)
        row = await world.until_total(70, 10 * KNOWN_COST, 60)
        assert from_proto(row.shadow_cost) == 60 * SHADOW
        [use] = await world.queue()
        assert (use.tenant_id, use.provider, use.model, use.events) == ("acme", "openai", MODEL, 60)
        assert list(use.buckets) == ["input_tokens", "output_tokens"]
        assert use.first_hour_unix_micros == world.start
        await until(lambda: _is(_gauge("aifinops_unpriced_events") == 60))
        assert _gauge("aifinops_unpriced_shadow_dollars") == 60 * SHADOW / PICOS_PER_DOLLAR
        assert _gauge("aifinops_unpriced_oldest_age_seconds") > 3 * 86_400
        await until(lambda: _spent(world, known_in_budget * KNOWN_COST, in_budget * SHADOW))

        await world.put_price()
        row = await world.until_total(70, 10 * KNOWN_COST + 60 * COST, 0)
        assert from_proto(row.shadow_cost) == 0
        assert await world.queue() == []
        await until(lambda: _spent(world, known_in_budget * KNOWN_COST + in_budget * COST, 0))
        await until(lambda: _is(_gauge("aifinops_unpriced_events") == 0))

        expected = [(1, "none", 70, 10 * KNOWN_COST), (2, "late_price", 60, 60 * COST)]
        assert await world.rows() == expected
        listing = ListCostEntriesRequest(start_unix_micros=world.start, end_unix_micros=world.end, page_size=1_000)
        entries = (await call(world.books.ListCostEntries, listing, key=world.key)).entries
        second = [entry for entry in entries if entry.revision == 2]
        assert {entry.usage.correction.author for entry in second} == {AUTHOR}
        assert {entry.usage.correction.kind for entry in second} == {CORRECTION_KIND_LATE_PRICE}

        for kind in (CORRECTION_KIND_PRICE_CORRECTED, CORRECTION_KIND_LATE_PRICE):
            last = (await world.rerate(kind=kind))[-1]
            assert (last.done, last.events_changed) == (True, 0)
        # What is sent although nothing changed is not booked: the contents of revision 2, once more.
        again = [entry.usage for entry in second]
        await world.send([*again, *world.events(1, prefix="last", model="gpt-4o")])
        await world.until_total(71, 11 * KNOWN_COST + 60 * COST, 0)
        assert await world.rows() == [(1, "none", 71, 11 * KNOWN_COST), *expected[1:]]


async def test_by_hand_dry_first_only_what_is_selected_and_only_by_whoever_may(world: World) -> None:
    async with world.pricing_running(check_seconds=0, page_events=7):
        await world.send(world.events(30))
        await world.until_total(30, 0, 30)
        await world.put_price()
        await asyncio.sleep(0.5)
        dry = await world.rerate(dry_run=True)
        assert [progress.events_read for progress in dry] == [0, 7, 14, 21, 28, 30]
        [effect] = dry[-1].effects
        assert (effect.provider, effect.model, effect.events) == ("openai", MODEL, 30)
        assert (from_proto(effect.cost_before), from_proto(effect.cost_after)) == (0, 30 * COST)
        assert (from_proto(effect.shadow_cost_before), from_proto(effect.shadow_cost_after)) == (30 * SHADOW, 0)
        assert (effect.unpriced_before, effect.unpriced_after) == (30, 0)
        assert (dry[-1].events_total, dry[-1].done) == (30, True)

        day = await world.rerate(end_unix_micros=world.start + DAY, only_unpriced=True, filter='team = "search"')
        assert (day[-1].events_total, day[-1].events_changed) == (10, 10)
        await world.until_total(30, 10 * COST, 20)
        assert (await world.rerate(filter='model = "another"'))[-1].events_read == 0
        rest = await world.rerate(resume_token=dry[3].resume_token)
        assert (rest[-1].events_read, rest[-1].events_changed) == (9, 9)
        await world.until_total(30, 19 * COST, 11)
        assert (await world.rerate())[-1].events_changed == 11
        await world.until_total(30, 30 * COST, 0)
        assert (await world.rerate())[-1].events_changed == 0
        assert await world.rows() == [(1, "none", 30, 0), (2, "contract_changed", 30, 30 * COST)]

        ring = host.key_ring(world.settings)
        await ring.start()
        viewer, _ = await ring.create("acme", Role.VIEWER, "viewer", "test")
        other, _ = await ring.create("globex", Role.EDITOR, "other", "test")
        await ring.stop()
        with pytest.raises(PermissionDeniedError):
            await world.rerate(viewer)
        assert (await world.rerate(other))[-1].events_read == 0
        with pytest.raises(InvalidArgumentError, match="reason"):
            await world.rerate(reason=" ")
        with pytest.raises(InvalidArgumentError, match="kind"):
            await world.rerate(kind=0)
        with pytest.raises(InvalidArgumentError, match="resume_token"):
            await world.rerate(resume_token=dry[3].resume_token, only_unpriced=True)
        with pytest.raises(InvalidArgumentError, match="filter"):
            await world.rerate(filter="team =")
        with pytest.raises(InvalidArgumentError, match="end_unix_micros"):
            await world.rerate(end_unix_micros=world.start - HOUR)


async def test_killed_in_the_middle_and_done_again_it_is_exact(world: World) -> None:
    settings = world.settings
    process = KillableService(
        "pricing", settings.kafka, settings.clickhouse, settings.auth,
        AIFINOPS_GRPC__PORT=str(world.pricing_port), AIFINOPS_PEERS__PRICING=settings.peers.pricing,
        AIFINOPS_PEERS__LEDGER=settings.peers.ledger, AIFINOPS_PRICING__BATCH_RECORDS="50",
        AIFINOPS_PRICING__RERATE__PAGE_EVENTS="50", AIFINOPS_PRICING__RERATE__CHECK_SECONDS="0",
    )  # fmt: skip
    count = 2_000
    await process.start()
    await process.ready()
    await world.send(world.events(count))
    await world.until_total(count, 0, count)
    await world.put_price()
    for pages in (3, 9, 20):
        request = RerateRequest(
            start_unix_micros=world.start,
            end_unix_micros=world.end,
            kind=CORRECTION_KIND_LATE_PRICE,
            reason="killed",
        )
        read = 0
        with pytest.raises(grpc.aio.AioRpcError):
            async for progress in world.prices.Rerate(request, metadata=metadata(world.key)):
                read = progress.events_read
                if read >= pages * 50:
                    await process.kill()
        assert 0 < read < count
        await process.start()
        await process.ready()
    last = (await world.rerate(kind=CORRECTION_KIND_LATE_PRICE))[-1]
    assert last.done
    await world.until_total(count, count * COST, 0)
    assert await world.rows() == [(1, "none", count, 0), (2, "late_price", count, count * COST)]
    assert (await world.rerate())[-1].events_changed == 0
    await process.stop()


def _gauge(name: str) -> float:
    gauges = (rerate_metrics.EVENTS, rerate_metrics.SHADOW, rerate_metrics.OLDEST)
    [value] = [s.value for gauge in gauges for metric in gauge.collect() for s in metric.samples if s.name == name]
    return float(value)


async def _create_budget(world: World) -> None:
    wanted = Budget(display_name="all", amount=to_proto(1_000 * PICOS_PER_DOLLAR), period=Period.PERIOD_YEAR)
    await call(world.budgets.CreateBudget, CreateBudgetRequest(budget=wanted, budget_id="all"), key=world.key)


def _this_year(events: list[UsageEvent]) -> int:
    """How many lie in the period of a year's budget: in the first days of January not all do."""
    year = datetime.now(UTC).year
    return sum(datetime.fromtimestamp(event.time_unix_micros // 1_000_000, UTC).year == year for event in events)


async def _spent(world: World, actual: int, shadow: int) -> bool:
    request = GetBudgetStatusRequest(name="budgets/all")
    status = (await call(world.budgets.GetBudgetStatus, request, key=world.key)).status
    return (from_proto(status.actual), from_proto(status.shadow), status.rebuilding) == (actual, shadow, False)
