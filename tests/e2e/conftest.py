"""One running platform for the tests of this folder that only use it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from services.common.settings import ClickHouseSettings, KafkaSettings
from tests.e2e.running import Client, Cluster


@pytest.fixture(scope="package")
def cluster(kafka_bootstrap: str, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Every service in one process, against Apache Kafka. It stops after this folder: idle, it takes others' time."""
    name = f"e2e{uuid.uuid4().hex[:8]}"
    running = Cluster(
        tmp_path_factory.mktemp("cluster"),
        KafkaSettings(bootstrap_servers=kafka_bootstrap, topic_prefix=f"{name}.", partitions=3),
        ClickHouseSettings(url=clickhouse_url, database=name),
    )
    running.prepare()
    running.start()
    try:
        running.ready()
        yield running
    finally:
        codes = running.stop()
    assert set(codes.values()) == {0}


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    """An admin of a tenant of this test's own."""
    with_key = tenant_client(cluster, f"t{uuid.uuid4().hex[:10]}")
    yield with_key
    with_key.close()


def tenant_client(cluster: Cluster, tenant: str, role: str = "admin") -> Client:
    """A client with a fresh key of any tenant, made with the platform's own service key."""
    service = Client(cluster.http("console"), cluster.service_key)
    service.http.headers["x-aifinops-tenant"] = tenant
    created = service.post("/api/v1/keys", {"name": f"{tenant} {role}", "role": role})
    service.close()
    return cluster.client(created["key"], tenant)
