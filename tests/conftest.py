"""What integration tests stand on: a real Kafka, and ClickHouse's engine over HTTP; each test has names of its own."""

from __future__ import annotations

import asyncio
import gc
import os
import uuid
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import settings
from pydantic import SecretStr

from services.allinone.engines.embedded import EmbeddedBroker, EmbeddedClickHouse
from services.common import auth
from services.common.auth import Role
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings
from tests.kafka import ExternalKafka, RealKafka, RealKafkaMissing, drop_topics

# How long an example takes says nothing on a machine that others use too. Each run tries other examples; a night's may
# try many: AIFINOPS_TEST_EXAMPLES=2000 in tests that do not say how many they need.
settings.register_profile("aifinops", deadline=None, max_examples=int(os.environ.get("AIFINOPS_TEST_EXAMPLES", "50")))
settings.load_profile("aifinops")

# What is imported and collected stays until the end: searching it for garbage again and again finds none.
gc.disable()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """From here on garbage is looked for among what tests make."""
    result = yield
    gc.freeze()
    gc.enable()
    return result


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker for the run: AIFINOPS_TEST_KAFKA, or Apache Kafka started here, or, loudly, the embedded one."""
    external = ExternalKafka.from_environment()
    if external is not None:
        yield external.bootstrap_servers
        return
    folder = tmp_path_factory.mktemp("kafka")
    try:
        broker = RealKafka(folder)
        broker.start()
    except RealKafkaMissing as missing:
        warnings.warn(f"NOT TESTED AGAINST APACHE KAFKA: {missing}. The embedded broker serves instead.", stacklevel=1)
        embedded = EmbeddedBroker(folder / "broker", folder / "logs")
        asyncio.run(embedded.start())
        yield embedded.bootstrap_servers
        asyncio.run(embedded.stop())
        return
    yield broker.bootstrap_servers
    broker.stop()


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """ClickHouse's engine behind its HTTP protocol, for the run."""
    folder: Path = tmp_path_factory.mktemp("clickhouse")
    engine = EmbeddedClickHouse(folder / "data", folder / "logs")
    asyncio.run(engine.start())
    yield engine.url
    asyncio.run(engine.stop())


@pytest.fixture
def kafka_settings(kafka_bootstrap: str) -> Iterator[KafkaSettings]:
    """Settings with a prefix of this test's own; its topics are not created yet."""
    settings = KafkaSettings(
        bootstrap_servers=kafka_bootstrap,
        topic_prefix=f"t{uuid.uuid4().hex[:10]}.",
        partitions=3,
        session_timeout_ms=6_000,
        rebalance_timeout_ms=10_000,
    )
    yield settings
    drop_topics(kafka_bootstrap, settings.topic_prefix)


@pytest.fixture
def clickhouse_settings(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    """Settings with a database of this test's own; nothing is migrated yet. Fifty that stayed keep the engine busy."""
    settings = ClickHouseSettings(url=clickhouse_url, database=f"t{uuid.uuid4().hex[:10]}")
    yield settings
    httpx.post(clickhouse_url, content=f"DROP DATABASE IF EXISTS {settings.database} SYNC", timeout=60, trust_env=False)


@pytest.fixture
def auth_settings() -> AuthSettings:
    """A service key and an admin key of tenant `acme`."""
    service, _ = auth.new_api_key("aifinops", Role.SERVICE, "service")
    admin, _ = auth.new_api_key("acme", Role.ADMIN, "admin")
    return AuthSettings(service_key=SecretStr(service), admin_key=SecretStr(admin), admin_tenant="acme")
