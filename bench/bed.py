"""The engines a measurement runs on, and servers on a core of their own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.allinone import settings as machine
from services.allinone.engines.embedded import EmbeddedBroker, EmbeddedClickHouse
from services.allinone.engines.ports import free_port
from services.allinone.engines.processes import ChildProcess
from services.allinone.services import MIGRATIONS
from services.common.clickhouse import migrate
from services.common.kafka.topics import create_topics
from services.common.settings import ServiceSettings, load

CORE = 0
"""Of the server that is measured."""


@dataclass(frozen=True)
class Bed:
    """The engines, and the environment of whatever is measured on them."""

    folder: Path
    environment: dict[str, str]
    keys: machine.Keys
    clickhouse_pid: int


@dataclass(frozen=True)
class Served:
    """Where a server answers."""

    url: str
    grpc: str
    pid: int


@asynccontextmanager
async def engines(folder: Path) -> AsyncIterator[Bed]:
    """Broker and ClickHouse, with topics and tables."""
    broker = EmbeddedBroker(folder / "broker", folder / "logs")
    clickhouse = EmbeddedClickHouse(folder / "clickhouse", folder / "logs")
    await asyncio.gather(broker.start(), clickhouse.start())
    try:
        keys = machine.Keys.of(folder)
        environment = machine.environment(folder, broker, clickhouse, keys, log_level="WARNING")
        environment |= {"AIFINOPS_INGEST__DURABILITY": "kafka"}
        os.environ |= environment
        settings = load(ServiceSettings)
        await migrate(settings.clickhouse, MIGRATIONS)
        await create_topics(settings.kafka)
        yield Bed(folder, environment, keys, clickhouse.process.pid)
    finally:
        await asyncio.gather(broker.stop(), clickhouse.stop())


@asynccontextmanager
async def served(bed: Bed, name: str, command: Sequence[str], **environment: str) -> AsyncIterator[Served]:
    """A server on a core of its own, once it is ready."""
    http, grpc = free_port(), free_port()
    variables = {**os.environ, **machine.ports("127.0.0.1", http, "127.0.0.1", grpc), **environment}
    variables["AIFINOPS_INGEST__OTLP_GRPC_PORT"] = "0"
    child = ChildProcess(name, [sys.executable, "-m", *command], bed.folder / "logs" / f"{name}.log", variables)
    child.spawn()
    os.sched_setaffinity(child.pid, {CORE})
    url = f"http://127.0.0.1:{http}"
    try:
        await child.until(lambda: _ready(url), timeout_seconds=300)
        yield Served(url, f"127.0.0.1:{grpc}", child.pid)
    finally:
        await child.stop()


def leave_the_core() -> None:
    """Moves this process, and what it starts from now on, to the other cores."""
    every = os.sched_getaffinity(0)
    if len(every) > 1:
        os.sched_setaffinity(0, every - {CORE})


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def load_average() -> str:
    """What else the machine does, for whoever reads the figures."""
    return f"load average {', '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores"


def cpu_seconds(pid: int) -> float:
    """That a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Bytes that are really there."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmRSS:"))


def quantile(ordered: Sequence[float], q: float) -> float:
    """By nearest rank."""
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]
