"""Budgets under load: the calls of a gateway beside an empty call of the same server, the way from an event to a
status, and the matching engine by itself beside trying every filter.

    python -m bench.budget [--budgets 10000] [--members 100000] [--rate 5000] [--seconds 20] [--rounds 3]

The service has a core of its own. The calls take turns, round by round, and of each the median round counts. Ratios
mean something on any machine; absolute figures stand beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub
from rich.console import Console
from rich.table import Table

from bench import budget_matching, budget_process, grpc_load
from bench.bed import Served, leave_the_core, load_average
from bench.budget_bed import Stage, forecast, settled, stage
from bench.budget_matching import Matched
from bench.budget_world import COST, Company, definitions
from bench.grpc_load import Calls
from services.common import money
from services.common.clock import SystemClock
from services.common.grpc.client import Channel, call
from services.common.host import run_loop

ALL = "budgets/b-0"
"""Its filter is empty and it has no members: it counts every event."""
PROBES = "probe"
PROBE_EVERY = 20
TICK_SECONDS = 0.02
AT_ONCE = 16
"""Calls under way at a time, where the rate is measured."""
PATIENCE_SECONDS = 60
"""For calls that are not measured: others may have the machine."""
IDLE_SECONDS, IDLE_SHARE = 5, 0.12
"""It has nothing left to do once it used less than this share of a core for so long."""
NOTHING = "empty call"
BAR = 0.7

console = Console(stderr=True)


@dataclass
class Answered:
    """Figures of one call, a round each."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """The server's CPU seconds a call."""
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    """Seconds from when a call was due, at half the round's rate."""


def calls(key: str, messages: int, budgets: int, company: Company, rounds: int) -> dict[str, Calls]:
    """What is asked: any budget, and a spend of any user, over and over; no reservation twice."""
    chance = random.Random(3)
    headers = {"authorization": f"Bearer {key}"}
    usages = company.usages(messages, 11, SystemClock().now())
    intents = [
        pb.SpendIntent(
            dimensions={
                "team": u.team, "user": u.user, "project": u.project, "key": u.key, "provider": u.provider,
                "model": u.model, "environment": u.environment, "tag:feature": u.tags["feature"],
            },
            estimate=money.to_proto(COST),
        )
        for u in usages
    ]  # fmt: skip
    service = f"/{pb.DESCRIPTOR.package}.BudgetService"
    names = [f"budgets/b-{chance.randrange(budgets)}" for _ in range(messages)]
    reserves = [
        pb.ReserveRequest(request_id=f"{chance.getrandbits(64):x}", intent=i, ttl_seconds=3_600)
        for _ in range(2 * rounds)
        for i in intents
    ]
    return {
        NOTHING: Calls(budget_process.CALL, headers, [b""]),
        "Check": Calls(f"{service}/Check", headers, [pb.CheckRequest(intent=i).SerializeToString() for i in intents]),
        "GetBudgetStatus": Calls(
            f"{service}/GetBudgetStatus", headers,
            [pb.GetBudgetStatusRequest(name=name).SerializeToString() for name in names],
        ),
        "Reserve": Calls(f"{service}/Reserve", headers, [request.SerializeToString() for request in reserves]),
    }  # fmt: skip


def every_status(key: str, budgets: int) -> Calls:
    """The status of each budget."""
    requests = [pb.GetBudgetStatusRequest(name=f"budgets/b-{number}") for number in range(budgets)]
    return Calls(
        f"/{pb.DESCRIPTOR.package}.BudgetService/GetBudgetStatus",
        {"authorization": f"Bearer {key}"},
        [request.SerializeToString() for request in requests],
    )


