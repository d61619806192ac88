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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from bench import http_load
from bench.bed import CORE, Bed, engines, leave_the_core, served
from bench.floor import usage_of
from bench.http_load import Load, prepare
from bench.spans import export_request
from tests.e2e.events import event

BATCH = 500
CONNECTIONS = 4
SINGLE_CONNECTIONS = 64
SINGLE_RATE = 1_000

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
    leave_the_core()
    bodies = {EVENTS: _events(options.events), SPANS: _spans(options.events // 2)}
    discarded: dict[Kind, float] = {}
    accepted: dict[Kind, float] = {}
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with engines(Path(scratch)) as bed:
            console.print("bare producer")
            produced = await bare_producer(bed, options.events)
            console.print("a server that discards")
            async with served(bed, "discard", ["bench.discard"]) as server:
                for kind, requests in bodies.items():
                    discarded[kind] = await batches(server.url, kind, bed.keys.admin, requests)
            console.print("ingest")
            async with served(bed, "ingest", ["services.allinone.cli", "run", "ingest"]) as server:
                for kind, requests in bodies.items():
                    accepted[kind] = await batches(server.url, kind, bed.keys.admin, requests)
                console.print(f"single events, {SINGLE_RATE} a second")
                single = await singles(server.url, bed.keys.admin, options.seconds)
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
