"""What the budget service is measured on: Apache Kafka where it can be started, ClickHouse, a ledger with a regular
past, thousands of stored definitions, and a feed of cost records."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from finops.budget.v1 import budget_pb2 as pb
from finops.usage.v1.usage_pb2 import UsageEvent
from google.protobuf.json_format import MessageToJson
from rich.console import Console

from bench import budget_ledger
from bench.bed import Bed, Served, engines, served
from bench.budget_world import records, stored
from services.allinone.engines.ports import free_port
from services.allinone.engines.processes import ChildProcess, listening
from services.budget.domain.codec import message_of
from services.common.clickhouse import ClickHouse
from services.common.clock import SystemClock
from services.common.kafka.client import incarnation
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing
from services.common.kafka.topics import COSTS, create_topics
from services.common.settings import ServiceSettings, load
from tests.kafka import RealKafka, RealKafkaMissing

PRODUCED_AT_ONCE = 2_000

console = Console(stderr=True)

_COLUMNS = {
    "tenant_id": "String", "budget_id": "String", "version": "UInt64", "deleted": "UInt8", "definition": "String",
    "created_at": "DateTime64(6, 'UTC')", "updated_at": "DateTime64(6, 'UTC')", "updated_by": "String",
}  # fmt: skip


@dataclass
class Feed:
    """Cost records into Kafka, as the rater writes them: usage offsets rise in each partition."""

    producer: Producer
    incarnation: str
    partitions: int
    written: Counter[int] = field(default_factory=Counter)
    """Records, by partition."""
    _turn: int = field(default=0)

    def prepare(self, usages: Sequence[UsageEvent]) -> list[Outgoing]:
        """The records of these events, all in one partition, the next one in turn."""
        number = self._turn = (self._turn + 1) % self.partitions
        first = self.written[number]
        self.written[number] += len(usages)
        return [
            Outgoing(COSTS, b"key", record.SerializeToString(), partition=number)
            for record in records(usages, self.incarnation, number, first)
        ]

    async def send(self, usages: Sequence[UsageEvent]) -> None:
        """Returns once they are durable."""
        for first in range(0, len(usages), PRODUCED_AT_ONCE):
            await self.producer.produce(self.prepare(usages[first : first + PRODUCED_AT_ONCE]))


@dataclass
class Stage:
    """Everything but the service itself."""

    bed: Bed
    feed: Feed
    ledger_address: str
    broker: str

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Served]:
        """The budget service, ready, on a core of its own. Its first forecasts are waited for, so they may take it
        whole."""
        variables = {
            "AIFINOPS_PEERS__LEDGER": self.ledger_address,
            "AIFINOPS_BUDGET__FORECAST_PROCESSOR_SHARE": "1",
        }
        async with served(self.bed, "budget", ["bench.budget_process"], **variables) as server:
            yield server


@asynccontextmanager
async def stage(folder: Path, definitions: Sequence[pb.Budget]) -> AsyncIterator[Stage]:
    """Engines, ledger and feed; the definitions are stored."""
    async with engines(folder) as bed, _kafka(folder / "kafka") as broker:
        settings = load(ServiceSettings)
        await create_topics(settings.kafka)
        await _store(ClickHouse(settings.clickhouse), definitions)
        producer = Producer(settings.kafka, client_id="bench")
        await producer.start()
        life = await incarnation(settings.kafka)
        try:
            async with _ledger(bed) as address:
                yield Stage(bed, Feed(producer, life, settings.kafka.partitions), address, broker)
        finally:
            await producer.stop()


async def gauge(server: Served, name: str) -> float:
    """One of the service's own metrics."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        lines = (await http.get(f"{server.url}/metrics")).text.splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(f"{name} ")))


async def settled(server: Served, budgets: int) -> None:
    """Waits until the service knows its budgets and no sum is being rebuilt, once it has begun with them."""
    known = rebuilding = 0.0
    while known != budgets or rebuilding:
        known = await gauge(server, "aifinops_budget_definitions")
        rebuilding = await gauge(server, "aifinops_budget_rebuilding")
        console.print(f"  {known:,.0f} budgets known, {rebuilding:,.0f} in rebuilding   ", end="\r")
        await asyncio.sleep(0.5)
    console.print()


async def forecast(server: Served, budgets: int) -> None:
    """Waits until every budget has its first forecast: from then on they are made again once an hour."""
    made = 0.0
    while made < budgets:
        made = await gauge(server, "aifinops_budget_forecasts")
        console.print(f"  {made:,.0f} forecasts made   ", end="\r")
        await asyncio.sleep(1)
    console.print()


@asynccontextmanager
async def _kafka(folder: Path) -> AsyncIterator[str]:
    """Apache Kafka instead of the embedded broker, where it can be started. Tells which one serves."""
    try:
        kafka = RealKafka(folder)
        await asyncio.to_thread(kafka.start)
    except RealKafkaMissing as missing:
        console.print(f"  not on Apache Kafka: {missing}")
        yield "the embedded broker"
        return
    for name in ("INCARNATION", "SHORT_POLL_MS", "GROUP_INSTANCE_ID"):
        os.environ.pop(f"AIFINOPS_KAFKA__{name}", None)
    os.environ.pop("AIFINOPS_BUDGET__HOLDS_DIR", None)
    os.environ["AIFINOPS_KAFKA__BOOTSTRAP_SERVERS"] = kafka.bootstrap_servers
    try:
        yield "Apache Kafka"
    finally:
        kafka.stop()


@asynccontextmanager
async def _ledger(bed: Bed) -> AsyncIterator[str]:
    """Its address. A process of its own, which steps back: what it takes is none of the service's."""
    port = free_port()
    command = [sys.executable, "-m", budget_ledger.NAME, str(port)]
    child = ChildProcess("ledger", command, bed.folder / "logs" / "ledger.log", dict(os.environ), niceness=10)
    child.spawn()
    try:
        await child.until(lambda: listening(port), timeout_seconds=60)
        yield f"127.0.0.1:{port}"
    finally:
        await child.stop()


async def _store(clickhouse: ClickHouse, definitions: Sequence[pb.Budget]) -> None:
    now = SystemClock().now()
    rows = [
        [b.tenant_id, b.budget_id, b.version, 0, MessageToJson(message_of(b.terms), preserving_proto_field_name=True,
         indent=None), b.created, b.updated, "bench"]
        for b in stored(definitions, now)
    ]  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)]
    await clickhouse.insert("budgets", list(_COLUMNS), columns, column_types=list(_COLUMNS.values()))
    await clickhouse.stop()