async def ask(server: Served, asked: dict[str, Calls], count: int, rounds: int) -> dict[str, Answered]:
    """Rates, and latencies at half of them. A first round, which fills what is remembered, does not count."""
    found = {name: Answered() for name in asked}
    first = 0
    for number in range(rounds + 1):
        for name, each in asked.items():
            before = _cpu_seconds(server.pid)
            full = await grpc_load.as_fast_as_answered(server.grpc, each, count, at_once=AT_ONCE, first=first)
            used = _cpu_seconds(server.pid) - before
            console.print(f"  {number} {name}: {full.rate:,.0f}/s   ", end="\r")
            half = await grpc_load.steadily(server.grpc, each, full.rate / 2, count // 2, first=first + count)
            if number:
                answered = found[name]
                answered.rates.append(full.rate)
                answered.cpu.append(used / count)
                answered.p50.append(quantile(half.latencies, 0.5))
                answered.p99.append(quantile(half.latencies, 0.99))
        first += 2 * count
    return found


async def event_to_status(on: Stage, server: Served, company: Company, rate: int, seconds: int) -> list[float]:
    """Seconds from handing a cost record to Kafka to its budget's status showing it, sorted; at `rate` a second.

    One record in twenty is a probe, which a budget of its own counts. All cost the same, so the status tells how many
    it has seen: the n-th sent is matched with the n-th seen.
    """
    await _ask(on, server, "CreateBudget", pb.CreateBudgetRequest(budget_id=PROBES, budget=_probes()))
    await _until(on, server, f"budgets/{PROBES}", 0)
    size = round(rate * TICK_SECONDS)
    ticks = round(seconds / TICK_SECONDS)
    usages = company.usages(size * ticks, 13, SystemClock().now())
    for usage in usages[::PROBE_EVERY]:
        usage.tags["feature"] = PROBES
    bodies = [on.feed.prepare(usages[n * size : (n + 1) * size]) for n in range(ticks)]
    probes = len(usages[::PROBE_EVERY])
    sent: list[float] = []
    seen: list[float] = []

    async def send() -> None:
        started = time.perf_counter()
        under_way: list[asyncio.Task[list[tuple[int, int]]]] = []
        for number, body in enumerate(bodies):
            await asyncio.sleep(max(0.0, started + number * TICK_SECONDS - time.perf_counter()))
            marked = len(range(-number * size % PROBE_EVERY, size, PROBE_EVERY))
            sent.extend([time.perf_counter()] * marked)
            under_way.append(asyncio.create_task(on.feed.producer.produce(body)))
        await asyncio.gather(*under_way)

    channel = Channel(server.grpc)
    stub = BudgetServiceStub(channel.channel())
    sending = asyncio.create_task(send())
    deadline = time.perf_counter() + seconds + 60
    while len(seen) < probes and time.perf_counter() < deadline:
        request = pb.GetBudgetStatusRequest(name=f"budgets/{PROBES}")
        answer = await call(stub.GetBudgetStatus, request, key=on.bed.keys.admin, timeout_seconds=PATIENCE_SECONDS)
        now = time.perf_counter()
        seen += [now] * (money.from_proto(answer.status.actual) // COST - len(seen))
        await asyncio.sleep(0.01)
    await sending
    await channel.stop()
    if len(seen) < probes:
        raise RuntimeError(f"only {len(seen)} of {probes} probes were seen")
    return sorted(arrival - departure for departure, arrival in zip(sent, seen, strict=True))


def _probes() -> pb.Budget:
    return pb.Budget(
        filter=f'tag:feature = "{PROBES}"', amount=money.to_proto(10**18), period=pb.PERIOD_YEAR, display_name="Probes"
    )


async def definition_writes(on: Stage, server: Served, count: int) -> tuple[list[float], list[float]]:
    """Seconds of an update, and of the first Check after it, sorted."""
    writes: list[float] = []
    checks: list[float] = []
    intent = pb.SpendIntent(dimensions={"team": "team-1", "user": "user-1@example.com"}, estimate=money.to_proto(COST))
    for number in range(count):
        budget = pb.Budget(name=f"budgets/b-{100 + number}", display_name=f"Changed {number}")
        started = time.perf_counter()
        request = pb.UpdateBudgetRequest(budget=budget)
        request.update_mask.paths.append("display_name")
        await _ask(on, server, "UpdateBudget", request)
        written = time.perf_counter()
        await _ask(on, server, "Check", pb.CheckRequest(intent=intent))
        writes.append(written - started)
        checks.append(time.perf_counter() - written)
    return sorted(writes), sorted(checks)


async def _ask(on: Stage, server: Served, method: str, request: object) -> object:
    channel = Channel(server.grpc)
    try:
        stub = getattr(BudgetServiceStub(channel.channel()), method)
        return await call(stub, request, key=on.bed.keys.admin, timeout_seconds=PATIENCE_SECONDS)
    finally:
        await channel.stop()


async def _until(on: Stage, server: Served, name: str, events: int) -> None:
    """Waits until a budget's sum is whole and shows so many events."""
    while True:
        answer = await _ask(on, server, "GetBudgetStatus", pb.GetBudgetStatusRequest(name=name))
        assert isinstance(answer, pb.GetBudgetStatusResponse)
        if not answer.status.rebuilding and money.from_proto(answer.status.actual) == events * COST:
            return
        await asyncio.sleep(0.05)


async def _idle(server: Served) -> None:
    """Waits until the service has nothing left to do."""
    quiet = 0
    while quiet < IDLE_SECONDS:
        before = _cpu_seconds(server.pid)
        await asyncio.sleep(1)
        used = _cpu_seconds(server.pid) - before
        quiet = quiet + 1 if used < IDLE_SHARE else 0
        console.print(f"  the service uses {used:.0%} of a core   ", end="\r")
    console.print()


async def service(options: argparse.Namespace) -> None:
    """The service by itself, measured from outside."""
    company = Company(options.members)
    made = definitions(options.budgets, options.members)
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with stage(Path(scratch), made) as on:
            console.print(f"the service on {on.broker} ({load_average()})")
            started = time.perf_counter()
            async with on.service() as server:
                await _until(on, server, ALL, 0)
                await settled(server, options.budgets)
                built = time.perf_counter() - started, _cpu_seconds(server.pid)
                console.print(
                    f"{options.budgets:,} budgets rebuilt in {built[0]:.0f} s, {built[1]:.0f} CPU s of the service"
                )
                console.print(f"one event of each of {options.members:,} members ({load_average()})")
                chance = random.Random(5)
                now = SystemClock().now()
                started = time.perf_counter()
                before = _cpu_seconds(server.pid)
                await on.feed.send([company.usage(chance, user, now) for user in range(options.members)])
                await _until(on, server, ALL, options.members)
                fed = (
                    options.members / (time.perf_counter() - started),
                    (_cpu_seconds(server.pid) - before) / options.members,
                )
                await forecast(server, options.budgets)
                # Whoever is asked for has its past read again where spend has doubled since.
                await grpc_load.as_fast_as_answered(
                    server.grpc, every_status(on.bed.keys.admin, options.budgets), options.budgets, at_once=AT_ONCE
                )
                await _idle(server)
                console.print(f"calls ({load_average()})")
                asked = calls(on.bed.keys.admin, options.calls, options.budgets, company, options.rounds + 1)
                gc.collect()
                gc.freeze()
                answered = await ask(server, asked, options.calls, options.rounds)
                console.print(f"event to status ({load_average()})")
                latencies = await event_to_status(on, server, company, options.rate, options.seconds)
                console.print(f"definition writes ({load_average()})")
                writes, checks = await definition_writes(on, server, 20)
                memory = _memory(server.pid)
            console.print(f"start ({load_average()})")
            events = sum(on.feed.written.values())
            started = time.perf_counter()
            async with on.service() as server:
                ready = time.perf_counter() - started
                await _until(on, server, ALL, events)
                whole = time.perf_counter() - started
                fresh = _memory(server.pid)
    _print_calls(answered, options.budgets)
    out = Console(width=120)
    out.print(
        f"event to status at {options.rate:,} events/s: p50 {quantile(latencies, 0.5) * 1e3:.0f} ms, "
        f"p99 {quantile(latencies, 0.99) * 1e3:.0f} ms"
    )
    out.print(
        f"rebuilding the sums of all budgets: {built[0]:.0f} s, {built[1] / options.budgets * 1e3:.1f} CPU ms a budget"
    )
    out.print(
        f"catching up: {fed[0]:,.0f} events/s, {fed[1] * 1e6:.0f} CPU µs an event, {options.members:,} new members"
    )
    out.print(
        f"definition write: {quantile(writes, 0.5) * 1e3:.0f} ms, "
        f"the Check after it {quantile(checks, 0.5) * 1e3:.0f} ms"
    )
    out.print(f"start with these sums: ready after {ready:.1f} s, whole after {whole:.1f} s, {fresh / 1e6:,.0f} MB")
    out.print(f"memory before: {memory / 1e6:,.0f} MB")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> int:
    """Bytes that are really there."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmRSS:"))


def quantile(ordered: Sequence[float], q: float) -> float:
    """By nearest rank."""
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", type=int, default=10_000)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=3_000, help="of each kind in a round")
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=20_000, help="through the matching engine")
    options = parser.parse_args()
    leave_the_core()
    console.print(f"matching in one process ({load_average()})")
    matched = budget_matching.measure(1_000, 5_000, options.events, options.rounds)
    _print_matched(matched)
    await service(options)


def _print_matched(matched: Matched) -> None:
    table = Table(
        title=f"bench/budget: an event and {matched.budgets:,} budgets",
        caption=f"{matched.per_event:.1f} sums an event, {matched.distinct:.0%} of events unlike any before; "
        + load_average(),
    )
    for column in ("", "CPU µs", "events/s a core", "times the baseline"):
        table.add_column(column, justify="left" if not column else "right")
    slowest = max(matched.seconds.values())
    for name, each in matched.seconds.items():
        table.add_row(name, f"{each * 1e6:,.2f}", f"{1 / each:,.0f}", f"{slowest / each:,.1f}")
    Console(width=120).print(table)


def _print_calls(answered: dict[str, Answered], budgets: int) -> None:
    table = Table(title=f"bench/budget: calls at {budgets:,} budgets", caption=load_average())
    for column in ("", "calls/s", "of empty", "server's CPU µs", "of empty", "p50 at half load", "p99"):
        table.add_column(column, justify="left" if not column else "right")
    empty = answered[NOTHING]
    for name, each in answered.items():
        ratio = statistics.median(a / b for a, b in zip(each.rates, empty.rates, strict=True))
        cpu = statistics.median(b / a for a, b in zip(each.cpu, empty.cpu, strict=True))
        table.add_row(
            name,
            f"{statistics.median(each.rates):,.0f}",
            f"{ratio:.2f}",
            f"{statistics.median(each.cpu) * 1e6:,.0f}",
            f"{cpu:.2f}",
            f"{statistics.median(each.p50) * 1e3:.2f} ms",
            f"{statistics.median(each.p99) * 1e3:.2f} ms",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    run_loop(main())
