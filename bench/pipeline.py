"""From HTTP batches to ledger rows plus budget state, against the floor (bench/floor.py) in the same run: `make bench`.

    python -m bench.pipeline [--events 60000] [--rounds 3] [--rate 1000] [--seconds 20]

The ratio means something on any machine; absolute figures stand beside it. Floor and platform are measured in turns,
each platform a new one: a machine whose speed changes in between changes both. Processor time by process tells what to
make faster, also while others use the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import orjson
from finops.budget.v1 import budget_pb2, budget_pb2_grpc
from rich.console import Console
from rich.table import Table

from bench import floor
from bench.bed import quantile
from bench.processes import ProcessorTime
from services.common import money
from tests.e2e.events import event, price, total
from tests.e2e.running import Client, Up

BATCH = 500
CONNECTIONS = 4
REQUESTS_PER_SECOND = 20
PROBE_EVERY = 20
PROBE_MODEL = "gpt-4o"

console = Console(stderr=True)


class Round(NamedTuple):
    """Seconds that all events took, and processor time by process while the platform had them."""

    floor: float
    platform: float
    processors: Mapping[str, float]


def make_events(first: int, count: int, **more: Any) -> list[dict[str, Any]]:
    """Events of the last hour, each with its own id."""
    now = datetime.now(UTC)
    return [event(number, now=now, **more) for number in range(first, first + count)]


@contextmanager
def platform(folder: Path) -> Iterator[tuple[Up, Client]]:
    """`aifinops up --processes`, and a client of it."""
    up = Up(folder, "--processes")
    client = up.client()
    try:
        yield up, client
    finally:
        client.close()
        up.stop()


async def throughput(up: Up, client: Client, events: Sequence[dict[str, Any]]) -> float:
    """Seconds from the first request until the ledger and a budget hold every event, to the picodollar."""
    budget = client.post("/api/v1/budgets", {"display_name": "All", "amount": "1000000", "period": "year"})
    expected = total(list(events))
    bodies = [orjson.dumps(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]
    headers = {"Authorization": f"Bearer {client.key}", "Content-Type": "application/json"}
    started = time.perf_counter()
    async with httpx.AsyncClient(base_url=client.url, headers=headers, timeout=60, trust_env=False) as http:
        queue = iter(bodies)

        async def send() -> None:
            for body in queue:
                answer = await http.post("/v1/events", content=body)
                answer.raise_for_status()

        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
        console.print(f"  accepted durably after {time.perf_counter() - started:.1f} s")

        async def ledger_holds() -> bool:
            rows = (await http.get("/api/v1/costs", params={"granularity": "total"})).json()["rows"]
            return sum((Decimal(row["cost"]) for row in rows), Decimal(0)) == expected

        async def budget_holds() -> bool:
            status = (await http.get(f"/api/v1/{budget['name']}/status")).json()
            return not status["rebuilding"] and Decimal(status["actual"]) == expected

        # The budget first: it answers from memory, while each look at the ledger takes time from what is measured.
        for holds in (budget_holds, ledger_holds):
            while not await holds():
                if time.perf_counter() - started > 300:
                    raise RuntimeError(f"{holds.__name__}: not after 300 s")
                await asyncio.sleep(0.2)
    return time.perf_counter() - started


async def event_to_status(up: Up, client: Client, rate: int, seconds: int) -> list[float]:
    """Seconds from sending an event to its budget's status showing it, sorted; at `rate` events a second.

    One event in twenty is a probe that a budget of its own counts. All probes cost the same, so the status tells how
    many it has seen: the n-th sent is matched with the n-th seen.
    """
    budget = client.post(
        "/api/v1/budgets",
        {"display_name": "Probes", "amount": "1000000", "period": "year", "filter": 'tag:probe = "yes"'},
    )
    usage = {"input_tokens": 1000, "output_tokens": 100, "requests": 1}
    each = money.parse_dollars(price(PROBE_MODEL, usage))
    requests = REQUESTS_PER_SECOND * seconds
    size = rate // REQUESTS_PER_SECOND
    marked = max(1, size // PROBE_EVERY)
    fillers = make_events(10_000_000, requests * (size - marked))
    probes = make_events(20_000_000, requests * marked, model=PROBE_MODEL, usage=usage, tags={"probe": "yes"})
    bodies = [
        [*fillers[n * (size - marked) : (n + 1) * (size - marked)], *probes[n * marked : (n + 1) * marked]]
        for n in range(requests)
    ]
    sent: list[float] = []
    seen: list[float] = []
    sending = asyncio.create_task(_send_steadily(client, bodies, marked, sent))
    async with grpc.aio.insecure_channel(up.addresses["grpc"]) as channel:
        stub = budget_pb2_grpc.BudgetServiceStub(channel)
        request = budget_pb2.GetBudgetStatusRequest(name=budget["name"])
        metadata = [("authorization", f"Bearer {client.key}")]
        deadline = time.perf_counter() + seconds + 60
        while len(seen) < len(probes) and time.perf_counter() < deadline:
            answer = await stub.GetBudgetStatus(request, metadata=metadata)
            counted = money.from_proto(answer.status.actual) // each
            now = time.perf_counter()
            seen += [now] * (counted - len(seen))
            await asyncio.sleep(0.005)
    await sending
    if len(seen) < len(probes):
        raise RuntimeError(f"only {len(seen)} of {len(probes)} probes were seen")
    return sorted(arrival - departure for departure, arrival in zip(sent, seen, strict=True))


async def _send_steadily(client: Client, bodies: Sequence[Any], marked: int, sent: list[float]) -> None:
    """One body every twentieth of a second; notes when each of its `marked` probes left."""
    headers = {"Authorization": f"Bearer {client.key}"}
    async with httpx.AsyncClient(base_url=client.url, headers=headers, timeout=60, trust_env=False) as http:
        started = time.perf_counter()
        for number, body in enumerate(bodies):
            await asyncio.sleep(max(0.0, started + number / REQUESTS_PER_SECOND - time.perf_counter()))
            sent.extend([time.perf_counter()] * marked)
            answer = await http.post("/v1/events", json=body)
            answer.raise_for_status()


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    events = make_events(0, options.events)
    rounds: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        for number in range(options.rounds):
            folder = Path(scratch) / str(number)
            console.print(f"{number + 1} of {options.rounds}: {options.events} events through bare clients")
            bare = await floor.measure(folder / "floor", events)
            with platform(folder / "platform") as (up, client):
                console.print(f"{number + 1} of {options.rounds}: {options.events} events over HTTP, --processes")
                processors = ProcessorTime(up.process.pid)
                ours = await throughput(up, client, events)
                rounds.append(Round(bare, ours, processors.seconds()))
                if number == options.rounds - 1:
                    console.print(f"event to budget status at {options.rate} events/s for {options.seconds} s")
                    latencies = await event_to_status(up, client, options.rate, options.seconds)
    Console().print(_rates(rounds, len(events)))
    Console().print(_by_process(rounds, len(events)))
    p50, p99 = quantile(latencies, 0.5), quantile(latencies, 0.99)
    Console().print(
        f"event to budget status at {options.rate} events/s: p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms"
    )


def _rates(rounds: Sequence[Round], events: int) -> Table:
    table = Table(title="bench/pipeline")
    for column in ("", "events/s", "ratio to floor"):
        table.add_column(column, justify="left" if not column else "right")
    bare, ours = (sum(seconds) for seconds in zip(*((r.floor, r.platform) for r in rounds), strict=True))
    together = events * len(rounds)
    ratios = ", ".join(f"{r.floor / r.platform:.2f}" for r in rounds)
    table.add_row("floor: produce, consume, columnar insert", f"{together / bare:,.0f}", "1.00")
    table.add_row("HTTP to ledger rows and budget state", f"{together / ours:,.0f}", f"{bare / ours:.2f} ({ratios})")
    return table


def _by_process(rounds: Sequence[Round], events: int) -> Table:
    table = Table(title="processor time of an event")
    for column in ("", "µs"):
        table.add_column(column, justify="left" if not column else "right")
    used: Counter[str] = Counter()
    for one in rounds:
        used.update(one.processors)
    for name, seconds in [*used.most_common(), ("together", used.total())]:
        table.add_row(name, f"{seconds / (events * len(rounds)) * 1e6:,.1f}")
    return table


if __name__ == "__main__":
    asyncio.run(main())
