"""The pricing service on a real Kafka, ClickHouse's engine and gRPC; only the ledger is played by a small servicer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import GetPositionsResponse, HasEventsRequest, HasEventsResponse, KnownEvent
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer, add_LedgerServiceServicer_to_server
from finops.pricing.v1.pricing_pb2 import (
    BucketPrice,
    GetPriceRequest,
    ListPricesRequest,
    Price,
    PriceBatchRequest,
    PutPriceOverrideRequest,
)
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.usage.v1.usage_pb2 import UsageEvent

from services.allinone.engines.ports import free_port
from services.common import host
from services.common.auth import Role
from services.common.clickhouse import migrate
from services.common.clock import DAY, SystemClock
from services.common.component import GrpcService, Service
from services.common.dimensions import attribution_of
from services.common.errors import InvalidArgumentError, PermissionDeniedError
from services.common.grpc.client import Channel, call
from services.common.host import Host
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition, Record
from services.common.kafka.tail import read
from services.common.kafka.topics import COSTS, DEAD_LETTER, USAGE, create_topics
from services.common.money import PICOS_PER_DOLLAR
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.pricing.app import build
from services.pricing.domain.revisions import Costs
from services.pricing.settings import PricingOptions, PricingSettings
from tests.integration.killable import KillableService
from tests.unit.pricing.events import recorded

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class MemoryLedger(LedgerServiceServicer):
    """Knows the events it was told of."""

    def __init__(self) -> None:
        self.known: dict[bytes, KnownEvent] = {}
        self.asked: list[bytes] = []

    def learn(self, record: CostRecord) -> None:
        usage, costs = record.usage, Costs.of(record.rating)
        self.known[usage.event_key] = KnownEvent(
            event_key=usage.event_key,
            content_hash=usage.content_hash,
            revision=record.revision,
            time_unix_micros=usage.time_unix_micros,
            quantities=usage.quantities,
            cost_picos=costs.effective,
            shadow_cost_picos=costs.shadow,
            list_cost_picos=costs.listed,
            contracted_cost_picos=costs.contracted,
            billed_cost_picos=costs.billed,
            unpriced=bool(record.rating.unpriced_buckets),
            booked=UsageEvent.FromString(attribution_of(usage)),
        )

    async def HasEvents(self, request: HasEventsRequest, context: Any) -> HasEventsResponse:
        self.asked += request.event_keys
        return HasEventsResponse(known=[self.known[key] for key in request.event_keys if key in self.known])

    async def GetPositions(self, request: Any, context: Any) -> GetPositionsResponse:
        return GetPositionsResponse()


class World:
    """Pricing with its surroundings, of one test."""

    def __init__(self, settings: PricingSettings, ledger_settings: PricingSettings) -> None:
        self.settings = settings
        self._ledger_settings = ledger_settings
        self.ledger = MemoryLedger()
        self.producer = Producer(settings.kafka, client_id="test")

    @asynccontextmanager
    async def ledger_running(self) -> AsyncIterator[None]:
        service = Service(
            name="ledger",
            grpc=[GrpcService("finops.ledger.v1.LedgerService", self.ledger, add_LedgerServiceServicer_to_server)],
        )
        ring = host.key_ring(self._ledger_settings)
        running = Host("ledger", self._ledger_settings, [service], ring)
        await running.start()
        try:
            yield
        finally:
            await running.stop()

    @asynccontextmanager
    async def pricing_running(self) -> AsyncIterator[Host]:
        ring = host.key_ring(self.settings)
        running = Host("pricing", self.settings, [build(self.settings, ring)], ring)
        await running.start()
        try:
            yield running
        finally:
            await running.stop()

    async def send(self, events: Sequence[UsageEvent]) -> None:
        await self.producer.produce(
            [Outgoing(USAGE, e.event_key, e.SerializeToString(), [("traceparent", PARENT)]) for e in events]
        )

    async def stored(self, topic: str) -> list[Record]:
        count = 1 if topic == DEAD_LETTER else self.settings.kafka.partitions
        partitions = [Partition(self.settings.kafka.topic(topic), number) for number in range(count)]
        return [record async for batch in read(self.settings.kafka, partitions) for record in batch]

    async def costs(self) -> list[CostRecord]:
        return [CostRecord.FromString(record.value or b"") for record in await self.stored(COSTS)]

    async def until_costs(self, count: int) -> list[CostRecord]:
        async with asyncio.timeout(60):
            while True:
                found = await self.costs()
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.1)


@pytest.fixture
async def world(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    await create_topics(kafka_settings)
    await migrate(clickhouse_settings, ["services.common.migrations", "services.pricing.migrations"])
    own, ledger = free_port(), free_port()
    peers = PeerSettings(pricing=f"127.0.0.1:{own}", ledger=f"127.0.0.1:{ledger}")

    def settings(port: int) -> PricingSettings:
        return PricingSettings(
            kafka=kafka_settings,
            clickhouse=clickhouse_settings,
            auth=auth_settings,
            grpc=GrpcSettings(host="127.0.0.1", port=port),
            http=HttpSettings(host="127.0.0.1", port=0),
            peers=peers,
            pricing=PricingOptions(batch_records=50, linger_seconds=0.02, override_refresh_seconds=0.2),
        )

    made = World(settings(own), settings(ledger))
    await made.producer.start()
    yield made
    await made.producer.stop()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


def events(start: int, end: int, *, content: str = "", **fields: Any) -> list[UsageEvent]:
    now = SystemClock().now()
    return [
        recorded(f"e{n}", content=content, **({"time": now - DAY, "input_tokens": n + 1, "requests": 1} | fields))
        for n in range(start, end)
    ]


def check_positions(records: Sequence[CostRecord]) -> None:
    last: dict[int, int] = {}
    for record in records:
        position = record.usage_position
        assert position.incarnation
        assert position.offset > last.get(position.partition, -1)
        last[position.partition] = position.offset


@pytest.mark.slow
async def test_each_event_is_in_the_costs_once_across_resends_poison_and_restarts(world: World) -> None:
    first = events(0, 300)
    async with world.ledger_running():
        async with world.pricing_running():
            await world.send(first[:200])
            await world.producer.produce([Outgoing(USAGE, b"poison", b"\xff\xff\xff")])
            await world.send(first[100:])
            await world.until_costs(300)
        async with world.pricing_running() as running:
            await world.send(first)
            await world.send(events(10, 20, content="grown", input_tokens=1_000_000))
            await world.send(events(300, 350))
            records = await world.until_costs(360)
            await until(running.ready)
            await world.send(first[20:])
            await world.send(events(350, 351))
            records = await world.until_costs(361)

    assert len(records) == 361
    check_positions(records)
    revisions = {record.usage.source_event_id: 0 for record in records}
    cost = 0
    for record in records:
        revisions[record.usage.source_event_id] += 1
        assert record.revision == revisions[record.usage.source_event_id]
        cost += record.cost_delta_picos
    assert len(revisions) == 351
    assert {name for name, count in revisions.items() if count == 2} == {f"e{n}" for n in range(10, 20)}
    tokens = sum(n + 1 for n in range(351) if not 10 <= n < 20) + 10 * 1_000_000
    assert cost == tokens * 2_500_000

    usage = {(r.partition, r.offset): r for r in await world.stored(USAGE)}
    for stored in await world.stored(COSTS):
        record = CostRecord.FromString(stored.value or b"")
        origin = usage[stored.partition, record.usage_position.offset]
        assert stored.key == origin.key == record.usage.event_key
        headers = dict(stored.headers)
        assert headers["ce_id"] == f"{record.usage.event_key.hex()}:{record.revision}".encode()
        assert headers["ce_type"] == b"finops.cost.v1.CostRecord"
        assert headers["traceparent"] == PARENT

    (dead,) = await world.stored(DEAD_LETTER)
    assert dead.value == b"\xff\xff\xff"
    assert dict(dead.headers)["dlq_reason"] == b"undecodable"


@pytest.mark.slow
async def test_killed_in_the_middle_it_counts_each_event_once(world: World) -> None:
    settings = world.settings
    process = KillableService(
        "pricing", settings.kafka, settings.clickhouse, settings.auth,
        AIFINOPS_GRPC__PORT=str(settings.grpc.port), AIFINOPS_PEERS__PRICING=settings.peers.pricing,
        AIFINOPS_PEERS__LEDGER=settings.peers.ledger,
        AIFINOPS_PRICING__BATCH_RECORDS="50",
    )  # fmt: skip
    async with world.ledger_running():
        await world.send(events(0, 3_000))
        for least in (1, 400, 1_200):
            await process.start()
            await world.until_costs(least)
            await process.kill()
        await process.start()
        await world.until_costs(3_000)
        await process.stop()
    counted: dict[str, int] = {}
    last: dict[int, int] = {}
    for record in await world.costs():
        position = record.usage_position
        if position.offset > last.get(position.partition, -1):
            last[position.partition] = position.offset
            counted[record.usage.source_event_id] = counted.get(record.usage.source_event_id, 0) + 1
            assert record.revision == 1
    assert len(counted) == 3_000
    assert set(counted.values()) == {1}


async def test_what_the_ledger_knows_is_not_new_and_without_it_nothing_is_lost(world: World) -> None:
    """The cost log is empty, as after its loss; the ledger holds one of two old events."""
    known, fresh = events(0, 2)
    async with world.pricing_running():
        await world.send([known, fresh])
        await asyncio.sleep(2)
        assert await world.costs() == []
        world.ledger.learn(CostRecord(usage=known, revision=4))
        async with world.ledger_running():
            (record,) = await world.until_costs(1)
            assert record.usage.source_event_id == "e1"
            await world.send(events(0, 1, content="grown"))
            records = await world.until_costs(2)
    assert sorted((r.usage.source_event_id, r.revision) for r in records) == [("e0", 5), ("e1", 1)]
    assert known.event_key in world.ledger.asked


async def test_prices_over_grpc_stay_within_tenant_and_role(world: World) -> None:
    settings = world.settings.model_copy(update={"pricing": PricingOptions(rater=False, override_refresh_seconds=0.2)})
    admin = settings.auth.admin_key.get_secret_value()
    service = settings.auth.service_key.get_secret_value()
    ring = host.key_ring(settings)
    running = Host("pricing", settings, [build(settings, ring)], ring)
    await running.start()
    channel = Channel(f"127.0.0.1:{running.grpc.port}")
    try:
        await until(running.ready)
        stub = PricingServiceStub(channel.channel())
        viewer, _ = await ring.create("acme", Role.VIEWER, "viewer", "test")
        other, _ = await ring.create("globex", Role.EDITOR, "other", "test")
        bucket = BucketPrice(bucket="input_tokens", price_picos_per_million=2 * PICOS_PER_DOLLAR)
        contract = PutPriceOverrideRequest(price=Price(provider="openai", model="gpt-4o", buckets=[bucket]))
        with pytest.raises(PermissionDeniedError):
            await call(stub.PutPriceOverride, contract, key=viewer)
        await call(stub.PutPriceOverride, contract, key=admin)

        event = recorded("x", time=SystemClock().now() + DAY, input_tokens=1_000_000)
        batch = PriceBatchRequest(events=[event])
        for key, dollars in ((viewer, 2.0), (other, 2.5), (service, 2.0)):
            answer = await call(stub.PriceBatch, batch, key=key)
            assert answer.ratings[0].cost_picos == int(dollars * PICOS_PER_DOLLAR)
            assert answer.price_book_version == answer.ratings[0].price_book_version
        price = (await call(stub.GetPrice, GetPriceRequest(provider="openai", model="gpt-4o"), key=viewer)).price
        assert price.override
        page = await call(stub.ListPrices, ListPricesRequest(provider="openai", page_size=1_000), key=other)
        assert not any(entry.override for entry in page.prices)
        with pytest.raises(InvalidArgumentError):
            await call(stub.PriceBatch, PriceBatchRequest(events=[event] * 5_001), key=viewer)
        ingest, _ = await ring.create("acme", Role.INGEST, "ingest", "test")
        with pytest.raises(PermissionDeniedError):
            await call(stub.PriceBatch, batch, key=ingest)
    finally:
        await channel.stop()
        await running.stop()

    again = Host("pricing", settings, [build(settings, ring := host.key_ring(settings))], ring)
    await again.start()
    channel = Channel(f"127.0.0.1:{again.grpc.port}")
    try:
        await until(again.ready)
        stub = PricingServiceStub(channel.channel())
        answer = await call(stub.PriceBatch, batch, key=admin)
        assert answer.ratings[0].price_id == "openai/gpt-4o@contract"
    finally:
        await channel.stop()
        await again.stop()
