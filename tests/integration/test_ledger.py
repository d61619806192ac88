"""The whole ledger service: a real broker, the real engine, gRPC, and a writer that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import grpc
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import (
    GetPositionsRequest,
    HasEventsRequest,
    ListCostEntriesRequest,
    QueryCostsRequest,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.common import host, money
from services.common.auth import Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.clock import DAY, HOUR
from services.common.errors import ApiError, InvalidArgumentError, PermissionDeniedError, UnauthenticatedError
from services.common.grpc.client import Channel, call
from services.common.kafka.client import incarnation
from services.common.kafka.producer import Producer
from services.common.kafka.record import Outgoing, Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import COSTS, DEAD_LETTER, create_topics
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings, HttpSettings, KafkaSettings
from services.ledger.app import GROUP, build
from services.ledger.settings import LedgerOptions, LedgerSettings
from tests.unit.ledger.records import NOON, cost_record, event_key

START, END = NOON - NOON % DAY, NOON - NOON % DAY + 30 * DAY
PARTITIONS = 3


@pytest.fixture
async def settings(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> LedgerSettings:
    await create_topics(kafka_settings)
    await migrate(clickhouse_settings, ["services.common.migrations", "services.ledger.migrations"])
    return LedgerSettings(
        kafka=kafka_settings,
        clickhouse=clickhouse_settings,
        auth=auth_settings,
        grpc=GrpcSettings(host="127.0.0.1", port=0),
        http=HttpSettings(host="127.0.0.1", port=0),
        ledger=LedgerOptions(batch_records=500, batch_linger_seconds=0.05),
    )


Produce = Callable[[Sequence[CostRecord | bytes]], Awaitable[None]]


class Running:
    """A started ledger and a client of it."""

    def __init__(self, running: host.Host, keyring: KeyRing, channel: Channel, settings: LedgerSettings) -> None:
        self.host = running
        self.keyring = keyring
        self.stub = LedgerServiceStub(channel.channel())
        self.service_key = settings.auth.service_key.get_secret_value()
        self.admin_key = settings.auth.admin_key.get_secret_value()

    async def total(self, key: str, tenant: str = "", end: int = END) -> tuple[int, int, str]:
        """Cost, events and where they were read."""
        request = QueryCostsRequest(start_unix_micros=START, end_unix_micros=end)
        response = await call(self.stub.QueryCosts, request, key=key, tenant_id=tenant)
        cost = sum(money.from_proto(row.cost) for row in response.rows)
        return cost, sum(row.events for row in response.rows), response.read_from

    async def has_total(self, cost: int, seconds: float = 60) -> None:
        """Waits until every read path shows this cost."""
        last: object = None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            last = [await self.total(self.service_key, end=end) for end in (END, END - HOUR, END - 1)]
            if {found[0] for found in last} == {cost}:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"waited for {cost}, found {last}")


@asynccontextmanager
async def running(settings: LedgerSettings) -> AsyncIterator[Running]:
    keyring = host.key_ring(settings)
    started = host.Host("ledger", settings, [build(settings, keyring)], keyring)
    await started.start()
    channel = Channel(f"127.0.0.1:{started.grpc.port}")
    try:
        yield Running(started, keyring, channel, settings)
    finally:
        await channel.stop()
        await started.stop()


@asynccontextmanager
async def producing(
    settings: LedgerSettings,
) -> AsyncIterator[Produce]:
    producer = Producer(settings.kafka, client_id="rater")

    async def produce(records: Sequence[CostRecord | bytes]) -> None:
        await producer.produce(
            [
                Outgoing(COSTS, b"k", r, partition=0)
                if isinstance(r, bytes)
                else Outgoing(COSTS, r.usage.event_key, r.SerializeToString(), partition=r.usage_position.partition)
                for r in records
            ]
        )

    await producer.start()
    try:
        yield produce
    finally:
        await producer.stop()


def _records(first: int, count: int, life: str) -> list[CostRecord]:
    return [
        cost_record(
            f"req-{n}", usage_offset=n, usage_partition=n % PARTITIONS, usage_incarnation=life,
            time=START + n % 700 * HOUR, cost_picos=10**9 + n,
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def _cost(records: Sequence[CostRecord]) -> int:
    return sum(record.cost_delta_picos for record in records)


async def test_costs_travel_from_the_log_to_every_answer(settings: LedgerSettings) -> None:
    life = await incarnation(settings.kafka)
    records = _records(0, 300, life)
    other_tenant = cost_record("req-0", usage_offset=1_000, usage_incarnation=life, tenant="rival", cost_picos=77)
    async with running(settings) as ledger, producing(settings) as produce:
        await produce([*records, b"\xff poison", other_tenant])
        await ledger.has_total(_cost(records) + 77)

        assert await ledger.total(ledger.admin_key) == (_cost(records), 300, "rollup_daily")
        assert await ledger.total(ledger.service_key, "rival") == (77, 1, "rollup_daily")

        positions = await call(ledger.stub.GetPositions, GetPositionsRequest(incarnation=life), key=ledger.service_key)
        assert dict(positions.costs_offsets) == {0: 101, 1: 99, 2: 99}
        assert dict(positions.usage_offsets) == {0: 1_000, 1: 298, 2: 299}
        assert positions.sole_incarnation
        unknown = await call(ledger.stub.GetPositions, GetPositionsRequest(incarnation="x"), key=ledger.service_key)
        assert not unknown.sole_incarnation
        assert not unknown.costs_offsets

        keys = [event_key("acme", "req-5"), event_key("acme", "never"), event_key("rival", "req-0")]
        known = await call(ledger.stub.HasEvents, HasEventsRequest(event_keys=keys), key=ledger.service_key)
        assert {k.event_key: k.cost_picos for k in known.known} == {keys[0]: 10**9 + 5, keys[2]: 77}

        listed = await call(
            ledger.stub.ListCostEntries,
            ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END, page_size=1_000),
            key=ledger.admin_key,
        )
        assert sorted(e.usage.source_event_id for e in listed.entries) == sorted(f"req-{n}" for n in range(300))

        dead = [
            record.value
            async for batch in read(settings.kafka, [Partition(settings.kafka.topic(DEAD_LETTER), 0)])
            for record in batch
        ]
        assert dead == [b"\xff poison"]
        while not ledger.host.ready():
            await asyncio.sleep(0.05)


async def test_wrong_callers_and_wrong_questions_are_refused(settings: LedgerSettings) -> None:
    async with running(settings) as ledger:
        day = QueryCostsRequest(start_unix_micros=START, end_unix_micros=END)

        async def refused(method: str, request: object, key: str, kind: type[ApiError], tenant: str = "") -> ApiError:
            with pytest.raises(kind) as caught:
                await call(getattr(ledger.stub, method), request, key=key, tenant_id=tenant)
            return caught.value

        key_text, _ = await ledger.keyring.create("acme", Role.INGEST, "door", "test")
        for method, request in [
            ("QueryCosts", day),
            ("ListCostEntries", ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END)),
            ("HasEvents", HasEventsRequest()),
            ("GetPositions", GetPositionsRequest(incarnation="x")),
        ]:
            await refused(method, request, "afk_nobody", UnauthenticatedError)
            await refused(method, request, key_text, PermissionDeniedError)
            await refused(method, request, ledger.admin_key, PermissionDeniedError, tenant="rival")
        for method, request in [
            ("HasEvents", HasEventsRequest()),
            ("GetPositions", GetPositionsRequest(incarnation="x")),
        ]:
            await refused(method, request, ledger.admin_key, PermissionDeniedError)
        by_tenant = QueryCostsRequest(start_unix_micros=START, end_unix_micros=END, group_by=["tenant"])
        await refused("QueryCosts", by_tenant, ledger.admin_key, PermissionDeniedError)
        await refused("QueryCosts", by_tenant, ledger.service_key, PermissionDeniedError, tenant="acme")

        wrong = QueryCostsRequest(start_unix_micros=END, end_unix_micros=START, group_by=["colour"], filter="team =")
        error = await refused("QueryCosts", wrong, ledger.admin_key, InvalidArgumentError)
        assert [v.field for v in error.violations] == ["end_unix_micros", "group_by[0]", "filter"]
        too_many = HasEventsRequest(event_keys=[b"k" * 16] * 5_001)
        await refused("HasEvents", too_many, ledger.service_key, InvalidArgumentError)
        with pytest.raises(grpc.aio.AioRpcError):
            await ledger.stub.QueryCosts(day)


async def test_a_group_set_back_to_the_beginning_changes_nothing(settings: LedgerSettings) -> None:
    records = _records(0, 900, await incarnation(settings.kafka))
    async with producing(settings) as produce:
        await produce(records)
        async with running(settings) as ledger:
            await ledger.has_total(_cost(records))
        await _reset_group(settings.kafka)
        more = _records(900, 50, await incarnation(settings.kafka))
        await produce(more)
        again = settings.model_copy(update={"ledger": LedgerOptions(batch_records=77, batch_linger_seconds=0.01)})
        async with running(again) as ledger:
            await ledger.has_total(_cost(records) + _cost(more))
            await _entries_hold_each_once(settings, 950)


_WRITER = """
import sys
from services.common import host
from services.ledger.app import build
from services.ledger.settings import LedgerSettings
settings = LedgerSettings.model_validate_json(sys.stdin.read())
keyring = host.key_ring(settings)
host.run("ledger", settings, build(settings, keyring), keyring)
"""


async def _spawn(settings: LedgerSettings) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WRITER, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(_plain(settings).encode())
    process.stdin.write_eof()
    return process


def _plain(settings: LedgerSettings) -> str:
    """As JSON with its secrets in clear."""
    shown = settings.model_dump(mode="json")
    for name in ("service_key", "admin_key"):
        shown["auth"][name] = getattr(settings.auth, name).get_secret_value()
    return json.dumps(shown)


@pytest.mark.slow
async def test_a_writer_killed_in_the_middle_again_and_again_changes_nothing(settings: LedgerSettings) -> None:
    small = settings.model_copy(update={"ledger": LedgerOptions(batch_records=60, batch_linger_seconds=0.01)})
    life = await incarnation(settings.kafka)
    records = _records(0, 6_000, life)
    chance = random.Random(7)
    clickhouse = ClickHouse(settings.clickhouse)
    async with producing(settings) as produce:
        feeding = asyncio.create_task(_feed(produce, records))
        written = 0
        for _ in range(3):
            process = await _spawn(small)
            before = written
            while written < before + 300:
                await asyncio.sleep(0.02)
                [[written]] = await clickhouse.query("SELECT count() FROM cost_entries")
            await asyncio.sleep(chance.uniform(0, 0.2))
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        assert written < len(records), "the kills must fall into the middle"
        await feeding
        async with running(small) as ledger:
            await ledger.has_total(_cost(records), seconds=120)
            await _entries_hold_each_once(settings, len(records))
            [[indexed, cost]] = await clickhouse.query("SELECT count(), sum(cost_picos) FROM event_index FINAL")
            assert (indexed, cost) == (len(records), _cost(records))
    await clickhouse.stop()


async def _feed(produce: Produce, records: Sequence[CostRecord]) -> None:
    for start in range(0, len(records), 200):
        await produce(records[start : start + 200])
        await asyncio.sleep(0.05)


async def _entries_hold_each_once(settings: LedgerSettings, count: int) -> None:
    clickhouse = ClickHouse(settings.clickhouse)
    try:
        [[rows, keys]] = await clickhouse.query("SELECT count(), uniqExact(event_key) FROM cost_entries")
        assert (rows, keys) == (count, count)
    finally:
        await clickhouse.stop()


async def _reset_group(settings: KafkaSettings) -> None:
    """Sets the ledger's group back to offset 0, as a person would with kafka-consumer-groups."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers, group_id=settings.topic(GROUP), enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(settings.topic(COSTS), p) for p in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
    finally:
        await consumer.stop()
