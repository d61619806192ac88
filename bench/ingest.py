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
from collections.abc import AsyncIterator, Mapping, Sequence
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
from bench.spans import export_request
from services.allinone import settings as machine
from services.allinone.engines.embedded import EmbeddedBroker, EmbeddedClickHouse
from services.allinone.engines.ports import free_port
from services.allinone.engines.processes import ChildProcess
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
class Kind:
    """What is sent in batches."""

    name: str
    path: str
    content_type: str


EVENTS = Kind("events/s, JSON", "/v1/events", "application/json")
SPANS = Kind("spans/s, OTLP protobuf", "/v1/traces", "application/x-protobuf")


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
    environment["AIFINOPS_INGEST__OTLP_GRPC_PORT"] = "0"
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


async def batches(url: str, kind: Kind, key: str, bodies: Sequence[bytes]) -> float:
    """Items a second, over a few connections, as fast as they are answered; the first fifth only warms up."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind.content_type}
    requests = [prepare(url + kind.path, body, headers) for body in bodies]
    warm = len(requests) // 5
    await http_load.send(url, requests[:warm], connections=CONNECTIONS)
    load = await http_load.send(url, requests[warm:], connections=CONNECTIONS)
    return (len(requests) - warm) * BATCH / load.seconds


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
    bodies = {EVENTS: _events(options.events), SPANS: _spans(options.events // 2)}
    discarded: dict[Kind, float] = {}
    accepted: dict[Kind, float] = {}
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with engines(Path(scratch)) as bed:
            console.print("bare producer")
            produced = await bare_producer(bed, options.events)
            console.print("a server that discards")
            async with served(bed, "discard", ["bench.discard"]) as url:
                for kind, requests in bodies.items():
                    discarded[kind] = await batches(url, kind, bed.key, requests)
            console.print("ingest")
            async with served(bed, "ingest", ["services.allinone.cli", "run", "ingest"]) as url:
                for kind, requests in bodies.items():
                    accepted[kind] = await batches(url, kind, bed.key, requests)
                console.print(f"single events, {SINGLE_RATE} a second")
                single = await singles(url, bed.key, options.seconds)
    _print(produced, discarded, accepted)
    p50, p99 = (single.latencies[int(q * len(single.latencies))] * 1e3 for q in (0.5, 0.99))
    reached = len(single.latencies) / single.seconds
    Console().print(f"single events: {reached:,.0f} requests/s to a durable 202, p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def _events(count: int) -> list[bytes]:
    now = datetime.now(UTC)
    events = [event(number, now=now) for number in range(count)]
    return [orjson.dumps(events[start : start + BATCH]) for start in range(0, count, BATCH)]


def _spans(count: int) -> list[bytes]:
    return [export_request(1 + start, BATCH) for start in range(0, count, BATCH)]


def _print(produced: float, discarded: Mapping[Kind, float], accepted: Mapping[Kind, float]) -> None:
    table = Table(title=f"bench/ingest: one core, batches of {BATCH}")
    columns = ("", "ingest, to a durable 202", "a server that discards", "ratio", "a bare producer", "ratio")
    for column in columns:
        table.add_column(column)
    for kind, reached in accepted.items():
        floors = (discarded[kind], produced)
        cells = [cell for floor in floors for cell in (f"{floor:,.0f}", f"{reached / floor:.3f}")]
        table.add_row(kind.name, f"{reached:,.0f}", *cells)
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
