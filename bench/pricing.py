"""What a price costs: an event in one process and through gRPC, beside genai-prices and litellm on the same events.

    python -m bench.pricing [--events 20000] [--rounds 7]

The contenders take turns; of each the round that took least counts: of processor time in one process, of the clock's
through gRPC, whose client and server have a core each. Columns are what a columnar store hands out, as re-rating gets
them from the ledger; what it takes to make them out of messages is not in that line, and all of it is in the others.
Ratios mean something on any machine; absolute figures stand beside them.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Else litellm asks the internet for its prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import numpy as np
from finops.usage.v1.usage_pb2 import Quantities, UsageEvent
from genai_prices import Usage, calc_price
from rich.console import Console
from rich.table import Table

from bench.bed import Bed, engines, leave_the_core, load_average, served
from services.common.clock import to_micros
from services.common.dimensions import BUCKETS
from services.common.grpc.client import Channel
from services.common.host import run_loop
from services.common.money import PICOS_PER_DOLLAR
from services.pricing.adapters.peers import GrpcPricing
from services.pricing.adapters.price_list import load_price_book
from services.pricing.domain.batches import price_all
from services.pricing.domain.columns import Columns, Ints, price_columns
from services.pricing.domain.rating import Kind, Pricer, read_quantities
from services.pricing.settings import ShadowOptions

BATCH = 2_000
"""Events in a call: what the rater takes at a time."""

MODELS = (
    ("openai", "gpt-4o", 3),
    ("openai", "gpt-4o-mini", 3),
    ("openai", "gpt-5", 3),
    ("anthropic", "claude-sonnet-4-5", 4),
    ("anthropic", "claude-haiku-4-5", 2),
    ("google", "gemini-2.5-pro", 2),
    ("google", "gemini-2.5-flash", 2),
)
"""Models that all three know, and how often each is used."""

SLOW = 50
"""The others price one event in so many: they take that much longer."""

console = Console(stderr=True)


@dataclass(frozen=True)
class Theirs:
    """An event as the others take it."""

    model: str
    provider: str
    time: datetime
    prompt: int
    cache_read: int
    cache_write: int
    output: int


@dataclass(frozen=True)
class Columnar:
    """The same events as they come from a columnar store: a number for each kind, numbers for all else."""

    kinds: Sequence[Kind]
    kind: Ints
    times: Ints
    quantities: Columns


def as_columns(events: Sequence[UsageEvent]) -> Columnar:
    """Not part of what is measured: whoever prices columns has columns."""
    each = [(e.provider, e.model, e.service_tier, e.batch, e.region) for e in events]
    kinds = sorted(set(each))
    place = {kind: number for number, kind in enumerate(kinds)}
    used = np.array([read_quantities(event.quantities) for event in events], dtype=np.int64)
    return Columnar(
        kinds,
        np.array([place[kind] for kind in each]),
        np.array([event.time_unix_micros for event in events]),
        {bucket: column.copy() for bucket, column in zip(BUCKETS, used.T, strict=True) if column.any()},
    )


def make_events(count: int) -> list[UsageEvent]:
    """Chat requests of the last week: no two the same, most with a cache, each as full as ingest makes them."""
    chance = random.Random(1)
    now = datetime.now(UTC)
    providers_and_models = [(provider, model) for provider, model, _ in MODELS]
    weights = [weight for _, _, weight in MODELS]
    return [_event(number, chance, now, *chance.choices(providers_and_models, weights)[0]) for number in range(count)]


def _event(number: int, chance: random.Random, now: datetime, provider: str, model: str) -> UsageEvent:
    cached = chance.random() < 0.7
    return UsageEvent(
        event_key=number.to_bytes(16),
        content_hash=number.to_bytes(16),
        tenant_id="default",
        source="checkout-api",
        source_event_id=f"chatcmpl-{number}",
        time_unix_micros=to_micros(now - timedelta(seconds=chance.randrange(7 * 86_400))),
        provider=provider,
        model=model,
        tool="openai-api",
        team=f"team-{number % 12}",
        user=f"user-{number % 500}@example.com",
        project="ranker",
        key="prod-key-1",
        environment="prod",
        tags={"feature": "answers"},
        quantities=Quantities(
            input_tokens=chance.randrange(20, 8_000),
            cache_read_tokens=chance.randrange(1_024, 60_000) if cached else 0,
            cache_write_tokens=chance.randrange(1_024, 8_000) if cached and provider == "anthropic" else 0,
            output_tokens=chance.randrange(1, 2_000),
            requests=1,
        ),
    )


def as_others_take_it(event: UsageEvent) -> Theirs:
    """Their prompt holds what was cached too."""
    used = event.quantities
    return Theirs(
        model=event.model,
        provider=event.provider,
        time=datetime.fromtimestamp(event.time_unix_micros / 1e6, UTC),
        prompt=used.input_tokens + used.cache_read_tokens + used.cache_write_tokens,
        cache_read=used.cache_read_tokens,
        cache_write=used.cache_write_tokens,
        output=used.output_tokens,
    )


def genai_prices(event: Theirs) -> float:
    """Dollars by genai-prices' own calculation."""
    usage = Usage(
        input_tokens=event.prompt,
        cache_read_tokens=event.cache_read,
        cache_write_tokens=event.cache_write,
        output_tokens=event.output,
    )
    price = calc_price(usage, event.model, provider_id=event.provider, genai_request_timestamp=event.time)
    return float(price.total_price)


