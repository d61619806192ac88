"""A dashboard's queries on millions of events, and how fast cost records become rows.

    python -m bench.ledger [--events 50000000] [--runs 20] [--records 200000]

The engine makes the events itself (bench/ledger_rows.py): three tenants, each with ten times the data of the one
before. The queries go to a ledger service over gRPC. Beside them stand the same sums read in other ways.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from finops.ledger.v1.ledger_pb2 import Granularity, QueryCostsRequest, ReconcileBillRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from rich.console import Console
from rich.table import Table

from bench import ledger_insert, ledger_rows
from bench.bed import Bed, engines, load_average, quantile, served
from bench.ledger_insert import Inserted
from bench.ledger_rows import DAYS, TENANTS
from services.allinone.engines.embedded import BROKER_PARTITIONS
from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, HOUR, Micros, SystemClock
from services.common.grpc.client import Channel, call
from services.common.host import run_loop
from services.common.settings import ServiceSettings, load

BILLED_DAYS = 7

PARTITIONS = BROKER_PARTITIONS
"""Of the log in the measurement of inserts: a batch is as many blocks."""

console = Console(stderr=True)

Times = dict[str, dict[str, list[float]]]
"""Seconds, sorted, by what was asked and tenant."""

_WHERE = "tenant_id = {tenant:String} AND measurement = 'metered'"
_STARTS, _ENDS = (f"fromUnixTimestamp64Micro({{{bound}:Int64}}, 'UTC')" for bound in ("start", "end"))
_WAYS = {
    "daily rollup": "SELECT team, sum(cost_picos) FROM costs_daily WHERE {where} GROUP BY team",
    "hourly rollup": "SELECT team, sum(cost_picos) FROM costs_hourly WHERE {where} GROUP BY team",
    "entries, FINAL": "SELECT team, sum(toInt128(cost_picos_delta)) FROM cost_entries FINAL WHERE {where} "
    "GROUP BY team",
    "entries, argMax": "SELECT team, sum(toInt128(cost)) FROM (SELECT argMax(team, precedence) AS team, "
    "argMax(cost_picos_delta, precedence) AS cost FROM cost_entries WHERE {where} "
    "GROUP BY event_key, revision, reversal) GROUP BY team SETTINGS max_bytes_before_external_group_by = 4000000000",
    "entries as they are": "SELECT team, sum(toInt128(cost_picos_delta)) FROM cost_entries WHERE {where} GROUP BY team",
}
"""Thirty days by team, read in different ways; the last counts what was written twice twice."""


async def fill(clickhouse: ClickHouse, events: int, end: Micros) -> float:
    """Makes the events, and waits until the engine has merged what it merges by itself; seconds of the first."""
    started = time.perf_counter()
    for first, count in ledger_rows.chunks(events):
        await clickhouse.command(*ledger_rows.fill(first, count, events, end))
        console.print(f"  {first + count:,} of {events:,} after {time.perf_counter() - started:.0f} s", end="\r")
    console.print()
    await clickhouse.command(ledger_rows.REPORT, {"start": end - BILLED_DAYS * DAY})
    filled = time.perf_counter() - started
    deadline = time.perf_counter() + 120
    while (await clickhouse.query("SELECT count() FROM system.merges"))[0][0] and time.perf_counter() < deadline:
        await asyncio.sleep(1)
    return filled


def dashboard(end: Micros, known: Micros) -> dict[str, list[QueryCostsRequest]]:
    """What a page asks, as the requests it takes; `known`: when all was written."""

    def ask(start: Micros, until: Micros, **fields: Any) -> QueryCostsRequest:
        fields.setdefault("granularity", Granularity.GRANULARITY_TOTAL)
        return QueryCostsRequest(start_unix_micros=start, end_unix_micros=until, **fields)

    month, before = end - 30 * DAY, end - 60 * DAY
    by_day = Granularity.GRANULARITY_DAY
    return {
        "30 days by team": [ask(month, end, group_by=["team"])],
        "30 days by model, each day": [ask(month, end, group_by=["model"], granularity=by_day)],
        "30 days, ten top users": [ask(month, end, group_by=["user"], limit=10)],
        "30 days by team, and the 30 before": [
            ask(month, end, group_by=["team"]), ask(before, month, group_by=["team"]),
        ],
        "30 days by team and model, one provider": [
            ask(month, end, group_by=["team", "model"], filter='provider = "provider-1"'),
        ],
        "90 days by team, each week": [
            ask(end - DAYS * DAY, end, group_by=["team"], granularity=Granularity.GRANULARITY_WEEK),
        ],
        "30 days by team, each day in Berlin": [
            ask(month, end, group_by=["team"], granularity=by_day, time_zone="Europe/Berlin"),
        ],
        "7 days by team, each hour": [
            ask(end - 7 * DAY, end, group_by=["team"], granularity=Granularity.GRANULARITY_HOUR),
        ],
        "30 days by team, what a request and a user cost": [ask(month, end, group_by=["team"], unit_costs=True)],
        "1 day by team, half-hour zone (entries)": [
            ask(end - 3 * DAY // 2 - HOUR // 2, end - DAY // 2 - HOUR // 2, group_by=["team"]),
        ],
        "1 day by team, as known a moment ago": [ask(end - DAY, end, group_by=["team"], as_of_unix_micros=known)],
        "30 days by team, as known a moment ago": [ask(month, end, group_by=["team"], as_of_unix_micros=known)],
    }  # fmt: skip


async def queries(bed: Bed, end: Micros, runs: int) -> tuple[Times, dict[str, str]]:
    """Asks the service, tenants in turn; also where each answer was read from."""
    times: Times = {}
    read_from: dict[str, str] = {}
    async with served(bed, "ledger", ["services.allinone.cli", "run", "ledger"]) as server:
        channel = Channel(server.grpc)
        stub = LedgerServiceStub(channel.channel())
        for name, requests in dashboard(end, SystemClock().now()).items():

            async def ask(tenant: str, name: str = name, requests: Sequence[QueryCostsRequest] = requests) -> None:
                answers = await asyncio.gather(
                    *(
                        call(stub.QueryCosts, request, key=bed.keys.service, tenant_id=tenant, timeout_seconds=60)
                        for request in requests
                    )
                )
                if not all(answer.rows for answer in answers):
                    raise RuntimeError(f"{name}: no rows for {tenant}")
                read_from[name] = answers[0].read_from

            times[name] = await _repeat(ask, runs)

        async def reconcile(tenant: str) -> None:
            request = ReconcileBillRequest(start_unix_micros=end - BILLED_DAYS * DAY, end_unix_micros=end)
            answer = await call(stub.ReconcileBill, request, key=bed.keys.service, tenant_id=tenant, timeout_seconds=60)
            if not any(line.HasField("reported") for line in answer.lines):
                raise RuntimeError(f"nothing of {tenant} is compared with a bill")

        name = f"{BILLED_DAYS} days against the bill"
        times[name], read_from[name] = await _repeat(reconcile, runs), "rollup and entries"
        await channel.stop()
    return times, read_from


async def ways_of_reading(clickhouse: ClickHouse, end: Micros, runs: int) -> Times:
    """The same sums from rollups and from entries."""
    times: Times = {}
    for name, text in _WAYS.items():
        column = "time" if "cost_entries" in text else "start"
        sql = text.replace("{where}", f"{_WHERE} AND {column} >= {_STARTS} AND {column} < {_ENDS}")

        async def ask(tenant: str, sql: str = sql) -> None:
            await clickhouse.query(sql, {"tenant": tenant, "start": end - 30 * DAY, "end": end})

        times[name] = await _repeat(ask, runs)
    return times


async def _repeat(ask: Callable[[str], Awaitable[None]], runs: int) -> dict[str, list[float]]:
    """The first answer, which fills the caches, does not count."""
    seconds: dict[str, list[float]] = {tenant: [] for tenant in TENANTS}
    for run in range(runs + 1):
        for tenant, found in seconds.items():
            started = time.perf_counter()
            await ask(tenant)
            if run:
                found.append(time.perf_counter() - started)
    return {tenant: sorted(found) for tenant, found in seconds.items()}


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--records", type=int, default=200_000)
    options = parser.parse_args()
    end = SystemClock().now() // DAY * DAY
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with engines(Path(scratch)) as bed:
            settings = load(ServiceSettings).clickhouse
            console.print(f"{options.records:,} records through the writer ({load_average()})")
            records = ledger_rows.cost_records(options.records, PARTITIONS, end)
            inserted = await ledger_insert.measure(settings, bed.clickhouse_pid, records)
            del records
            _print_inserts(inserted)
            console.print(f"{options.events:,} events ({load_average()})")
            clickhouse = ClickHouse(settings)
            filled = await fill(clickhouse, options.events, end)
            sizes = await _sizes(clickhouse)
            console.print(f"queries ({load_average()})")
            times, read_from = await queries(bed, end, options.runs)
            _print_times(f"bench/ledger: QueryCosts over gRPC, {options.events:,} events", times, read_from)
            few = max(3, options.runs // 6)
            ways = await ways_of_reading(clickhouse, end, few)
            _print_times(f"Thirty days by team, read in different ways, {few} times", ways, {})
            await clickhouse.stop()
            disk = sum(file.stat().st_size for file in (Path(scratch) / "clickhouse").rglob("*") if file.is_file())
    Console().print(f"made in {filled:,.0f} s; rows: {sizes}; {disk / 1e9:.1f} GB on disk")


async def _sizes(clickhouse: ClickHouse) -> str:
    tables = ("cost_entries", "event_index", "costs_hourly", "costs_daily")
    counts = [(await clickhouse.query(f"SELECT count() FROM {table}"))[0][0] for table in tables]
    return ", ".join(f"{table} {count:,}" for table, count in zip(tables, counts, strict=True))


def _print_inserts(inserted: dict[str, Inserted]) -> None:
    table = Table(title="bench/ledger: cost records into the ledger", caption=load_average())
    for column in ("", "records/s", "ratio", "records/s a core", "our µs", "engine's µs"):
        table.add_column(column, justify="left" if not column else "right")
    reached = next(iter(inserted.values()))
    for name, each in inserted.items():
        table.add_row(
            name,
            f"{1 / each.elapsed:,.0f}",
            f"{each.elapsed / reached.elapsed:.2f}",
            f"{each.a_core:,.0f}",
            f"{each.ours * 1e6:.1f}",
            f"{each.engines * 1e6:.1f}",
        )
    Console(width=120).print(table)


def _print_times(title: str, times: Times, read_from: dict[str, str]) -> None:
    table = Table(title=f"{title}: ms, p50 / p95", caption=load_average())
    origin = ["read from"] if read_from else []
    for column in ("", *TENANTS, "small : medium", "large : medium", *origin):
        table.add_column(column, justify="left" if not column else "right")
    for name, tenants in times.items():
        half, most = ({t: quantile(found, q) * 1e3 for t, found in tenants.items()} for q in (0.5, 0.95))
        cells = [f"{half[tenant]:,.0f} / {most[tenant]:,.0f}" for tenant in tenants]
        ratios = [f"{most[tenant] / most['medium']:.2f}" for tenant in ("small", "large")]
        table.add_row(name, *cells, *ratios, *([read_from[name]] if read_from else []))
    Console(width=120).print(table)


if __name__ == "__main__":
    run_loop(main())
