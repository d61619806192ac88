"""Ingest against a real Kafka: what is acknowledged arrives, also across outages and SIGKILL."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from finops.ledger.v1.ledger_pb2 import (
    GetPositionsRequest,
    GetPositionsResponse,
    HasEventsRequest,
    HasEventsResponse,
    KnownEvent,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer, add_LedgerServiceServicer_to_server
from finops.usage.v1.usage_pb2 import UsageEvent

from services.allinone.engines.embedded import EmbeddedBroker
from services.allinone.engines.ports import free_port
from services.common import auth, host
from services.common.auth import Access
from services.common.clock import SystemClock, format_rfc3339
from services.common.component import GrpcService
from services.common.errors import UnavailableError
from services.common.grpc.server import GrpcServer
from services.common.kafka.record import Partition, Record
from services.common.kafka.tail import read
from services.common.kafka.topics import USAGE, create_topics
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.ingest.app import build
from services.ingest.settings import IngestOptions, IngestSettings
from tests.integration.killable import KillableService
from tests.kafka import RealKafka, RealKafkaMissing

TRACE = "0af7651916cd43dd8448eb211c80319c"


def native(number: int) -> dict[str, Any]:
    time = format_rfc3339(SystemClock().now())
    return {"id": f"event-{number}", "time": time, "source": "test", "usage": {"input_tokens": number}}


def _settings(
    folder: Path,
    kafka: KafkaSettings,
    clickhouse: ClickHouseSettings,
    keys: AuthSettings,
    ledger: str = "",
    **options: Any,
) -> IngestSettings:
    return IngestSettings(
        kafka=kafka,
        clickhouse=clickhouse,
        auth=keys,
        http=HttpSettings(host="127.0.0.1", port=0),
        grpc=GrpcSettings(host="127.0.0.1", port=0),
        peers=PeerSettings(ledger=ledger) if ledger else PeerSettings(),
        ingest=IngestOptions(journal_dir=folder / "journal", otlp_grpc_port=0, **options),
    )


@asynccontextmanager
async def _running(settings: IngestSettings) -> AsyncIterator[httpx.AsyncClient]:
    keyring = host.key_ring(settings)
    running = host.Host("ingest", settings, [build(settings, keyring)], keyring)
    await running.start()
    try:
        async with _client(f"http://127.0.0.1:{running.http.port}", settings.auth) as client:
            yield client
    finally:
        await running.stop()


def _client(url: str, keys: AuthSettings) -> httpx.AsyncClient:
    authorization = f"Bearer {keys.admin_key.get_secret_value()}"
    return httpx.AsyncClient(base_url=url, headers={"Authorization": authorization}, timeout=30, trust_env=False)


async def _send(client: httpx.AsyncClient, numbers: Iterable[int]) -> None:
    items = [native(number) for number in numbers]
    response = await client.post("/v1/events", json=items)
    assert response.status_code == 202, response.text
    assert response.json() == {"accepted": len(items), "rejected": []}


async def _records(kafka: KafkaSettings) -> list[Record]:
    partitions = [Partition(kafka.topic(USAGE), number) for number in range(kafka.partitions)]
    return [record async for batch in read(kafka, partitions) for record in batch]


async def _ids(kafka: KafkaSettings) -> set[str]:
    return {UsageEvent.FromString(record.value or b"").source_event_id for record in await _records(kafka)}


async def _until_kafka_has(kafka: KafkaSettings, expected: set[str], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            # A broker that has just opened its port may still refuse to be read.
            with contextlib.suppress(UnavailableError):
                if expected <= await _ids(kafka):
                    return
            await asyncio.sleep(0.2)


def _ids_of(numbers: Iterable[int]) -> set[str]:
    return {f"event-{number}" for number in numbers}


async def test_events_reach_kafka_as_cloudevents(
    tmp_path: Path, kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    await create_topics(kafka_settings)
    async with _running(_settings(tmp_path, kafka_settings, clickhouse_settings, auth_settings)) as client:
        response = await client.post(
            "/v1/usage/anthropic",
            content=gzip.compress(
                orjson.dumps({"id": "msg_1", "model": "claude", "usage": {"input_tokens": 3, "output_tokens": 5}})
            ),
            headers={
                "content-encoding": "gzip",
                "content-type": "application/json",
                "x-team": "search",
                "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
            },
        )
        assert response.status_code == 202, response.text
        # Acknowledged is durable: nothing is waited for.
        (record,) = await _records(kafka_settings)
        await _send(client, range(200))
        assert await _ids(kafka_settings) == {"msg_1", *_ids_of(range(200))}
    event = UsageEvent.FromString(record.value or b"")
    assert (event.tenant_id, event.source, event.team) == ("acme", "anthropic", "search")
    assert record.key == event.event_key
    headers = dict(record.headers)
    assert headers["ce_id"] == event.event_key.hex().encode()
    assert headers["ce_type"] == b"finops.usage.v1.UsageEvent"
    assert TRACE in headers["traceparent"].decode()
    assert not list((tmp_path / "journal").glob("*.journal"))


async def test_a_resend_has_the_same_key_hash_and_partition(
    tmp_path: Path, kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    await create_topics(kafka_settings)
    async with _running(_settings(tmp_path, kafka_settings, clickhouse_settings, auth_settings)) as client:
        item = native(1)
        for content in ([item], [native(2), item]):
            assert (await client.post("/v1/events", json=content)).status_code == 202
    first, again = (r for r in await _records(kafka_settings) if b"event-1" in (r.value or b""))
    assert (first.key, first.partition) == (again.key, again.partition)
    hashes = {UsageEvent.FromString(record.value or b"").content_hash for record in (first, again)}
    assert len(hashes) == 1


@pytest.mark.slow
async def test_kill_while_kafka_is_away_loses_nothing(
    tmp_path: Path, kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    await create_topics(kafka_settings)
    away = kafka_settings.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    options = {
        "AIFINOPS_INGEST__JOURNAL_DIR": str(tmp_path / "journal"),
        "AIFINOPS_INGEST__KAFKA_TIMEOUT_SECONDS": "0.3",
        "AIFINOPS_INGEST__JOURNAL_SEGMENT_BYTES": "20000",
    }
    acknowledged: set[int] = set()
    for life in range(2):
        port = free_port()
        service = KillableService(
            "ingest", away, clickhouse_settings, auth_settings, AIFINOPS_HTTP__PORT=str(port), **options
        )
        await service.start()
        async with _client(f"http://127.0.0.1:{port}", auth_settings) as client:
            acknowledged |= await _load_until_killed(service, client, start=life * 100_000)
    assert len(acknowledged) > 200
    async with _running(_settings(tmp_path, kafka_settings, clickhouse_settings, auth_settings)) as client:
        await _until_kafka_has(kafka_settings, _ids_of(acknowledged))
        await _send(client, [-1 + 10**6])
    assert not list((tmp_path / "journal").glob("*.journal"))


async def _load_until_killed(service: KillableService, client: httpx.AsyncClient, start: int) -> set[int]:
    """Four lanes send batches of ten until the process is killed under them. Returns what was acknowledged."""
    acknowledged: set[int] = set()

    async def lane(number: int) -> None:
        for batch in range(number, 10_000, 4):
            numbers = range(start + batch * 10, start + batch * 10 + 10)
            try:
                await _send(client, numbers)
            except httpx.TransportError:
                return
            acknowledged.update(numbers)

    await _until_it_listens(client)
    lanes = [asyncio.create_task(lane(number)) for number in range(4)]
    while len(acknowledged) < 150:
        await asyncio.sleep(0.01)
    await service.kill()
    await asyncio.gather(*lanes)
    return acknowledged


async def _until_it_listens(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await client.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


@pytest.mark.slow
async def test_kafka_goes_away_and_comes_back(
    tmp_path: Path, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    broker = RealKafka(tmp_path / "kafka")
    try:
        await asyncio.to_thread(broker.start)
    except RealKafkaMissing as missing:
        pytest.skip(f"needs a broker that can be killed: {missing}")
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=2, request_timeout_ms=3_000)
    try:
        await create_topics(kafka)
        settings = _settings(tmp_path, kafka, clickhouse_settings, auth_settings, kafka_timeout_seconds=2)
        async with _running(settings) as client:
            await _send(client, range(10))
            assert not list((tmp_path / "journal").glob("*.journal"))
            broker.kill()
            for number in range(10, 60, 10):
                await _send(client, range(number, number + 10))
            assert list((tmp_path / "journal").glob("*.journal"))
            assert "ingest log" not in (await client.get("/readyz")).json()["failing"]
            await asyncio.to_thread(broker.start)
            await _until_kafka_has(kafka, _ids_of(range(60)))
            async with asyncio.timeout(30):
                while list((tmp_path / "journal").glob("*.journal")):
                    await asyncio.sleep(0.1)
            sent = 60
            async with asyncio.timeout(30):
                while True:  # On a busy machine one acknowledgement may come too late: the journal takes that batch.
                    await _send(client, range(sent, sent + 10))
                    sent += 10
                    if not list((tmp_path / "journal").glob("*.journal")):
                        break
                    await asyncio.sleep(0.5)
            await _until_kafka_has(kafka, _ids_of(range(sent)))
    finally:
        broker.kill()


class _Ledger(LedgerServiceServicer):
    """Holds what it is told to; asked over gRPC."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}
        self.asked = 0

    async def HasEvents(self, request: HasEventsRequest, context: Any) -> HasEventsResponse:
        auth.current(Access.INTERNAL)
        self.asked += len(request.event_keys)
        known = [KnownEvent(event_key=k, content_hash=self.held[k]) for k in request.event_keys if k in self.held]
        return HasEventsResponse(known=known)

    async def GetPositions(self, request: GetPositionsRequest, context: Any) -> GetPositionsResponse:
        return GetPositionsResponse()