def cost_per_token(event: Theirs) -> float:
    """Dollars by litellm from counts of tokens."""
    prompt, completion = litellm.cost_per_token(
        model=event.model,
        custom_llm_provider="gemini" if event.provider == "google" else event.provider,
        prompt_tokens=event.prompt,
        completion_tokens=event.output,
        cache_read_input_tokens=event.cache_read,
        cache_creation_input_tokens=event.cache_write,
    )
    return float(prompt + completion)


def completion_cost(event: Theirs) -> float:
    """Dollars by litellm from a response, which is how its callbacks and its proxy do it."""
    response: dict[str, Any] = {
        "model": event.model,
        "usage": {
            "prompt_tokens": event.prompt,
            "completion_tokens": event.output,
            "total_tokens": event.prompt + event.output,
            "prompt_tokens_details": {"cached_tokens": event.cache_read},
            "cache_read_input_tokens": event.cache_read,
            "cache_creation_input_tokens": event.cache_write,
        },
    }
    provider = "gemini" if event.provider == "google" else event.provider
    cost: float = litellm.completion_cost(response, model=event.model, custom_llm_provider=provider)
    return cost


def in_process(events: Sequence[UsageEvent], rounds: int) -> dict[str, float]:
    """Seconds an event takes, by contender."""
    pricer = Pricer(load_price_book(), ShadowOptions().prices())
    rate, price = pricer.rate, pricer.price
    fewer = [as_others_take_it(event) for event in events[::SLOW]]
    table = as_columns(events)
    _compare(pricer, events[::SLOW], fewer)
    _compare_columns(pricer, events, table)

    def ratings() -> int:
        for event in events:
            rate(event, "default")
        return len(events)

    def costs() -> int:
        for event in events:
            price(event, "default")
        return len(events)

    def batches() -> int:
        for start in range(0, len(events), BATCH):
            price_all(pricer, events[start : start + BATCH])
        return len(events)

    def columns() -> int:
        _price_table(pricer, table)
        return len(events)

    def others(contender: Callable[[Theirs], float]) -> Callable[[], int]:
        def run() -> int:
            for event in fewer:
                contender(event)
            return len(fewer)

        return run

    contenders = {
        "price_columns: costs, of columns made before": columns,
        f"price_all: costs of {BATCH:,}": batches,
        "Pricer.price: the cost": costs,
        "Pricer.rate: every line": ratings,
        "genai-prices: calc_price": others(genai_prices),
        "litellm: cost_per_token": others(cost_per_token),
        "litellm: completion_cost": others(completion_cost),
    }
    best = dict.fromkeys(contenders, float("inf"))
    gc.disable()
    for _ in range(rounds):
        for name, run in contenders.items():
            started = time.process_time()
            count = run()
            best[name] = min(best[name], (time.process_time() - started) / count)
        gc.collect()
    gc.enable()
    return best


