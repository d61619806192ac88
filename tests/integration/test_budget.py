"""The budget service as a process, on real Kafka and ClickHouse: killed, doubled, moved to another life of the log."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition
from finops.ledger.v1 import ledger_pb2
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer, add_LedgerServiceServicer_to_server
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common import dimensions, money
from services.common.auth import TENANT_METADATA, Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import SystemClock
from services.common.errors import ApiError, InvalidArgumentError, NotFoundError, PermissionDeniedError
from services.common.filters import parse, predicate
from services.common.grpc.client import call
from services.common.kafka.client import incarnation
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import BUDGET_ALERTS, COSTS, DEAD_LETTER, create_topics
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings

ROOT = Path(__file__).resolve().parents[2]
DOLLAR = 10**12


class RecordedLedger(LedgerServiceServicer):
    """A ledger of the records this test produced: adds them up one by one."""

    def __init__(self) -> None:
        self.written: dict[str, dict[int, list[tuple[int, CostRecord]]]] = defaultdict(lambda: defaultdict(list))

    async def GetPositions(self, request: Any, context: Any) -> ledger_pb2.GetPositionsResponse:
        answer = ledger_pb2.GetPositionsResponse()
        for partition, records in self.written[request.incarnation].items():
            offset, record = records[-1]
            answer.costs_offsets[partition] = offset
            answer.usage_offsets[partition] = record.usage_position.offset
        return answer

    async def QueryCosts(self, request: Any, context: Any) -> ledger_pb2.QueryCostsResponse:
        tenant = dict(context.invocation_metadata())[TENANT_METADATA]
        passes = predicate(parse(request.filter), dimensions.reader)
        assert list(request.group_by) == ["log_partition"]
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for life, partitions in self.written.items():
            for partition, records in partitions.items():
                mine = life == request.log_scope.incarnation
                if not mine and not request.log_scope.include_other_incarnations:
                    continue
                through = request.log_scope.through_offsets.get(partition, -1) if mine else 2**62
                for offset, record in records:
                    usage = record.usage
                    in_range = request.start_unix_micros <= usage.time_unix_micros < request.end_unix_micros
                    if offset <= through and in_range and usage.tenant_id == tenant and passes(usage):
                        row = sums[partition if mine else -1]
                        row[0] += record.cost_delta_picos
                        row[1] += record.shadow_cost_delta_picos
        return ledger_pb2.QueryCostsResponse(
            rows=[
                ledger_pb2.CostRow(group=[str(p)], cost=money.to_proto(cost), shadow_cost=money.to_proto(shadow))
                for p, (cost, shadow) in sums.items()
            ]
        )


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
            "AIFINOPS_GRPC__PORT": "0",
            "AIFINOPS_HTTP__HOST": "127.0.0.1",
            "AIFINOPS_HTTP__PORT": "0",
            "AIFINOPS_PEERS__LEDGER": f"127.0.0.1:{self.ledger_port}",
            "AIFINOPS_BUDGET__REFRESH_SECONDS": "0.3",
        }

    async def start(self) -> Running:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.budget_process",
            cwd=ROOT, env=self.environment(), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        async with asyncio.timeout(60):
            port = int(await process.stdout.readline())
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        return Running(process, channel, self.auth)

    async def logged(self, topic: str) -> list[bytes]:
        partition = Partition(self.kafka.topic(topic), 0)
        return [r.value or b"" async for batch in read(self.kafka, [partition]) for r in batch]


@dataclass
class Running:
    """One running process and a client of it."""

    process: asyncio.subprocess.Process
    channel: grpc.aio.Channel
    auth: AuthSettings

    async def ask(self, method: str, request: Any, tenant: str = "acme", key: str = "") -> Any:
        """Calls as acme's admin, or as another tenant with the service key."""
        admin, service = self.auth.admin_key.get_secret_value(), self.auth.service_key.get_secret_value()
        stub = getattr(BudgetServiceStub(self.channel), method)
        if key or tenant == "acme":
            return await call(stub, request, key=key or admin)
        return await call(stub, request, key=service, tenant_id=tenant)

    async def status(self, budget_id: str, tenant: str = "acme") -> pb.BudgetStatus:
        answer = await self.ask("GetBudgetStatus", pb.GetBudgetStatusRequest(name=f"budgets/{budget_id}"), tenant)
        return answer.status

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