@pytest.mark.slow
async def test_a_broker_that_forgets_is_filled_from_the_journal(
    tmp_path: Path, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> None:
    ledger = _Ledger()
    service = GrpcService("finops.ledger.v1.LedgerService", ledger, add_LedgerServiceServicer_to_server)
    broker = EmbeddedBroker(tmp_path / "broker", tmp_path / "logs")
    await broker.start()
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=2, compression="none")
    await create_topics(kafka)
    keys = host.key_ring(_settings(tmp_path, kafka, clickhouse_settings, auth_settings))
    server = GrpcServer(GrpcSettings(host="127.0.0.1", port=0), [service], keys)
    await server.start()
    settings = _settings(
        tmp_path, kafka, clickhouse_settings, auth_settings, f"127.0.0.1:{server.port}",
        durability="journal", confirm_poll_seconds=0.1, confirm_seal_seconds=0.2, resend_after_seconds=2,
    )  # fmt: skip
    try:
        async with _running(settings) as client:
            await _send(client, range(100))
            await _until_kafka_has(kafka, _ids_of(range(100)))
            # The ledger never saw them, and the broker starts again with nothing.
            await broker.stop()
            await broker.start()
            await create_topics(kafka)
            await _send(client, range(100, 110))
            await _until_kafka_has(kafka, _ids_of(range(110)))
            assert list((tmp_path / "journal").glob("*.journal"))
            for record in await _records(kafka):
                event = UsageEvent.FromString(record.value or b"")
                ledger.held[event.event_key] = event.content_hash
            async with asyncio.timeout(30):
                while list((tmp_path / "journal").glob("*.journal")):
                    await asyncio.sleep(0.1)
            assert ledger.asked >= 110
    finally:
        await server.stop()
        await broker.stop()