def _price_table(pricer: Pricer, table: Columnar) -> Ints:
    """What each costs; sorting by kind included, and every line's amount."""
    costs = np.full(len(table.times), -1)
    for number, kind in enumerate(table.kinds):
        rows = np.flatnonzero(table.kind == number)
        used = {bucket: column[rows] for bucket, column in table.quantities.items()}
        for some in price_columns(pricer, "default", kind, table.times[rows], used).alike:
            costs[rows[some.rows]] = some.costs
    return costs


def _compare_columns(pricer: Pricer, events: Sequence[UsageEvent], table: Columnar) -> None:
    found = _price_table(pricer, table).tolist()
    same = sum(cost == pricer.price(event, "default").cost for cost, event in zip(found, events, strict=True))
    console.print(f"  price_columns agrees with Pricer.price on {same:,} of {len(events):,} events to the picodollar")


def _compare(pricer: Pricer, events: Sequence[UsageEvent], others: Sequence[Theirs]) -> None:
    """Says how far the contenders agree: a fast wrong price is worth nothing."""
    ours = [pricer.price(event, "default").cost / PICOS_PER_DOLLAR for event in events]
    for name, contender in (("calc_price", genai_prices), ("cost_per_token", cost_per_token)):
        same = sum(abs(cost - contender(other)) <= 1e-9 * cost for cost, other in zip(ours, others, strict=True))
        console.print(f"  {name} agrees on {same} of {len(ours)} events to nine digits")


async def over_grpc(bed: Bed, events: Sequence[UsageEvent], rounds: int) -> float:
    """Seconds an event takes from message to rating through PriceBatch, both sides' work included."""
    command = ["services.allinone.cli", "run", "pricing"]
    async with served(bed, "pricing", command, AIFINOPS_PRICING__RATER="false") as server:
        channel = Channel(server.grpc)
        pricing = GrpcPricing(channel, bed.keys.service)

        async def all_of_them() -> None:
            for start in range(0, len(events), BATCH):
                await pricing.rate(events[start : start + BATCH])

        best = await _best(all_of_them, rounds)
        await channel.stop()
    return best / len(events)


async def _best(run: Callable[[], Awaitable[None]], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        await run()
        best = min(best, time.perf_counter() - started)
    return best


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    leave_the_core()
    events = make_events(options.events)
    console.print(f"in one process ({load_average()})")
    seconds = in_process(events, options.rounds)
    console.print("through gRPC")
    with tempfile.TemporaryDirectory(prefix="aifinops-bench-") as scratch:
        async with engines(Path(scratch)) as bed:
            seconds[f"PriceBatch of {BATCH:,}, gRPC"] = await over_grpc(bed, events, options.rounds)
    _print(seconds)


def _print(seconds: dict[str, float]) -> None:
    baselines = [name for name in seconds if name.startswith(("genai", "litellm"))]
    table = Table(title="bench/pricing: an event, and how many times faster", caption=load_average())
    for column in ("", "µs", *(f"x {name.split()[-1]}" for name in baselines)):
        table.add_column(column, justify="left" if not column else "right")
    for name, each in seconds.items():
        ratios = [f"{seconds[baseline] / each:,.1f}" for baseline in baselines]
        table.add_row(name, f"{each * 1e6:,.2f}", *ratios)
    Console(width=120).print(table)


if __name__ == "__main__":
    run_loop(main())
