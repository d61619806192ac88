"""Rows that expire: sums stay, answers say what they lack, and `reconcile` does not take the past for an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from finops.ledger.v1.ledger_pb2 import QueryCostsRequest, QueryCostsResponse

from services.common import money
from services.common.clock import DAY, Micros, SystemClock
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.retention import ClickHouseRetention
from services.ledger.domain.query import ReadFrom
from services.ledger.handlers.reconcile import reconcile
from tests.integration.ledger_harness import TestLedger, ledger, viewer
from tests.unit.ledger.records import cost_record

TODAY = SystemClock().now() // DAY * DAY
OLD = TODAY - 60 * DAY
KEEP_30 = {ReadFrom.ENTRIES: 30, ReadFrom.HOURLY: 0, ReadFrom.DAILY: 0}


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


async def _entries(books: TestLedger, count: int) -> int:
    """Entries once there are so many, or after ten seconds."""
    found = -1
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while found != count:
                await books.clickhouse.command("OPTIMIZE TABLE cost_entries FINAL")
                [[found]] = await books.clickhouse.query("SELECT count() FROM cost_entries")
    return found


async def _ask(books: TestLedger, start: Micros, end: Micros) -> QueryCostsResponse:
    return await books.queries.query_costs(QueryCostsRequest(start_unix_micros=start, end_unix_micros=end), viewer())


def _cost(answer: QueryCostsResponse) -> int:
    return sum(money.from_proto(row.cost) for row in answer.rows)


async def test_sums_stay_when_entries_expire_and_reconcile_leaves_them(books: TestLedger) -> None:
    await books.write(
        cost_record("old", usage_offset=0, time=OLD + 5, cost_picos=7),
        cost_record("new", usage_offset=1, time=TODAY - DAY + 5, cost_picos=5),
    )
    retention = ClickHouseRetention(books.clickhouse)
    assert await retention.apply(KEEP_30) == [ReadFrom.ENTRIES]
    assert await retention.apply(KEEP_30) == [], "told once"
    assert await _entries(books, 1) == 1
    whole = await _ask(books, OLD, TODAY)
    assert (_cost(whole), whole.read_from, whole.complete_from_unix_micros) == (12, "rollup_daily", 0)
    lacking = await _ask(books, OLD, TODAY - 1)
    assert (_cost(lacking), lacking.read_from) == (5, "entries")
    assert TODAY - 30 * DAY <= lacking.complete_from_unix_micros <= TODAY - 29 * DAY
    assert (await _ask(books, TODAY - DAY, TODAY - 1)).complete_from_unix_micros == 0
    report = await reconcile(books.audit, repair=True, settle_seconds=0)
    assert (report.days, report.discrepancies) == (1, ())
    assert _cost(await _ask(books, OLD, TODAY)) == 12


async def test_what_expired_stays_away_when_more_is_kept_again(books: TestLedger) -> None:
    await books.write(cost_record("old", usage_offset=0, time=OLD + 5, cost_picos=7))
    retention = ClickHouseRetention(books.clickhouse)
    await retention.apply(KEEP_30)
    assert await _entries(books, 0) == 0
    for days in (90, 0):
        assert await retention.apply(KEEP_30 | {ReadFrom.ENTRIES: days}) == [ReadFrom.ENTRIES]
        report = await reconcile(books.audit, repair=True, settle_seconds=0)
        assert report.discrepancies == ()
    # A late record of a day that expired, while everything is kept again.
    await books.write(cost_record("late", usage_offset=0, time=OLD + 9, cost_picos=3), partition=1)
    assert await _entries(books, 1) == 1
    await reconcile(books.audit, repair=True, settle_seconds=0)
    assert _cost(await _ask(books, OLD, TODAY)) == 10


async def test_late_records_of_expired_days_are_summed_up_before_they_go(books: TestLedger) -> None:
    await ClickHouseRetention(books.clickhouse).apply(KEEP_30)
    await books.write(cost_record("late", usage_offset=0, time=OLD + 9, cost_picos=3))
    assert await _entries(books, 0) == 0
    assert _cost(await _ask(books, OLD, TODAY)) == 3


async def test_a_real_difference_within_retention_is_still_mended(books: TestLedger) -> None:
    await books.write(cost_record("new", usage_offset=0, time=TODAY - DAY + 5, cost_picos=5))
    await ClickHouseRetention(books.clickhouse).apply(KEEP_30)
    await books.clickhouse.command("TRUNCATE TABLE costs_daily")
    report = await reconcile(books.audit, repair=True, settle_seconds=0)
    assert [found.rollup for found in report.discrepancies] == ["rollup_daily"]
    assert _cost(await _ask(books, TODAY - DAY, TODAY)) == 5
