"""An event that is booked anew, through a real broker, the rater, and the ledger's tables: every sum follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from finops.ledger.v1.ledger_pb2 import QueryCostsRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, UsageEvent

from services.allinone.engines.ports import free_port
from services.common import host, money
from services.common.clickhouse import migrate
from services.common.clock import DAY, SystemClock
from services.common.grpc.client import Channel, call
from services.common.host import Host
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import USAGE, create_topics
from services.common.money import PICOS_PER_DOLLAR, Picos
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.ledger import app as ledger
from services.ledger.reconcile import reconcile
from services.ledger.settings import LedgerOptions, LedgerSettings
from services.pricing import app as pricing
from services.pricing.settings import PricingOptions, PricingSettings
from tests.unit.pricing.events import recorded

# gpt-4o: $2.50 a million of input.
EACH: Picos = 5 * PICOS_PER_DOLLAR // 2
EVENTS = 20
Spend = Mapping[str, tuple[Picos, int, int]]
"""By team: cost, events, input tokens."""


class World:
    """Pricing and the ledger in one process."""

    def __init__(self, kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings) -> None:
        port = free_port()
        shared: dict[str, Any] = {
            "kafka": kafka,
            "clickhouse": clickhouse,
            "auth": auth,
            "grpc": GrpcSettings(host="127.0.0.1", port=port),
            "http": HttpSettings(host="127.0.0.1", port=0),
            "peers": PeerSettings(pricing=f"127.0.0.1:{port}", ledger=f"127.0.0.1:{port}"),
        }
        options = PricingOptions(batch_records=50, linger_seconds=0.02, window_records=10)
        self.pricing = PricingSettings(**shared, pricing=options)
        self.ledger = LedgerSettings(**shared, ledger=LedgerOptions(batch_linger_seconds=0.1))
        self.producer = Producer(kafka, client_id="test")
        self._channel = Channel(f"127.0.0.1:{port}")
        self._key = auth.service_key.get_secret_value()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        keyring = host.key_ring(self.pricing)
        services = [pricing.build(self.pricing, keyring), ledger.build(self.ledger, keyring)]
        running = Host("both", self.pricing, services, keyring)
        await running.start()
        await self._channel.start()
        try:
            yield
        finally:
            await self._channel.stop()
            await running.stop()

    async def send(self, events: Sequence[UsageEvent]) -> None:
        await self.producer.produce([Outgoing(USAGE, event.event_key, event.SerializeToString()) for event in events])

    async def spend(self) -> Spend:
        now = SystemClock().now()
        request = QueryCostsRequest(
            start_unix_micros=now // DAY * DAY - 3 * DAY, end_unix_micros=now // DAY * DAY + DAY, group_by=["team"]
        )
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.QueryCosts, request, key=self._key, tenant_id="acme")
        return {
            row.group[0]: (money.from_proto(row.cost), row.events, row.quantities.input_tokens)
            for row in answer.rows
            if row.events or money.from_proto(row.cost) or row.quantities.input_tokens
        }

    async def until(self, expected: Spend) -> None:
        found: Spend = {}
        async with asyncio.timeout(60):
            while found != expected:
                await asyncio.sleep(0.1)
                found = await self.spend()

    async def still(self, expected: Spend) -> None:
        """Sends a last event, and once that is counted, everything before it is."""
        now = SystemClock().now()
        await self.send([event(f"last {now} {number}", team="last", time=now) for number in range(30)])
        amount, events, tokens = expected.get("last", (0, 0, 0))
        await self.until({**expected, "last": (amount + 30 * EACH, events + 30, tokens + 30 * 1_000_000)})


def event(identity: str, **fields: Any) -> UsageEvent:
    fields = {"time": SystemClock().now() - DAY, "input_tokens": 1_000_000, "requests": 1} | fields
    return recorded(identity, **fields)


@pytest.fixture
async def world(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[World]:
    await create_topics(kafka_settings)
    modules = ["services.common.migrations", "services.pricing.migrations", "services.ledger.migrations"]
    await migrate(clickhouse_settings, modules)
    made = World(kafka_settings, clickhouse_settings, auth_settings)
    await made.producer.start()
    yield made
    await made.producer.stop()


@pytest.mark.slow
async def test_sums_follow_an_event_to_its_new_team(world: World) -> None:
    time = SystemClock().now() - DAY
    first = [event(f"e{n}", team="search", time=time) for n in range(EVENTS)]
    moved = [event(f"e{n}", content="moved", team="ads", time=time, input_tokens=2_000_000) for n in range(5)]
    kind = CorrectionKind.CORRECTION_KIND_REATTRIBUTION
    attributed = [event(f"e{n}", team="ops", time=time) for n in range(5, 9)]
    for wanted in attributed:
        wanted.correction.CopyFrom(Correction(kind=kind, author="ann", reason="changed teams"))

    async with world.running():
        await world.send(first)
        await world.until({"search": (EVENTS * EACH, EVENTS, EVENTS * 1_000_000)})
        await world.send(moved)
        after_move = {
            "search": (15 * EACH, 15, 15_000_000),
            "ads": (10 * EACH, 5, 10_000_000),
        }
        await world.until(after_move)
        await world.send(attributed)
        settled = {**after_move, "search": (11 * EACH, 11, 11_000_000), "ops": (4 * EACH, 4, 4_000_000)}
        await world.until(settled)
        # Nothing of this changes anything: the same once more, and a correction of what was never sent.
        stranger = event("never sent", team="ops", time=time)
        stranger.correction.CopyFrom(Correction(kind=kind))
        await world.send([*attributed, *moved, *first[5:], stranger])
        await world.still(settled)
    with_last = {**settled, "last": (30 * EACH, 30, 30_000_000)}

    # A new process knows of them only what its short window and the ledger tell.
    async with world.running():
        await world.send([*attributed, *moved, *first[9:]])
        back = event("e5", content="moved", team="search", time=time)
        await world.send([back])
        await world.still({**with_last, "search": (12 * EACH, 12, 12_000_000), "ops": (3 * EACH, 3, 3_000_000)})
    report = await reconcile(world.ledger, repair=False)
    assert report.clean, report
    assert report.repeated_entries == 0
