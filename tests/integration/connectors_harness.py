"""Ingest in this process, connectors in processes of their own, and what came of it in Kafka."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common import host
from services.common.auth import Role
from services.common.clickhouse import ClickHouse, migrate
from services.common.kafka.record import Partition
from services.common.kafka.tail import read
from services.common.kafka.topics import USAGE, create_topics
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings, HttpSettings, KafkaSettings
from services.connectors.adapters.poll_tables import CheckpointTable
from services.connectors.domain.poller import Checkpoint
from services.ingest.app import build
from services.ingest.settings import IngestOptions, IngestSettings
from tests.integration.killable import ROOT, KillableService

SECRET = "sk-admin-of-the-source-0123456789"
PATIENCE = 90


class ConnectorsProcess(KillableService):
    """`aifinops run connectors`, whose output is kept."""

    def __init__(self, output: Path, *settings: Any, **more: Any) -> None:
        super().__init__("connectors", *settings, **more)
        self.output = output

    async def start(self) -> None:
        command = [sys.executable, "-m", "services.allinone.cli", "run", "connectors"]
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command, env=self._environment, cwd=ROOT, stdout=output, stderr=output
            )

    async def get(self, path: str) -> httpx.Response:
        """An answer of its HTTP server."""
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"http://127.0.0.1:{self._http_port}{path}")

    def freeze(self) -> None:
        """It stands still, as in a machine that is suspended."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def environment(self) -> dict[str, str]:
        """For commands that should see the same settings."""
        return self._environment


@dataclass
class Platform:
    """What a poller needs around it."""

    folder: Path
    kafka: KafkaSettings
    clickhouse: ClickHouseSettings
    auth: AuthSettings
    keyring: KeyRing
    ingest_url: str
    processes: list[ConnectorsProcess] = field(default_factory=list)
    _read: list[UsageEvent] = field(default_factory=list)
    _next: dict[Partition, int] = field(default_factory=dict)

    def file(self, name: str, content: str) -> str:
        """The path of a secret file."""
        path = self.folder / name
        path.write_text(content + "\n")
        return str(path)

    def entry(self, name: str, connector: str, source_url: str, **more: Any) -> dict[str, Any]:
        """A poller of tenant acme."""
        return {
            "name": name,
            "connector": connector,
            "api_key_file": self.file("acme.key", self.auth.admin_key.get_secret_value()),
            "secret_file": self.file("source.secret", SECRET),
            "base_url": f"{source_url}/v1",
            "interval": "1s",
            "requests_per_minute": 6_000,
            **more,
        }

    def connectors(
        self, *entries: dict[str, Any], kafka: KafkaSettings | None = None, **more: str
    ) -> ConnectorsProcess:
        """A process that polls; not started. `kafka`: another than ingest's."""
        made = ConnectorsProcess(
            self.folder / f"connectors-{len(self.processes)}.log",
            kafka or self.kafka,
            self.clickhouse,
            self.auth,
            AIFINOPS_CONNECTORS__INGEST_URL=self.ingest_url,
            AIFINOPS_CONNECTORS__POLLERS=json.dumps(entries),
            AIFINOPS_KAFKA__REBALANCE_TIMEOUT_MS="6000",
            **more,
        )
        self.processes.append(made)
        return made

    async def key_of(self, tenant: str) -> str:
        """A new API key of a tenant."""
        text, _ = await self.keyring.create(tenant, Role.INGEST, "connectors", "test")
        return text

    async def events(self) -> list[UsageEvent]:
        """Everything ingest wrote, in the order of each partition. What was read once is not read again."""
        partitions = [Partition(self.kafka.topic(USAGE), number) for number in range(self.kafka.partitions)]
        async for batch in read(self.kafka, partitions, starts=self._next):
            for record in batch:
                self._read.append(UsageEvent.FromString(record.value or b""))
                self._next[Partition(record.topic, record.partition)] = record.offset + 1
        return list(self._read)

    async def final(self, tenant: str = "acme") -> dict[str, UsageEvent]:
        """The last revision of each of a tenant's events, by the source's id."""
        return {event.source_event_id: event for event in await self.events() if event.tenant_id == tenant}

    async def until(self, condition: Callable[[dict[str, UsageEvent]], bool], tenant: str = "acme") -> None:
        """Waits for the last revisions to be so."""
        async with asyncio.timeout(PATIENCE):
            while not condition(await self.final(tenant)):
                await asyncio.sleep(0.2)

    async def checkpoints(self) -> dict[str, Checkpoint]:
        """As stored."""
        clickhouse = ClickHouse(self.clickhouse)
        try:
            return {each.poller: each for each in await CheckpointTable(clickhouse).all()}
        finally:
            await clickhouse.stop()

    async def rows(self, sql: str) -> list[Any]:
        """Of a query."""
        clickhouse = ClickHouse(self.clickhouse)
        try:
            return list(await clickhouse.query(sql))
        finally:
            await clickhouse.stop()


@asynccontextmanager
async def platform(
    folder: Path, kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings
) -> AsyncIterator[Platform]:
    """Topics, tables and a running ingest; ends whatever of its connectors still runs."""
    await create_topics(kafka)
    await migrate(clickhouse, ["services.common.migrations", "services.connectors.migrations"])
    settings = IngestSettings(
        kafka=kafka,
        clickhouse=clickhouse,
        auth=auth,
        http=HttpSettings(host="127.0.0.1", port=0),
        grpc=GrpcSettings(host="127.0.0.1", port=0),
        ingest=IngestOptions(journal_dir=folder / "journal", otlp_grpc_port=0),
    )
    keyring = host.key_ring(settings)
    ingest = host.Host("ingest", settings, [build(settings, keyring)], keyring)
    await ingest.start()
    made = Platform(folder, kafka, clickhouse, auth, keyring, f"http://127.0.0.1:{ingest.http.port}")
    try:
        yield made
    finally:
        for process in made.processes:
            await process.kill()
        await ingest.stop()


def tokens(events: dict[str, UsageEvent]) -> int:
    """Input tokens of all of them."""
    return sum(event.quantities.input_tokens for event in events.values())
