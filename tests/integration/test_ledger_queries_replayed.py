"""As-of figures of random histories: each equals what a plain sum over the records written by then says."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.ledger.v1.ledger_pb2 import Granularity, QueryCostsRequest
from finops.usage.v1.usage_pb2 import Quantities

from services.common import money
from services.common.clock import DAY, HOUR, Micros
from services.common.postings import postings
from services.common.settings import ClickHouseSettings
from tests.integration.ledger_harness import TestLedger, ledger, viewer
from tests.unit.ledger.records import NOON, cost_record

START, END = NOON - NOON % DAY, NOON - NOON % DAY + DAY
TEAMS = ("ads", "growth", "search")

Figures = dict[tuple[str, Micros], tuple[int, int, int]]
"""Cost, events and output tokens of each team in each hour that has any."""


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


def _history(chosen: random.Random, records: int) -> list[CostRecord]:
    """New events, and revisions of earlier ones: at another price, with other quantities, perhaps in another team."""
    latest: list[CostRecord] = []
    history: list[CostRecord] = []
    for offset in range(records):
        cost, output = chosen.randrange(10**9), chosen.randrange(1_000)
        if not latest or chosen.random() < 0.4:
            record = cost_record(
                f"r{offset}", usage_offset=offset, time=START + chosen.randrange(24) * HOUR, cost_picos=cost,
                team=chosen.choice(TEAMS), quantities=Quantities(output_tokens=output),
            )  # fmt: skip
            latest.append(record)
        else:
            place = chosen.randrange(len(latest))
            before = latest[place]
            was = before.usage.quantities.output_tokens
            record = cost_record(
                before.usage.source_event_id, usage_offset=offset, time=before.usage.time_unix_micros,
                revision=before.revision + 1, cost_picos=cost, cost_delta_picos=cost - before.rating.cost_picos,
                team=chosen.choice([before.usage.team, *TEAMS]), quantities=Quantities(output_tokens=output),
                delta=Quantities(output_tokens=output - was),
            )  # fmt: skip
            if record.usage.team != before.usage.team:
                booked = before.rating.cost_picos
                record.previous.CopyFrom(Booked(usage=before.usage, cost_picos=booked, list_cost_picos=booked))
            latest[place] = record
        history.append(record)
    return history


def _summed(records: Sequence[CostRecord]) -> Figures:
    sums: dict[tuple[str, Micros], list[int]] = defaultdict(lambda: [0, 0, 0])
    for record in records:
        for posting in postings(record):
            entry = sums[posting.usage.team, posting.usage.time_unix_micros]
            entry[0] += posting.cost_delta_picos
            entry[1] += posting.events_delta
            entry[2] += posting.quantity_delta.output_tokens
    return {place: (cost, events, output) for place, (cost, events, output) in sums.items() if cost or events or output}


async def _figures(books: TestLedger, as_of: Micros) -> Figures:
    request = QueryCostsRequest(
        start_unix_micros=START, end_unix_micros=END, group_by=["team"], as_of_unix_micros=as_of,
        granularity=Granularity.GRANULARITY_HOUR,
    )  # fmt: skip
    found = {
        (row.group[0], row.time_unix_micros): (money.from_proto(row.cost), row.events, row.quantities.output_tokens)
        for row in (await books.queries.query_costs(request, viewer())).rows
    }
    return {place: figures for place, figures in found.items() if any(figures)}


@pytest.mark.parametrize("seed", range(4))
async def test_any_moment_can_be_told_again(books: TestLedger, seed: int) -> None:
    chosen = random.Random(seed)
    history = _history(chosen, 120)
    log = [record.SerializeToString() for record in history]
    known: list[tuple[Micros, int]] = []
    cut = 0
    while cut < len(log):
        cut = min(len(log), cut + chosen.randrange(1, 30))
        # Each time another writer takes the partition over where the last one stopped.
        await books.consume({0: log[:cut]}, [chosen.randrange(1, 20)])
        [[at]] = await books.clickhouse.query("SELECT toUnixTimestamp64Micro(now64(6))")
        known.append((int(at), cut))
        await asyncio.sleep(0.005)
    # All of it once more, under other tokens, and merged or not as the engine pleases.
    await books.consume({0: log}, [17], incarnation="life-2")
    for at, through in known:
        assert await _figures(books, at) == _summed(history[:through])
    assert await _figures(books, known[0][0] - DAY) == {}
