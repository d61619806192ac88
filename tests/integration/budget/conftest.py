"""A platform of each test's own, on real Kafka and ClickHouse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from finops.ledger.v1.ledger_pb2_grpc import add_LedgerServiceServicer_to_server

from services.common.clickhouse import migrate
from services.common.kafka.client import incarnation
from services.common.kafka.producer import Producer
from services.common.kafka.topics import create_topics
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.integration.budget.harness import Platform
from tests.integration.budget.ledger import RecordedLedger


@pytest.fixture
async def platform(
    kafka_settings: KafkaSettings, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings
) -> AsyncIterator[Platform]:
    await create_topics(kafka_settings)
    await migrate(clickhouse_settings, ["services.common.migrations", "services.budget.migrations"])
    ledger = RecordedLedger()  # type: ignore[abstract]  # it answers the calls that budget makes
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
