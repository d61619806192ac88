"""Anomalies on real engines, with the real ledger behind them, across SIGKILL."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest
from finops.anomaly.v1.anomaly_pb2 import (
    Anomaly,
    AnomalyEvent,
    GetAnomalyRequest,
    ListAnomaliesRequest,
)
from finops.anomaly.v1.anomaly_pb2_grpc import AnomalyServiceStub
from finops.cost.v1.cost_pb2 import CostRecord, LogPosition, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from google.protobuf.json_format import Parse

from services.anomaly.adapters.archive import AnomalyTable
from services.anomaly.adapters.checkpoints import CheckpointTable
from services.anomaly.app import build
from services.anomaly.settings import AnomalyOptions, AnomalySettings
from services.common import host
from services.common.auth import Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import DAY, HOUR, MINUTE, Micros, SystemClock, format_rfc3339
from services.common.errors import InvalidArgumentError, NotFoundError, UnauthenticatedError
from services.common.grpc.client import Channel, call
from services.common.kafka.client import incarnation
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import ANOMALIES, COSTS, create_topics
from services.common.money import PICOS_PER_DOLLAR, to_proto
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.ledger.app import build as build_ledger
from services.ledger.settings import LedgerSettings
from tests.integration.killable import KillableService

MIGRATIONS = ["services.common.migrations", "services.ledger.migrations", "services.anomaly.migrations"]
DAYS = 15
SPIKE_HOURS_AGO = 50
_OPENED, _CLOSED = AnomalyEvent.TYPE_OPENED, AnomalyEvent.TYPE_CLOSED


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.2)


def history(end: Micros) -> list[CostRecord]:
    """Two teams around the clock until now; one spends nine times as much for five hours, two days ago."""
    rng, costs = Random(5), []
    last = end // HOUR
    for hour in range(last - 24 * DAYS, last + 1):
        for team, dollars in (("search", 6.0), ("support", 9.0)):
            times = 9 if team == "search" and 0 <= hour - (last - SPIKE_HOURS_AGO) < 5 else 1
            for part in range(3):
                picos = int(times * dollars / 3 * rng.lognormvariate(0, 0.15) * PICOS_PER_DOLLAR)
                costs.append(cost_of(team, hour * HOUR + part * 15 * MINUTE, picos, 20 * times))
    return [cost for cost in costs if cost.usage.time_unix_micros <= end]


def cost_of(team: str, at: Micros, picos: int, requests: int, session: str = "") -> CostRecord:
    quantities = Quantities(requests=requests, input_tokens=1_000 * requests)
    usage = UsageEvent(
        event_key=uuid.uuid4().bytes, content_hash=uuid.uuid4().bytes, tenant_id="acme", source=f"{team}-api",
        source_event_id=f"{team}-{at}", time_unix_micros=at, received_unix_micros=at, provider="openai",
        model="gpt-4o", tool="openai-api", team=team, project=f"{team}-p", key=f"{team}-k", quantities=quantities,
        session=session,
    )  # fmt: skip
    rating = Rating(cost_picos=picos, status=RatingStatus.RATING_STATUS_PRICED)
    return CostRecord(
        usage=usage, revision=1, events_delta=1, rating=rating, cost_delta_picos=picos, quantity_delta=quantities
    )


class Stage:
    """The engines, the ledger, and a cost log to write to."""

    def __init__(self, kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings) -> None:
        self.kafka, self.clickhouse_settings, self.auth = kafka, clickhouse, auth
        self.clickhouse = ClickHouse(clickhouse)
        self.producer = Producer(kafka, client_id="test")
        self.ledger_target = ""
        self._life = ""
        self._offsets = [0] * kafka.partitions

    async def append(self, costs: Sequence[CostRecord]) -> None:
        """Writes costs as the rater does, a run of one partition after a run of another."""
        self._life = self._life or await incarnation(self.kafka)
        outgoing = []
        for place, cost in enumerate(costs):
            partition = place // 7 % self.kafka.partitions
            cost.usage_position.CopyFrom(
                LogPosition(incarnation=self._life, partition=partition, offset=self._offsets[partition])
            )
            self._offsets[partition] += 1
            outgoing.append(Outgoing(COSTS, cost.usage.event_key, cost.SerializeToString(), partition=partition))
        await self.producer.produce(outgoing)

    async def events(self) -> list[AnomalyEvent]:
        partition = Partition(self.kafka.topic(ANOMALIES), 0)
        return [AnomalyEvent.FromString(r.value or b"") async for batch in read(self.kafka, [partition]) for r in batch]

    async def kinds(self) -> list[int]:
        return [event.type for event in await self.events()]

    async def in_ledger(self) -> int:
        return int((await self.clickhouse.query("SELECT count() FROM cost_entries"))[0][0])

    def settings(self) -> AnomalySettings:
        return AnomalySettings(
            kafka=self.kafka, clickhouse=self.clickhouse_settings, auth=self.auth,
            grpc=GrpcSettings(host="127.0.0.1", port=0), http=HttpSettings(host="127.0.0.1", port=0),
            peers=PeerSettings(ledger=self.ledger_target),
            anomaly=AnomalyOptions(tick_seconds=0.2, idle_seconds=3),
        )  # fmt: skip


@asynccontextmanager
async def stage(kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings) -> AsyncIterator[Stage]:
    await create_topics(kafka)
    await migrate(clickhouse, MIGRATIONS)
    settings = LedgerSettings(
        kafka=kafka, clickhouse=clickhouse, auth=auth, grpc=GrpcSettings(host="127.0.0.1", port=0),
        http=HttpSettings(host="127.0.0.1", port=0),
    )  # fmt: skip
    keyring = host.key_ring(settings)
    ledger = host.Host("ledger", settings, [build_ledger(settings, keyring)], keyring)
    await ledger.start()
    found = Stage(kafka, clickhouse, auth)
    found.ledger_target = f"127.0.0.1:{ledger.grpc.port}"
    await found.producer.start()
    try:
        yield found
    finally:
        await found.producer.stop()
        await found.clickhouse.stop()
        await ledger.stop()


@pytest.mark.slow
async def test_history_is_judged_told_and_answered_for(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    async with stage(kafka_settings, clickhouse_settings, auth_settings) as scene:
        settings = scene.settings()
        keyring = host.key_ring(settings)
        process = host.Host("anomaly", settings, [build(settings, keyring)], keyring)
        await process.start()
        channel = Channel(f"127.0.0.1:{process.grpc.port}")
        try:
            costs = history(SystemClock().now())
            await scene.append(costs)

            async def told() -> bool:
                # It is produced first and stored then.
                states = [anomaly.state for anomaly in await AnomalyTable(scene.clickhouse).told(0)]
                return await scene.kinds() == [_OPENED, _CLOSED] and states == [Anomaly.STATE_CLOSED]

            await until(told)
            stub, admin = AnomalyServiceStub(channel.channel()), settings.auth.admin_key.get_secret_value()
            answer = await call(stub.ListAnomalies, ListAnomaliesRequest(), key=admin)
            (found,) = answer.anomalies
            last = costs[-1].usage.time_unix_micros // HOUR
            assert dict(found.series) == {"team": "search"}
            assert found.state == Anomaly.STATE_CLOSED
            assert found.start_unix_micros == (last - SPIKE_HOURS_AGO) * HOUR
            assert found.end_unix_micros == (last - SPIKE_HOURS_AGO + 5) * HOUR
            assert 200 < found.impact.units < 280
            assert found.summary.startswith("Team search spent $")
            same = await call(stub.GetAnomaly, GetAnomalyRequest(name=found.name), key=admin)
            assert same.anomaly == found
            assert (await scene.events())[-1].anomaly == found

            async def written() -> bool:
                return await scene.in_ledger() == len(costs)

            await until(written)
            await backtested(scene, process.grpc.port, found)

            closed = ListAnomaliesRequest(state=Anomaly.STATE_CLOSED)
            assert len((await call(stub.ListAnomalies, closed, key=admin)).anomalies) == 1
            is_open = ListAnomaliesRequest(state=Anomaly.STATE_OPEN)
            assert not (await call(stub.ListAnomalies, is_open, key=admin)).anomalies
            stranger, _ = await keyring.create("globex", Role.ADMIN, "stranger", "test")
            assert not (await call(stub.ListAnomalies, ListAnomaliesRequest(), key=stranger)).anomalies
            with pytest.raises(NotFoundError):
                await call(stub.GetAnomaly, GetAnomalyRequest(name=found.name), key=stranger)
            with pytest.raises(InvalidArgumentError):
                await call(stub.ListAnomalies, ListAnomaliesRequest(page_token="?"), key=admin)
            with pytest.raises(UnauthenticatedError):
                await call(stub.ListAnomalies, ListAnomaliesRequest(), key="nonsense")
        finally:
            await channel.stop()
            await process.stop()


async def backtested(scene: Stage, port: int, live: Anomaly) -> None:
    """`aifinops anomaly backtest` finds what the live watch raised, once the ledger has it."""

    async def command(*arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.allinone.cli", "anomaly", "backtest", *arguments,
            env=os.environ | {
                "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": scene.kafka.bootstrap_servers,
                "AIFINOPS_CLICKHOUSE__URL": scene.clickhouse_settings.url,
                "AIFINOPS_AUTH__SERVICE_KEY": scene.auth.service_key.get_secret_value(),
                "AIFINOPS_AUTH__ADMIN_KEY": scene.auth.admin_key.get_secret_value(),
                "AIFINOPS_PEERS__ANOMALY": f"127.0.0.1:{port}",
            },
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, faults = await process.communicate()
        return process.returncode or 0, told.decode(), faults.decode()

    began = format_rfc3339(live.start_unix_micros - DAY)
    code, told, faults = await command("--from", began, "--json")
    assert code == 0, faults
    answer = json.loads(told)
    (found,) = (Parse(json.dumps(each), Anomaly()) for each in answer["anomalies"])
    found.create_unix_micros, found.update_unix_micros = live.create_unix_micros, live.update_unix_micros
    # Causes are looked up for what is told.
    happened, rare = found.summary.split(" So far out ")
    assert live.summary.startswith(happened)
    assert live.summary.endswith(rare), "the cause, which is not looked up here, stands in between"
    found.summary = live.summary
    found.cause.CopyFrom(live.cause)
    assert found == live
    assert answer["summary"]["anomalies"] == "1"
    code, told, _ = await command("--from", began)
    heads, row, summary = told.splitlines()
    assert heads.split() == ["start", "hours", "series", "channel", "severity", "dollars"]
    assert row.split()[1:5] == ["5", "team=search", "cost", "medium"]
    assert summary.startswith("1 anomalies (")
    code, told, faults = await command("--from", began, "--policy", "min_impact=50")
    assert (code, told) == (1, "")
    assert "aifinops: policy: no threshold 'min_impact': there are " in faults
    code, _, faults = await command("--from", began, "--policy", "min_impact_usd")
    assert code == 2
    assert "--policy min_impact_usd: must read name=number" in faults


@pytest.mark.slow
async def test_killed_again_and_again_it_tells_everything_once(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    async with stage(kafka_settings, clickhouse_settings, auth_settings) as scene:
        service = KillableService(
            "anomaly", kafka_settings, clickhouse_settings, auth_settings,
            AIFINOPS_PEERS__LEDGER=scene.ledger_target, AIFINOPS_ANOMALY__TICK_SECONDS="0.2",
            AIFINOPS_ANOMALY__IDLE_SECONDS="3", AIFINOPS_ANOMALY__CHECKPOINT_MINUTES="0.01",
        )  # fmt: skip
        costs = history(SystemClock().now())
        third = len(costs) // 3
        try:
            await service.start()
            await service.ready()
            for start in (0, third):
                await scene.append(costs[start : start + third])
                await asyncio.sleep(0.5)
                await service.kill()
                await service.start()
            await scene.append(costs[2 * third :])

            async def told() -> bool:
                return _CLOSED in await scene.kinds()

            await until(told)
            await service.kill()

            async def written() -> bool:
                return await scene.in_ledger() == len(costs)

            await until(written)
            told_so_far = [event.event_id for event in await scene.events()]
            assert len(set(told_so_far)) == 2
            table = AnomalyTable(scene.clickhouse)

            async def stored() -> bool:
                return [anomaly.state for anomaly in await table.told(0)] == [Anomaly.STATE_CLOSED]

            await service.start()
            await until(stored)
            # Killed between telling and storing, it tells the same again, under the same ids.
            again = [event.event_id for event in await scene.events()]
            assert set(again) == set(told_so_far)
            await service.kill()
            await service.start()
            # Long enough for the group to let the dead member go, and for all of history to be judged again.
            await asyncio.sleep(15)
            await service.ready()

            async def kept() -> bool:
                return await CheckpointTable(scene.clickhouse).latest() is not None

            await until(kept)
            await service.kill()
            await service.start()
            await asyncio.sleep(8)
            await service.ready()
            assert len(await scene.events()) == len(again), "what is stored is not told again"
        finally:
            await service.kill()


async def test_checkpoints_are_kept_one_at_a_time(clickhouse_settings: ClickHouseSettings) -> None:
    await migrate(clickhouse_settings, ["services.anomaly.migrations"])
    clickhouse = ClickHouse(clickhouse_settings)
    try:
        table = CheckpointTable(clickhouse)
        assert await table.latest() is None
        pieces = [bytes(range(256)) * 9_000, b"\x00", b""]
        for number in (1, 0, 2):
            await table.put(5, "watch:acme", number, pieces[number])
        await table.put(5, "watch:globex", 0, b"g")
        await table.put(5, "desk", 0, b"d")
        assert await table.latest() is None, "it is not finished"
        await table.finish(5, '{"five": 5}')
        assert await table.latest() == (5, '{"five": 5}')
        assert await table.pieces(5, "watch:acme") == pieces
        assert (await table.pieces(5, "desk"), await table.pieces(5, "watch:none")) == ([b"d"], [])
        await table.put(6, "desk", 0, b"half of it")
        assert await table.latest() == (5, '{"five": 5}')
        await table.put(7, "desk", 0, b"e")
        await table.finish(7, "{}")
        assert await table.latest() == (7, "{}")
        assert await clickhouse.query("SELECT DISTINCT checkpoint FROM anomaly_checkpoints") == [(7,)]
    finally:
        await clickhouse.stop()


async def test_the_table_gives_back_what_it_was_given(clickhouse_settings: ClickHouseSettings) -> None:
    await migrate(clickhouse_settings, ["services.anomaly.migrations"])
    clickhouse = ClickHouse(clickhouse_settings)
    try:
        table, now = AnomalyTable(clickhouse), time.time_ns() // 1_000
        kept = [
            Anomaly(
                name=f"anomalies/{n:02}", tenant_id="acme" if n < 7 else "globex",
                series={"team": "it's \\ \"x\" \n {a}"},
                channel=Anomaly.CHANNEL_UNIT_COST, state=Anomaly.STATE_OPEN, start_unix_micros=now + n // 2,
                end_unix_micros=now + HOUR, create_unix_micros=now, update_unix_micros=now, actual=0.1 + n,
                expected=1e-9, expected_low=0.0, expected_high=5e9, unit="USD/request",
                impact=to_proto(-(10**19) - n), severity=Anomaly.SEVERITY_HIGH, summary="naïve – 'quoted'",
            )
            for n in range(9)
        ]  # fmt: skip
        await table.save([])
        await table.save(kept)
        assert sorted(await table.told(now), key=lambda a: a.name) == kept
        assert await table.get("acme", "anomalies/03") == kept[3]
        assert await table.get("acme", "anomalies/08") is None
        first = await table.page("acme", Anomaly.STATE_UNSPECIFIED, None, 3)
        assert [a.name for a in first] == ["anomalies/06", "anomalies/05", "anomalies/04"]
        rest = await table.page("acme", Anomaly.STATE_OPEN, (first[-1].start_unix_micros, first[-1].name), 9)
        assert [a.name for a in rest] == ["anomalies/03", "anomalies/02", "anomalies/01", "anomalies/00"]

        kept[0].state, kept[0].update_unix_micros = Anomaly.STATE_CLOSED, now + 1
        await table.save(kept[:1])
        await table.save(kept[1:])
        assert await table.page("acme", Anomaly.STATE_CLOSED, None, 9) == [kept[0]]
        assert len(await table.told(now + 2 * HOUR)) == 8, "those that are open, however old"
    finally:
        await clickhouse.stop()
