"""What a dry run of re-rating takes: events looked through as columns, beside the same as a message for each.

    python -m bench.rerating [--events 100000] [--rounds 3]

A contract lowers the prices of one of three providers, so that some events change and most do not. Both ways take turns
over the same ledger, and must come to the same effect. What counts is processor time, of pricing (this process), of the
ledger and of the engine: it is much the same while others use the machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import psutil
from finops.cost.v1.cost_pb2 import LogPosition
from finops.pricing.v1.pricing_pb2 import RerateEffect
from finops.usage.v1.usage_pb2 import CORRECTION_KIND_CONTRACT_CHANGED, UsageEvent
from rich.console import Console
from rich.table import Table

from bench.bed import Bed, Served, engines, leave_the_core, load_average, served
from bench.ledger_insert import NewLog
from bench.ledger_rows import INCARNATION, LogRecord, batches
from bench.pricing import make_events
from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, SystemClock
from services.common.grpc.client import Channel
from services.common.host import run_loop
from services.common.kafka.record import Batch, Partition
from services.common.settings import ServiceSettings, load
from services.ledger.adapters.metrics import Measures
from services.ledger.adapters.store import ClickHouseEntryStore
from services.ledger.handlers.write import LedgerWriter
from services.pricing.adapters.price_list import load_price_book
from services.pricing.adapters.rerate import GrpcBookedEvents, LocalPricing
from services.pricing.domain.fx import Rates
from services.pricing.domain.rating import Pricer
from services.pricing.domain.rerating import Effects, is_affected
from services.pricing.domain.revisions import revise
from services.pricing.domain.terms import Contract, Percent, Scope
from services.pricing.handlers.ports import Refused
from services.pricing.handlers.rerate import Order, Rerater, Selection, correction_of
from services.pricing.settings import RerateOptions, ShadowOptions

PAGE = 1_000
"""Messages in an answer of the ledger, at most."""
BATCH = 20_000

console = Console(stderr=True)


class _Loaded:
    """This process has all prices there are."""

    def ensure_loaded(self) -> None: ...


class _NoLog:
    """A dry run sends nothing."""

    async def rebook(self, events: Sequence[UsageEvent]) -> None:
        raise AssertionError(f"{len(events)} events sent by a dry run")


@dataclass(frozen=True)
class Took:
    """Seconds of processors, and how many events were looked through."""

    pricing: float
    ledger: float
    engine: float
    events: int

    @property
    def all(self) -> float:
        return self.pricing + self.ledger + self.engine


async def fill(events: Sequence[UsageEvent], pricer: Pricer) -> None:
    """Rates the events and has the ledger write them."""
    clickhouse = ClickHouse(load(ServiceSettings).clickhouse)
    records = [_record(offset, event, pricer) for offset, event in enumerate(events)]
    writer = LedgerWriter(ClickHouseEntryStore(clickhouse), Measures(), 2)
    await writer.assigned([Partition("finops.costs.v1", 0)], NewLog())
    for batch in batches(records, BATCH):
        await writer.process(Batch(batch))
    await clickhouse.stop()


def _record(offset: int, event: UsageEvent, pricer: Pricer) -> LogRecord:
    position = LogPosition(incarnation=INCARNATION, offset=offset)
    record = revise(None, event, pricer.rate(event, event.tenant_id), position)
    return LogRecord(offset, record.SerializeToString(), 0)


class Ways:
    """Both ways to look for what changes."""

    def __init__(self, pricer: Pricer, ledger: Channel, key: str) -> None:
        self._events = GrpcBookedEvents(ledger, key)
        self._pricing = LocalPricing(pricer, _Loaded())  # type: ignore[arg-type]  # A dry run puts no price.
        now = SystemClock().now()
        self._selection = Selection("default", now - 30 * DAY, now + DAY, "", only_unpriced=False)
        self._correction = correction_of(CORRECTION_KIND_CONTRACT_CHANGED, "bench", "bench", now)

    async def messages(self) -> tuple[int, list[RerateEffect]]:
        """A message for each event, priced, and compared with what it was rated as."""
        effects, read, token = Effects(), 0, ""
        while True:
            page = await self._events.page(self._selection, token, PAGE)
            ratings = await self._pricing.rate([record.usage for record in page.events])
            for record, rating in zip(page.events, ratings, strict=True):
                if not isinstance(rating, Refused) and is_affected(record, rating, self._correction.kind):
                    effects.add(record, rating)
            read, token = read + len(page.events), page.next_token
            if not token:
                return read, list(effects.messages())

    async def columns(self) -> tuple[int, list[RerateEffect]]:
        """As `aifinops rerate --dry-run` does it."""
        size = RerateOptions().page_events
        rerater = Rerater(self._events, self._pricing, _NoLog(), SystemClock(), page_events=size)
        order = Order(self._selection, self._correction, dry_run=True)
        last = [progress async for progress in rerater.run(order)][-1]
        return last.events_read, list(last.effects)


async def measure(bed: Bed, ledger: Served, ways: Ways, rounds: int) -> dict[str, Took]:
    """The best of each way's rounds."""
    found: dict[str, list[Took]] = {}
    effects: list[list[RerateEffect]] = []
    for _ in range(rounds):
        for name, way in (("a message for each", ways.messages), ("columns", ways.columns)):
            before = time.process_time(), _used(ledger.pid), _used(bed.clickhouse_pid)
            read, effect = await way()
            after = time.process_time(), _used(ledger.pid), _used(bed.clickhouse_pid)
            pricing, asked, engine = (b - a for a, b in zip(before, after, strict=True))
            found.setdefault(name, []).append(Took(pricing, asked, engine, read))
            effects.append(effect)
    if any(effect != effects[0] for effect in effects):
        raise RuntimeError("the two ways do not come to the same effect")
    changed = sum(effect.events for effect in effects[0])
    console.print(f"  both find the same {changed:,} events to change, by the same amounts")
    return {name: min(took, key=lambda each: each.all) for name, took in found.items()}


def _used(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    leave_the_core()
    pricer = Pricer(load_price_book(), ShadowOptions().prices())
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with engines(Path(scratch)) as bed:
            console.print(f"rating and writing {options.events:,} events ({load_average()})")
            events = make_events(options.events)
            await fill(events, pricer)
            cheaper = Percent(Scope("openai"), Fraction(1, 10))
            pricer.use_contracts([Contract("default", "bench", 0, 0, 0, discounts=(cheaper,))], Rates())
            async with served(bed, "ledger", ["services.allinone.cli", "run", "ledger"]) as ledger:
                channel = Channel(ledger.grpc)
                took = await measure(bed, ledger, Ways(pricer, channel, bed.keys.service), options.rounds)
                await channel.stop()
    _print(took)


def _print(took: dict[str, Took]) -> None:
    table = Table(title="bench/rerating: processor µs an event of a dry run", caption=load_average())
    for column in ("", "pricing", "ledger", "engine", "together", "events/s a core", "times"):
        table.add_column(column, justify="left" if not column else "right")
    base = next(iter(took.values()))
    for name, each in took.items():
        parts = [f"{1e6 * part / each.events:,.2f}" for part in (each.pricing, each.ledger, each.engine, each.all)]
        ratio = (base.all / base.events) / (each.all / each.events)
        table.add_row(name, *parts, f"{each.events / each.all:,.0f}", f"{ratio:,.1f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    run_loop(main())
