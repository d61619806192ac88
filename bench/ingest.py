"""One ingest process on one core, against the same server that forgets what it reads, and against a bare producer.

    python -m bench.ingest [--events 100000] [--seconds 10]

Ingest, or what stands in for it, runs on the first core alone; broker, ClickHouse and load generator share the others.
The ratio means something on any machine; absolute figures stand beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from bench import http_load
from bench.floor import usage_of
from bench.http_load import Load, prepare
from services.allinone import settings as machine
from services.allinone.engines.embedded import EmbeddedBroker, EmbeddedClickHouse
from services.allinone.engines.processes import ChildProcess, free_port
from services.allinone.services import MIGRATIONS
from services.common.clickhouse import migrate
from services.common.kafka.topics import create_topics
from services.common.settings import ServiceSettings, load
from tests.e2e.events import event

BATCH = 500
CONNECTIONS = 4
SINGLE_CONNECTIONS = 64
SINGLE_RATE = 1_000
CORE = 0

_PRODUCER = "bench.bare_producer"

console = Console(stderr=True)


@dataclass(frozen=True)
class Bed:
    """The engines, and the environment of whatever is measured on them."""

    folder: Path
    environment: dict[str, str]
    key: str


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
        yield Bed(folder, environment, keys.admin)
    finally:
        await asyncio.gather(broker.stop(), clickhouse.stop())


@asynccontextmanager
async def served(bed: Bed, name: str, command: Sequence[str]) -> AsyncIterator[str]:
    """A server on a core of its own; yields its URL once it is ready."""
    port = free_port()
    environment = {**os.environ, **machine.ports("127.0.0.1", port, "127.0.0.1", free_port())}
    child = ChildProcess(name, [sys.executable, "-m", *command], bed.folder / "logs" / f"{name}.log", environment)
    child.spawn()
    os.sched_setaffinity(child.pid, {CORE})
    url = f"http://127.0.0.1:{port}"
    try:
        await child.until(lambda: _ready(url), timeout_seconds=60)
        yield url
    finally:
        await child.stop()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


async def batches(url: str, key: str, bodies: Sequence[bytes]) -> Load:
    """Batches over a few connections, as fast as they are answered; the first fifth only warms up."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    requests = [prepare(f"{url}/v1/events", body, headers) for body in bodies]
    warm = len(requests) // 5
    await http_load.send(url, requests[:warm], connections=CONNECTIONS)
    return await http_load.send(url, requests[warm:], connections=CONNECTIONS)


async def singles(url: str, key: str, seconds: int) -> Load:
    """Single events, a thousand a second."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    now = datetime.now(UTC)
    count = SINGLE_RATE * seconds
    bodies = [orjson.dumps(event(10_000_000 + number, now=now)) for number in range(count)]
    requests = [prepare(f"{url}/v1/events", body, headers) for body in bodies]
    return await http_load.send(url, requests, connections=SINGLE_CONNECTIONS, rate=SINGLE_RATE)


async def bare_producer(bed: Bed, count: int) -> float:
    """Events a second of a bare aiokafka producer with the same records, on the same single core."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _PRODUCER, str(count), stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    os.sched_setaffinity(process.pid, {CORE})
    output, _ = await process.communicate()
    return float(output)


def values(count: int) -> list[bytes]:
    """Messages of the size ingest makes."""
    now = datetime.now(UTC)
    return [usage_of(event(number, now=now)).SerializeToString() for number in range(count)]


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    every = os.sched_getaffinity(0)
    if len(every) > 1:
        os.sched_setaffinity(0, every - {CORE})
    now = datetime.now(UTC)
    events = [event(number, now=now) for number in range(options.events)]
    bodies = [orjson.dumps(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]
    sent = (len(bodies) - len(bodies) // 5) * BATCH
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with engines(Path(scratch)) as bed:
            console.print("bare producer")
            produced = await bare_producer(bed, options.events)
            console.print("a server that discards")
            async with served(bed, "discard", ["bench.discard"]) as url:
                discarded = sent / (await batches(url, bed.key, bodies)).seconds
            console.print("ingest")
            async with served(bed, "ingest", ["services.allinone.cli", "run", "ingest"]) as url:
                accepted = sent / (await batches(url, bed.key, bodies)).seconds
                console.print(f"single events, {SINGLE_RATE} a second")
                single = await singles(url, bed.key, options.seconds)
    _print(produced, discarded, accepted)
    p50, p99 = (single.latencies[int(q * len(single.latencies))] * 1e3 for q in (0.5, 0.99))
    reached = len(single.latencies) / single.seconds
    Console().print(f"single events: {reached:,.0f} requests/s to a durable 202, p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def _print(produced: float, discarded: float, accepted: float) -> None:
    table = Table(title=f"bench/ingest: one core, JSON batches of {BATCH}")
    for column in ("", "events/s", "ratio of ingest to it"):
        table.add_column(column)
    table.add_row("the same server discarding the bytes", f"{discarded:,.0f}", f"{accepted / discarded:.2f}")
    table.add_row("a bare producer of the same records", f"{produced:,.0f}", f"{accepted / produced:.2f}")
    table.add_row("ingest, to a durable 202", f"{accepted:,.0f}", "1.00")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
