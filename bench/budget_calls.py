"""What a gateway asks of the budget service, beside an empty call of the same server."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from finops.budget.v1 import budget_pb2 as pb
from rich.console import Console
from rich.table import Table

from bench import budget_process, grpc_load
from bench.bed import Served, cpu_seconds, load_average, quantile
from bench.budget_world import COST, Company
from bench.grpc_load import Calls
from services.common import money
from services.common.clock import SystemClock

AT_ONCE = 16
"""Calls under way at a time, where the rate is measured."""
NOTHING = "empty call"
RESERVE = "Reserve"

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
        RESERVE: Calls(f"{service}/Reserve", headers, [request.SerializeToString() for request in reserves]),
    }  # fmt: skip


def every_status(key: str, budgets: int) -> Calls:
    """The status of each budget."""
    requests = [pb.GetBudgetStatusRequest(name=f"budgets/b-{number}") for number in range(budgets)]
    return Calls(
        f"/{pb.DESCRIPTOR.package}.BudgetService/GetBudgetStatus",
        {"authorization": f"Bearer {key}"},
        [request.SerializeToString() for request in requests],
    )


async def ask(server: Served, asked: Mapping[str, Calls], count: int, rounds: int) -> Mapping[str, Answered]:
    """Rates, and latencies at half of them. A first round, which fills what is remembered, does not count."""
    found = {name: Answered() for name in asked}
    for number in range(rounds + 1):
        for name, each in asked.items():
            first = 2 * count * number
            before = cpu_seconds(server.pid)
            full = await grpc_load.as_fast_as_answered(server.grpc, each, count, at_once=AT_ONCE, first=first)
            used = cpu_seconds(server.pid) - before
            console.print(f"  {number} {name}: {full.rate:,.0f}/s   ", end="\r")
            half = await grpc_load.steadily(server.grpc, each, full.rate / 2, count // 2, first=first + count)
            if number:
                answered = found[name]
                answered.rates.append(full.rate)
                answered.cpu.append(used / count)
                answered.p50.append(quantile(half.latencies, 0.5))
                answered.p99.append(quantile(half.latencies, 0.99))
    return found


def print_calls(answered: Mapping[str, Answered], budgets: int) -> None:
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
