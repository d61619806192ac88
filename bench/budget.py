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
import random
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import budget_matching, grpc_load
from bench.bed import Served, cpu_seconds, leave_the_core, load_average, quantile, resident_bytes
from bench.budget_bed import forecast, settled, stage
from bench.budget_calls import AT_ONCE, NOTHING, RESERVE, ask, calls, every_status, print_calls
from bench.budget_events import definition_writes, event_to_status, until
from bench.budget_matching import Matched
from bench.budget_world import Company, definitions
from services.common.clock import SystemClock
from services.common.host import run_loop

ALL = "budgets/b-0"
"""Its filter is empty and it has no members: it counts every event."""
IDLE_SECONDS, IDLE_SHARE = 5, 0.12
"""It has nothing left to do once it used less than this share of a core for so long."""

console = Console(stderr=True)


async def _idle(server: Served) -> None:
    """Waits until the service has nothing left to do."""
    quiet = 0
    while quiet < IDLE_SECONDS:
        before = cpu_seconds(server.pid)
        await asyncio.sleep(1)
        used = cpu_seconds(server.pid) - before
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
                await until(on, server, ALL, 0)
                await settled(server, options.budgets)
                built = time.perf_counter() - started, cpu_seconds(server.pid)
                console.print(
                    f"{options.budgets:,} budgets rebuilt in {built[0]:.0f} s, {built[1]:.0f} CPU s of the service"
                )
                console.print(f"one event of each of {options.members:,} members ({load_average()})")
                chance = random.Random(5)
                now = SystemClock().now()
                started = time.perf_counter()
                before = cpu_seconds(server.pid)
                await on.feed.send([company.usage(chance, user, now) for user in range(options.members)])
                await until(on, server, ALL, options.members)
                fed = (
                    options.members / (time.perf_counter() - started),
                    (cpu_seconds(server.pid) - before) / options.members,
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
                # Reservations by themselves: each changes how its budgets stand.
                reserving = {name: asked[name] for name in (NOTHING, RESERVE)}
                telling = {name: each for name, each in asked.items() if name != RESERVE}
                answered = await ask(server, telling, options.calls, options.rounds)
                reserved = await ask(server, reserving, options.calls, options.rounds)
                console.print(f"event to status ({load_average()})")
                latencies = await event_to_status(on, server, company, options.rate, options.seconds)
                console.print(f"definition writes ({load_average()})")
                writes, checks = await definition_writes(on, server, 20)
                memory = resident_bytes(server.pid)
            console.print(f"start ({load_average()})")
            events = sum(on.feed.written.values())
            started = time.perf_counter()
            async with on.service() as server:
                ready = time.perf_counter() - started
                await until(on, server, ALL, events)
                whole = time.perf_counter() - started
                fresh = resident_bytes(server.pid)
    print_calls(answered, options.budgets)
    print_calls(reserved, options.budgets)
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


if __name__ == "__main__":
    run_loop(main())