@pytest.fixture
async def platform(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[Platform]:
    await create_topics(kafka_settings)
    await migrate(clickhouse_settings, ["services.common.migrations", "services.budget.migrations"])
    ledger = RecordedLedger()
    server = grpc.aio.server()
    add_LedgerServiceServicer_to_server(ledger, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    producer = Producer(kafka_settings, client_id="test")
    await producer.start()
    life = await incarnation(kafka_settings)
    yield Platform(kafka_settings, clickhouse_settings, auth_settings, ledger, port, producer, life)
    await producer.stop()
    await server.stop(None)


@asynccontextmanager
async def running(platform: Platform) -> AsyncIterator[Running]:
    one = await platform.start()
    try:
        yield one
    finally:
        if one.process.returncode is None:
            await one.kill()


async def eventually(check: Callable[[], Any], seconds: float = 45) -> Any:
    """Waits until `check` neither fails nor is refused."""
    last: BaseException | None = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    return await check()
                except (AssertionError, ApiError) as error:
                    last = error
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {last}") from last


def monthly(dollars: str, scope_filter: str = "") -> pb.Budget:
    amount = money.to_proto(money.parse_dollars(dollars))
    return pb.Budget(filter=scope_filter, amount=amount, period=pb.PERIOD_YEAR)


async def create(one: Running, budget_id: str, budget: pb.Budget, tenant: str = "acme") -> pb.Budget:
    request = pb.CreateBudgetRequest(budget_id=budget_id, budget=budget)
    answer = await eventually(lambda: one.ask("CreateBudget", request, tenant))
    return answer.budget


async def exact(platform: Platform, one: Running, budget_id: str, tenant: str = "acme", scope_filter: str = "") -> None:
    """Waits until the status equals the exact sum of everything sent."""

    async def check() -> None:
        status = await one.status(budget_id, tenant)
        shown = money.from_proto(status.actual), money.from_proto(status.shadow)
        assert (shown, status.rebuilding) == (platform.spent(tenant, scope_filter), False)

    await eventually(check)


async def alerts(platform: Platform) -> list[pb.BudgetAlert]:
    return [pb.BudgetAlert.FromString(value) for value in await platform.logged(BUDGET_ALERTS)]


@pytest.mark.slow
async def test_killed_under_load_again_and_again_every_sum_is_exact(platform: Platform) -> None:
    await platform.spend(300, seed=0)
    one = await platform.start()
    await create(one, "all", monthly("1"))
    await create(one, "search", monthly("1", 'team = "search"'))
    await create(one, "all", monthly("1000"), "globex")
    chance = random.Random(7)
    for life in range(3):
        sending = asyncio.create_task(_load(platform, seed=10 * life + 1))
        await asyncio.sleep(chance.uniform(0.5, 2.5))
        await one.kill()
        one = await platform.start()
        if life == 1:
            await create(one, "late", monthly("1", 'model = "gpt-4o" AND NOT team = "ops"'))
        await sending
    try:
        await exact(platform, one, "all")
        await exact(platform, one, "search", scope_filter='team = "search"')
        await exact(platform, one, "late", scope_filter='model = "gpt-4o" AND NOT team = "ops"')
        await exact(platform, one, "all", "globex")
        assert sum(platform.spent("acme")) > DOLLAR, "the load must pass the thresholds"

        async def all_fired() -> None:
            fired = await alerts(platform)
            acme = {(a.budget.name, a.threshold_percent) for a in fired if a.tenant_id == "acme"}
            assert {("budgets/all", percent) for percent in (50, 80, 100)} <= acme

        await eventually(all_fired)
        assert all(count == 1 for count in Counter(alert.alert_id for alert in await alerts(platform)).values())
        before = await one.status("all")
        assert await one.stop() == 0
        async with running(platform) as again:
            await exact(platform, again, "all")
            after = await again.status("all")
            assert [t.crossed_unix_micros for t in after.thresholds] == [
                t.crossed_unix_micros for t in before.thresholds
            ]
            assert len({a.alert_id for a in await alerts(platform)}) == len(await alerts(platform))
    finally:
        if one.process.returncode is None:
            await one.kill()


async def _load(platform: Platform, seed: int) -> None:
    for part in range(40):
        await platform.spend(50, seed + 1_000 * part)
        await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_two_replicas_share_the_work_and_one_takes_over(platform: Platform) -> None:
    async with running(platform) as one, running(platform) as two:
        await create(one, "all", monthly("1"))
        await platform.spend(500, seed=1)
        await exact(platform, one, "all")
        await exact(platform, two, "all")
        sending = asyncio.create_task(_load(platform, seed=2))
        await asyncio.sleep(1)
        await one.kill()
        await sending
        await exact(platform, two, "all")
        assert max(Counter(alert.alert_id for alert in await alerts(platform)).values(), default=0) <= 1


@pytest.mark.slow
async def test_another_life_of_the_log_counts_what_the_ledger_kept(platform: Platform) -> None:
    async with running(platform) as one:
        await create(one, "all", monthly("1000"))
        await platform.spend(200, seed=1)
        await exact(platform, one, "all")
    # The log begins anew, empty: other topics, another incarnation, usage offsets from zero.
    platform.kafka = platform.kafka.model_copy(update={"topic_prefix": platform.kafka.topic_prefix + "second."})
    platform.life, platform.usage_offsets = "second life", Counter()
    await create_topics(platform.kafka)
    await platform.producer.stop()
    platform.producer = Producer(platform.kafka, client_id="test")
    await platform.producer.start()
    async with running(platform) as one:
        await exact(platform, one, "all")
        await platform.spend(200, seed=2)
        await exact(platform, one, "all")


async def test_the_api_through_a_real_server(platform: Platform) -> None:
    async with running(platform) as one:
        created = await create(one, "a", monthly("10", 'team = "search"'))
        await create(one, "b", monthly("10"))
        await create(one, "a", monthly("99"), "globex")
        keyring = KeyRing(platform.auth, ClickHouse(platform.clickhouse))
        viewer, _ = await keyring.create("globex", Role.VIEWER, "viewer", "test")
        ingest, _ = await keyring.create("globex", Role.INGEST, "ingest", "test")
        await keyring.stop()

        seen = await one.ask("GetBudget", pb.GetBudgetRequest(name="budgets/a"), key=viewer)
        assert money.from_proto(seen.budget.amount) == 99 * DOLLAR
        with pytest.raises(NotFoundError):
            await one.ask("GetBudget", pb.GetBudgetRequest(name="budgets/b"), key=viewer)
        for method, request in (
            ("CreateBudget", pb.CreateBudgetRequest(budget=monthly("1"))),
            ("DeleteBudget", pb.DeleteBudgetRequest(name="budgets/a")),
            ("UpdateBudget", pb.UpdateBudgetRequest(budget=pb.Budget(name="budgets/a"))),
            ("Reserve", pb.ReserveRequest(request_id="r")),
        ):
            with pytest.raises(PermissionDeniedError):
                await one.ask(method, request, key=viewer)
        with pytest.raises(PermissionDeniedError):
            await one.ask("GetBudgetStatus", pb.GetBudgetStatusRequest(name="budgets/a"), key=ingest)
        reserved = await one.ask(
            "Reserve", pb.ReserveRequest(request_id="r", intent=pb.SpendIntent(estimate=money.to_proto(5))), key=ingest
        )
        assert reserved.decision.allowed
        assert (await one.status("a", "globex")).held.picos == 5
        await one.ask("Settle", pb.SettleRequest(request_id="r", actual=money.to_proto(4)), key=ingest)
        assert (await one.status("a", "globex")).held.picos == 0

        first = await one.ask("ListBudgets", pb.ListBudgetsRequest(page_size=1))
        rest = await one.ask("ListBudgets", pb.ListBudgetsRequest(page_token=first.next_page_token))
        assert [b.name for b in [*first.budgets, *rest.budgets]] == ["budgets/a", "budgets/b"]
        with pytest.raises(InvalidArgumentError):
            await one.ask("ListBudgets", pb.ListBudgetsRequest(page_token="not a token"))
        with pytest.raises(InvalidArgumentError) as refused:
            await one.ask("CreateBudget", pb.CreateBudgetRequest(budget=pb.Budget(filter="(")))
        assert {v.field for v in refused.value.violations} == {"budget.filter", "budget.amount", "budget.period"}
        assert created.etag
        await one.ask("DeleteBudget", pb.DeleteBudgetRequest(name="budgets/a", etag=created.etag))
        assert await one.stop() == 0

    async with running(platform) as again:
        listed = await eventually(lambda: again.ask("ListBudgets", pb.ListBudgetsRequest()))
        assert [b.name for b in listed.budgets] == ["budgets/b"]
        assert (await again.status("a", "globex")).budget.amount.units == 99


async def test_a_watch_follows_the_spend_and_ends_with_the_server(platform: Platform) -> None:
    async with running(platform) as one:
        await create(one, "all", monthly("10"))
        key = platform.auth.admin_key.get_secret_value()
        stream = BudgetServiceStub(one.channel).WatchBudgetStatus(
            pb.WatchBudgetStatusRequest(), metadata=[("authorization", f"Bearer {key}")]
        )
        seen: list[pb.BudgetStatus] = []

        async def follow() -> None:
            async for answer in stream:
                seen.append(answer.status)

        following = asyncio.create_task(follow())

        async def started() -> None:
            assert seen

        await eventually(started)
        await platform.spend(100, seed=3)

        async def arrived() -> None:
            assert money.from_proto(seen[-1].actual) == platform.spent("acme")[0]

        await eventually(arrived)
        assert await one.stop() == 0
        await asyncio.wait_for(following, 5)


async def test_poison_does_not_stop_the_sums(platform: Platform) -> None:
    async with running(platform) as one:
        await create(one, "all", monthly("10"))
        await platform.spend(50, seed=1)
        await exact(platform, one, "all")
        await platform.producer.produce([Outgoing(COSTS, b"k", b"\xff\xff\xff", partition=0)])
        await platform.spend(50, seed=2)
        await exact(platform, one, "all")

        async def set_aside() -> None:
            assert await platform.logged(DEAD_LETTER) == [b"\xff\xff\xff"]

        await eventually(set_aside)
