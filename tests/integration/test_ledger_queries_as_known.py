"""Figures as the ledger knew them on a past day, on the real engine: no correction, move or redelivery changes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.ledger.v1.ledger_pb2 import CostRow, Granularity, ListCostEntriesRequest, QueryCostsRequest
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, Quantities

from services.common import money
from services.common.clock import DAY, Micros
from services.common.settings import ClickHouseSettings
from tests.integration.ledger_harness import TestLedger, ledger, viewer
from tests.unit.ledger.records import NOON, cost_record

START, END = NOON - NOON % DAY, NOON - NOON % DAY + DAY


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


async def _now(books: TestLedger) -> Micros:
    """A moment by the engine's own clock, behind all that is written and before all that will be."""
    [[at]] = await books.clickhouse.query("SELECT toUnixTimestamp64Micro(now64(6))")
    await asyncio.sleep(0.005)
    return int(at)


async def _rows(books: TestLedger, as_of: Micros, *group_by: str) -> list[CostRow]:
    request = QueryCostsRequest(
        start_unix_micros=START, end_unix_micros=END, group_by=group_by or ["team"], as_of_unix_micros=as_of,
        granularity=Granularity.GRANULARITY_DAY,
    )  # fmt: skip
    answer = await books.queries.query_costs(request, viewer())
    assert answer.read_from == ("entries" if as_of else "rollup_daily")
    return list(answer.rows)


async def _costs(books: TestLedger, as_of: Micros) -> dict[str, tuple[int, int, int]]:
    """Cost, events and input tokens of each team that has any."""
    return {
        row.group[0]: (money.from_proto(row.cost), row.events, row.quantities.input_tokens)
        for row in await _rows(books, as_of)
        if row.events or money.from_proto(row.cost)
    }


def _corrected(kind: CorrectionKind, revision: int, cost: int, delta: int, offset: int, **more: str) -> CostRecord:
    record = cost_record(
        "r", usage_offset=offset, revision=revision, cost_picos=cost, cost_delta_picos=delta, delta=Quantities(), **more
    )
    record.usage.correction.CopyFrom(Correction(kind=kind, author="ann", reason="as the contract says", run_id="run-1"))
    return record


def _history() -> list[CostRecord]:
    """Booked, priced anew, and then moved to another team at yet another price."""
    booked = cost_record("r", usage_offset=0, cost_picos=100)
    dearer = _corrected(CorrectionKind.CORRECTION_KIND_CONTRACT_CHANGED, 2, 130, 30, 1)
    moved = _corrected(CorrectionKind.CORRECTION_KIND_REATTRIBUTION, 3, 120, -10, 2, team="ads")
    moved.previous.CopyFrom(
        Booked(
            usage=dearer.usage, cost_picos=130, list_cost_picos=130, contracted_cost_picos=130, billed_cost_picos=130
        )
    )
    return [booked, dearer, moved]


async def test_every_past_figure_can_be_told_again(books: TestLedger) -> None:
    history, known = _history(), [await _now(books)]
    for count in range(1, len(history) + 1):
        await books.write(*history[:count])
        known.append(await _now(books))
    as_known = [await _costs(books, at) for at in known]
    assert as_known == [
        {},
        {"search": (100, 1, 1_000)},
        {"search": (130, 1, 1_000)},
        {"ads": (120, 1, 1_000)},
    ]
    assert as_known[-1] == await _costs(books, 0), "what is known now is what the rollups say"


async def test_a_block_written_again_changes_no_past_figure(books: TestLedger) -> None:
    history = _history()
    await books.write(*history[:2])
    then = await _now(books)
    await books.write(*history)
    # The same records from another life of the log, so under other tokens: the tables hold them twice until a merge.
    await books.clickhouse.command("SYSTEM STOP MERGES cost_entries")
    await books.write(*history, incarnation="life-2")
    figures = await books.figures()
    assert figures["entries as stored"] != figures["entries"]
    for merged in (False, True):
        if merged:
            await books.clickhouse.command("SYSTEM START MERGES cost_entries")
            await books.clickhouse.command("OPTIMIZE TABLE cost_entries FINAL")
        assert await _costs(books, then) == {"search": (130, 1, 1_000)}
        assert await _costs(books, await _now(books)) == {"ads": (120, 1, 1_000)}
    assert await _listed(books, "", as_of=then) == [2, 1]


async def _listed(books: TestLedger, condition: str, as_of: Micros = 0) -> list[int]:
    request = ListCostEntriesRequest(
        start_unix_micros=START, end_unix_micros=END, filter=condition, as_of_unix_micros=as_of, page_size=1
    )
    revisions: list[int] = []
    while True:
        page = await books.queries.list_entries(request, viewer())
        revisions += [entry.revision for entry in page.entries]
        request.page_token = page.next_page_token
        if not request.page_token:
            return revisions


async def test_each_correction_is_listed_with_who_and_why(books: TestLedger) -> None:
    history = _history()
    await books.write(*history)
    request = ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END)
    entries = list((await books.queries.list_entries(request, viewer())).entries)
    assert entries == history[::-1]
    assert (entries[0].usage.correction.author, entries[0].previous.usage.team) == ("ann", "search")


async def test_an_event_that_left_is_listed_where_it_was_until_then(books: TestLedger) -> None:
    history = _history()
    await books.write(*history[:2])
    then = await _now(books)
    await books.write(*history)
    assert await _listed(books, 'team = "search"') == [3, 2, 1]
    assert await _listed(books, 'team = "ads"') == [3]
    assert await _listed(books, "") == [3, 2, 1]
    assert await _listed(books, 'team = "search"', as_of=then) == [2, 1]
    assert await _listed(books, 'team = "ads"', as_of=then) == []
