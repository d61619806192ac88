"""What the budget service stands on in these tests, the service as a process, and a client of it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.usage.v1.usage_pb2 import UsageEvent

from services.allinone.engines.ports import free_port
from services.common import dimensions
from services.common.clock import SystemClock
from services.common.filters import parse, predicate
from services.common.grpc.client import call
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import COSTS
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.integration.budget.ledger import RecordedLedger

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Platform:
    """What the service stands on, and how it is started."""

    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    auth: AuthSettings
    ledger: RecordedLedger
    ledger_port: int
    producer: Producer
    life: str
    usage_offsets: Counter[int] = field(default_factory=Counter)
    sent: list[CostRecord] = field(default_factory=list)

    async def spend(self, count: int, seed: int) -> None:
        """Produces `count` cost records of two tenants and three teams; the ledger has them a moment later."""
        chance = random.Random(seed)
        outgoing: list[Outgoing] = []
        records: list[CostRecord] = []
        for _ in range(count):
            partition = chance.randrange(self.kafka.partitions)
            self.usage_offsets[partition] += chance.randint(1, 3)
            record = CostRecord(
                usage=UsageEvent(
                    tenant_id=chance.choice(["acme", "acme", "globex"]),
                    team=chance.choice(["search", "ads", "ops"]),
                    model=chance.choice(["gpt-4o", "claude"]),
                    time_unix_micros=SystemClock().now(),
                    received_unix_micros=SystemClock().now(),
                ),
                revision=1,
                cost_delta_picos=chance.randrange(1, 10**10),
                shadow_cost_delta_picos=chance.choice([0, 0, 7]),
                usage_position=LogPosition(
                    incarnation=self.life, partition=partition, offset=self.usage_offsets[partition]
                ),
            )
            records.append(record)
            outgoing.append(Outgoing(COSTS, b"key", record.SerializeToString(), partition=partition))
        positions = await self.producer.produce(outgoing)
        self.sent += records
        written = self.ledger.written[self.life]
        for (partition, offset), record in zip(positions, records, strict=True):
            written[partition].append((offset, record))

    def spent(self, tenant: str, scope_filter: str = "") -> tuple[int, int]:
        """Exact (actual, shadow) of everything sent."""
        passes = predicate(parse(scope_filter), dimensions.reader)
        mine = [r for r in self.sent if r.usage.tenant_id == tenant and passes(r.usage)]
        return sum(r.cost_delta_picos for r in mine), sum(r.shadow_cost_delta_picos for r in mine)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")]),
            "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "AIFINOPS_KAFKA__TOPIC_PREFIX": self.kafka.topic_prefix,
            "AIFINOPS_KAFKA__INCARNATION": self.life,
            "AIFINOPS_KAFKA__SESSION_TIMEOUT_MS": str(self.kafka.session_timeout_ms),
            "AIFINOPS_CLICKHOUSE__URL": self.clickhouse.url,
            "AIFINOPS_CLICKHOUSE__DATABASE": self.clickhouse.database,
            "AIFINOPS_AUTH__SERVICE_KEY": self.auth.service_key.get_secret_value(),
            "AIFINOPS_AUTH__ADMIN_KEY": self.auth.admin_key.get_secret_value(),
            "AIFINOPS_AUTH__ADMIN_TENANT": self.auth.admin_tenant,
            "AIFINOPS_GRPC__HOST": "127.0.0.1",
            "AIFINOPS_HTTP__HOST": "127.0.0.1",
            "AIFINOPS_HTTP__PORT": "0",
            "AIFINOPS_PEERS__LEDGER": f"127.0.0.1:{self.ledger_port}",
            "AIFINOPS_BUDGET__REFRESH_SECONDS": "0.3",
        }

    async def start(self) -> Running:
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.budget.process",
            cwd=ROOT, env=self.environment() | {"AIFINOPS_GRPC__PORT": str(port)}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert int(await process.stdout.readline()) == port
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        return Running(process, channel, self.auth, f"127.0.0.1:{port}")

    async def logged(self, topic: str) -> list[bytes]:
        partition = Partition(self.kafka.topic(topic), 0)
        return [r.value or b"" async for batch in read(self.kafka, [partition]) for r in batch]


@dataclass
class Running:
    """One running process and a client of it."""

    process: asyncio.subprocess.Process
    channel: grpc.aio.Channel
    auth: AuthSettings
    address: str

    async def ask(self, method: str, request: Any, tenant: str = "acme", key: str = "") -> Any:
        """Calls as acme's admin, or as another tenant with the service key."""
        admin, service = self.auth.admin_key.get_secret_value(), self.auth.service_key.get_secret_value()
        stub = getattr(BudgetServiceStub(self.channel), method)
        if key or tenant == "acme":
            return await call(stub, request, key=key or admin)
        return await call(stub, request, key=service, tenant_id=tenant)

    async def status(self, budget_id: str, tenant: str = "acme") -> pb.BudgetStatus:
        answer = await self.ask("GetBudgetStatus", pb.GetBudgetStatusRequest(name=f"budgets/{budget_id}"), tenant)
        status: pb.BudgetStatus = answer.status
        return status

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()
        await self.channel.close()

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(40):
            code = await self.process.wait()
        await self.channel.close()
        return code


@asynccontextmanager
async def running(platform: Platform) -> AsyncIterator[Running]:
    one = await platform.start()
    try:
        yield one
    finally:
        if one.process.returncode is None:
            await one.kill()
