"""The way from an event to a budget's status, and what a changed definition costs."""

from __future__ import annotations

import asyncio
import time

from finops.budget.v1 import budget_pb2 as pb
from finops.budget.v1.budget_pb2_grpc import BudgetServiceStub

from bench.bed import Served
from bench.budget_bed import Stage
from bench.budget_world import COST, Company
from services.common import money
from services.common.clock import SystemClock
from services.common.grpc.client import Channel, call

PROBES = "probe"
PROBE_EVERY = 20
TICK_SECONDS = 0.02
PATIENCE_SECONDS = 60
"""For calls that are not measured: others may have the machine."""


async def event_to_status(on: Stage, server: Served, company: Company, rate: int, seconds: int) -> list[float]:
    """Seconds from handing a cost record to Kafka to its budget's status showing it, sorted; at `rate` a second.

    One record in twenty is a probe, which a budget of its own counts. All cost the same, so the status tells how many
    it has seen: the n-th sent is matched with the n-th seen.
    """
    await _ask(on, server, "CreateBudget", pb.CreateBudgetRequest(budget_id=PROBES, budget=_probes()))
    await until(on, server, f"budgets/{PROBES}", 0)
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


async def until(on: Stage, server: Served, name: str, events: int) -> None:
    """Waits until a budget's sum is whole and shows so many events."""
    while True:
        answer = await _ask(on, server, "GetBudgetStatus", pb.GetBudgetStatusRequest(name=name))
        assert isinstance(answer, pb.GetBudgetStatusResponse)
        if not answer.status.rebuilding and money.from_proto(answer.status.actual) == events * COST:
            return
        await asyncio.sleep(0.05)
