"""Questions to the ledger on the real engine: each read path, zones, tags, scopes, paging, tenants."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import (
    Granularity,
    HasEventsRequest,
    ListCostEntriesRequest,
    LogScope,
    QueryCostsRequest,
    QueryCostsResponse,
)
from finops.usage.v1.usage_pb2 import Measurement, Quantities

from services.common import money
from services.common.auth import Principal
from services.common.clock import DAY, HOUR, Micros, format_rfc3339, parse_rfc3339
from services.common.errors import InvalidArgumentError
from services.common.paging import Listing
from services.common.settings import ClickHouseSettings
from services.ledger.domain.query import Cursor
from tests.integration.ledger_harness import TestLedger, ledger, platform, viewer
from tests.unit.ledger.records import INCARNATION, NOON, cost_record, event_key

START, END = NOON - NOON % DAY, NOON - NOON % DAY + DAY


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


async def _ask(
    books: TestLedger, *group_by: str, start: Micros = START, end: Micros = END, who: Principal | None = None,
    granularity: Granularity = Granularity.GRANULARITY_TOTAL, zone: str = "", condition: str = "", limit: int = 0,
    scope: LogScope | None = None, include_reported: bool = False,
) -> QueryCostsResponse:  # fmt: skip
    request = QueryCostsRequest(
        start_unix_micros=start, end_unix_micros=end, group_by=group_by, granularity=granularity, time_zone=zone,
        filter=condition, limit=limit, log_scope=scope, include_reported=include_reported,
    )  # fmt: skip
    return await books.queries.query_costs(request, who or viewer())


def _costs(response: QueryCostsResponse) -> dict[tuple[str, ...], int]:
    """Cost by group, and by start of bucket where there are buckets."""
    return {
        (*row.group, *([format_rfc3339(row.time_unix_micros)] if row.time_unix_micros else [])): money.from_proto(
            row.cost
        )
        for row in response.rows
    }


def _spread(count: int = 6) -> list[CostRecord]:
    return [cost_record(f"r{n}", usage_offset=n, time=START + n * HOUR, cost_picos=10**n) for n in range(count)]


async def test_each_table_gives_the_same_sums(books: TestLedger) -> None:
    await books.write(*_spread())
    for end, read_from in [(END, "rollup_daily"), (START + 6 * HOUR, "rollup_hourly"), (END - 1, "entries")]:
        response = await _ask(books, end=end)
        assert response.read_from == read_from
        [row] = response.rows
        assert (money.from_proto(row.cost), row.events, row.unpriced_events) == (111_111, 6, 0)
        assert row.quantities == Quantities(input_tokens=6_000, output_tokens=1_200, requests=6)
        assert (list(row.group), row.time_unix_micros) == ([], 0)


async def test_revisions_count_an_event_once(books: TestLedger) -> None:
    await books.write(
        cost_record("r", usage_offset=0, cost_picos=100, shadow_picos=40, unpriced_delta=1),
        cost_record("r", usage_offset=1, revision=2, cost_picos=130, cost_delta_picos=30, unpriced_delta=-1,
                    delta=Quantities(output_tokens=5)),
    )  # fmt: skip
    for end in (END, START + 13 * HOUR, END - 1):
        [row] = (await _ask(books, end=end)).rows
        assert (money.from_proto(row.cost), money.from_proto(row.shadow_cost)) == (130, 40)
        assert (row.events, row.unpriced_events, row.quantities.output_tokens) == (1, 0, 205)


async def test_nothing_found_gives_no_rows(books: TestLedger) -> None:
    assert list((await _ask(books)).rows) == []


async def test_grouped_by_any_dimension_and_the_costliest_first(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, team="search", user="ann", cost_picos=5),
        cost_record("b", usage_offset=1, team="search", user="bob", cost_picos=7),
        cost_record("c", usage_offset=2, team="ads", user="ann", cost_picos=9),
    )
    response = await _ask(books, "team")
    assert [(list(row.group), row.events) for row in response.rows] == [(["search"], 2), (["ads"], 1)]
    assert _costs(await _ask(books, "user", "team", end=END - 1)) == {
        ("ann", "search"): 5, ("bob", "search"): 7, ("ann", "ads"): 9,
    }  # fmt: skip
    assert _costs(await _ask(books, "team", limit=1)) == {("search",): 12}
    for name in ("project", "key", "tool", "provider", "model", "environment", "source", "service_tier"):
        [row] = (await _ask(books, name)).rows
        assert money.from_proto(row.cost) == 21


async def test_filters_are_read_by_rollups_and_entries_alike(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, team='se"arch', cost_picos=5, tags={"feature": "answers"}),
        cost_record("b", usage_offset=1, team="ads", cost_picos=7, tags={"feature": "chat's"}),
    )
    for end in (END, START + 13 * HOUR, END - 1):
        assert _costs(await _ask(books, "team", end=end, condition='team = "se\\"arch"')) == {('se"arch',): 5}
        assert _costs(await _ask(books, end=end, condition='NOT team = "a*" OR team = "ads"')) == {(): 12}
    response = await _ask(books, condition='tag:feature = "chat\'s"')
    assert (response.read_from, _costs(response)) == ("entries", {(): 7})


async def test_grouped_by_a_tag_what_lacks_it_stands_under_nothing(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, cost_picos=5, tags={"feature": "answers", "x": "1"}),
        cost_record("b", usage_offset=1, cost_picos=7, tags={"feature": "chat"}),
        cost_record("c", usage_offset=2, cost_picos=9),
    )
    response = await _ask(books, "tag:feature", "team", "tag:x")
    assert response.read_from == "entries"
    assert _costs(response) == {("answers", "search", "1"): 5, ("chat", "search", ""): 7, ("", "search", ""): 9}


async def test_top_groups_over_time_keep_all_their_buckets(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, team="big", time=START, cost_picos=1),
        cost_record("b", usage_offset=1, team="big", time=START + HOUR, cost_picos=100),
        cost_record("c", usage_offset=2, team="small", time=START, cost_picos=50),
    )
    response = await _ask(books, "team", granularity=Granularity.GRANULARITY_HOUR, limit=1)
    assert response.read_from == "rollup_hourly"
    assert _costs(response) == {("big", "2026-03-10T00:00:00Z"): 1, ("big", "2026-03-10T01:00:00Z"): 100}


async def test_days_of_berlin_over_the_clock_change(books: TestLedger) -> None:
    # On 29 March 2026 Berlin's day lasts from 23:00 to 22:00 UTC.
    times = ["2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"]
    await books.write(
        *(cost_record(f"r{n}", usage_offset=n, time=parse_rfc3339(t), cost_picos=10**n) for n, t in enumerate(times))
    )
    start, end = parse_rfc3339("2026-03-27T23:00:00Z"), parse_rfc3339("2026-03-30T22:00:00Z")
    response = await _ask(books, start=start, end=end, granularity=Granularity.GRANULARITY_DAY, zone="Europe/Berlin")
    assert response.read_from == "rollup_hourly"
    assert _costs(response) == {
        ("2026-03-27T23:00:00Z",): 1, ("2026-03-28T23:00:00Z",): 110, ("2026-03-29T22:00:00Z",): 1_000,
    }  # fmt: skip
    month = await _ask(books, start=start, end=end, granularity=Granularity.GRANULARITY_MONTH, zone="Europe/Berlin")
    assert _costs(month) == {("2026-02-28T23:00:00Z",): 1_111}


async def test_days_of_kolkata_begin_on_the_half_hour(books: TestLedger) -> None:
    edge = parse_rfc3339("2026-03-10T18:30:00Z")
    await books.write(
        cost_record("a", usage_offset=0, time=edge - 1, cost_picos=1),
        cost_record("b", usage_offset=1, time=edge, cost_picos=2),
    )
    response = await _ask(books, granularity=Granularity.GRANULARITY_DAY, zone="Asia/Kolkata")
    assert response.read_from == "entries"
    assert _costs(response) == {("2026-03-09T18:30:00Z",): 1, ("2026-03-10T18:30:00Z",): 2}
    assert (await _ask(books, zone="Asia/Kolkata")).read_from == "rollup_daily", "a total needs no day boundaries"


async def test_hours_of_kathmandu_begin_at_a_quarter_and_those_of_lord_howe_change(books: TestLedger) -> None:
    edge = parse_rfc3339("2026-03-10T18:15:00Z")
    change = parse_rfc3339("2026-04-04T15:00:00Z")  # Two in the morning, and half past one again.
    times = [edge - 1, edge, edge + HOUR - 1, change - 1, change, change + HOUR // 2]
    await books.write(
        *(cost_record(f"h{n}", usage_offset=n, time=time, cost_picos=10**n) for n, time in enumerate(times))
    )
    hours = await _ask(books, granularity=Granularity.GRANULARITY_HOUR, zone="Asia/Kathmandu")
    assert hours.read_from == "entries"
    assert _costs(hours) == {("2026-03-10T17:15:00Z",): 1, ("2026-03-10T18:15:00Z",): 110}
    hours = await _ask(
        books,
        start=change - DAY,
        end=change + DAY,
        granularity=Granularity.GRANULARITY_HOUR,
        zone="Australia/Lord_Howe",
    )
    assert _costs(hours) == {
        ("2026-04-04T14:00:00Z",): 1_000, ("2026-04-04T15:00:00Z",): 10_000, ("2026-04-04T15:30:00Z",): 100_000,
    }  # fmt: skip


async def test_weeks_and_months_of_utc_come_from_days(books: TestLedger) -> None:
    await books.write(
        *(cost_record(f"r{n}", usage_offset=n, time=START + n * 7 * DAY, cost_picos=10**n) for n in range(4))
    )
    end = START + 28 * DAY
    week = await _ask(books, end=end, granularity=Granularity.GRANULARITY_WEEK)
    assert week.read_from == "rollup_daily"
    assert list(_costs(week)) == [(f"2026-03-{d:02}T00:00:00Z",) for d in (9, 16, 23, 30)]
    month = await _ask(books, end=end, granularity=Granularity.GRANULARITY_MONTH)
    assert _costs(month) == {("2026-03-01T00:00:00Z",): 1_111}


async def test_the_longest_range_by_day_fits_into_a_query(books: TestLedger) -> None:
    await books.write(*_spread(1))
    response = await _ask(
        books, start=END - 5 * 366 * DAY, end=END, granularity=Granularity.GRANULARITY_DAY, zone="Asia/Kolkata"
    )
    assert _costs(response) == {("2026-03-09T18:30:00Z",): 1}


async def test_reported_figures_count_only_when_asked_for(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, cost_picos=5),
        cost_record("b", usage_offset=1, cost_picos=7, measurement=Measurement.MEASUREMENT_REPORTED),
    )
    for end in (END, START + 13 * HOUR, END - 1):
        assert _costs(await _ask(books, end=end)) == {(): 5}
        assert _costs(await _ask(books, end=end, include_reported=True)) == {(): 12}


async def test_a_log_scope_counts_each_partition_through_its_offset(books: TestLedger) -> None:
    for p in (0, 1):
        await books.write(
            *(
                cost_record(f"p{p}-{n}", usage_offset=n, usage_partition=p, cost_picos=10 ** (3 * p + n))
                for n in range(3)
            ),
            partition=p,
        )
    await books.write(
        cost_record("old", usage_offset=0, usage_incarnation="life-0", cost_picos=7), incarnation="life-0"
    )
    scope = LogScope(incarnation=INCARNATION, through_offsets={0: 1, 1: 0})
    response = await _ask(books, "log_partition", scope=scope)
    assert (response.read_from, _costs(response)) == ("entries", {("0",): 11, ("1",): 1_000})
    scope.include_other_incarnations = True
    assert _costs(await _ask(books, "log_partition", scope=scope)) == {("0",): 11, ("1",): 1_000, ("-1",): 7}
    others = LogScope(incarnation="life-9", include_other_incarnations=True)
    assert _costs(await _ask(books, "log_partition", scope=others)) == {("-1",): 111_111 + 7}
    assert list((await _ask(books, scope=LogScope(incarnation=INCARNATION))).rows) == []


async def test_entries_are_listed_newest_first_in_pages(books: TestLedger) -> None:
    records = _spread(7)
    same_moment = cost_record("twin", usage_offset=7, time=records[3].usage.time_unix_micros)
    revised = cost_record("r3", usage_offset=8, time=records[3].usage.time_unix_micros, revision=2)
    await books.write(*records, same_moment, revised)
    found: list[CostRecord] = []
    token = ""
    while True:
        request = ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END, page_size=2, page_token=token)
        page = await books.queries.list_entries(request, viewer())
        assert len(page.entries) <= 2
        found += page.entries
        token = page.next_page_token
        if not token:
            break
    times = [record.usage.time_unix_micros for record in found]
    assert times == sorted(times, reverse=True)
    key = CostRecord.SerializeToString
    assert sorted(map(key, found)) == sorted(map(key, [*records, same_moment, revised]))


async def test_a_page_token_belongs_to_its_listing(books: TestLedger) -> None:
    await books.write(*_spread(3))
    request = ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END, page_size=1)
    request.page_token = (await books.queries.list_entries(request, viewer())).next_page_token
    request.filter = 'team = "ads"'
    with pytest.raises(InvalidArgumentError, match="page_token"):
        await books.queries.list_entries(request, viewer())


@pytest.mark.parametrize(
    "place", [Cursor(2**63 - 1, b"", -1), Cursor(-(2**63), bytes(99), 2**63 - 1), Cursor(END, b"\xff", 2**40)]
)
async def test_a_made_up_position_only_begins_elsewhere(books: TestLedger, place: Cursor) -> None:
    records = _spread(3)
    await books.write(*records)
    listing = Listing(Cursor, "entries", viewer().tenant_id, START, END, "", 0)
    _, token = listing.page([place, place], 1, lambda made_up: made_up)
    request = ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END, page_token=token)
    found = (await books.queries.list_entries(request, viewer())).entries
    assert {entry.usage.event_key for entry in found} <= {record.usage.event_key for record in records}


async def test_one_tenant_never_sees_another(books: TestLedger) -> None:
    await books.write(
        cost_record("same", usage_offset=0, tenant="acme", cost_picos=5, tags={"f": "x"}),
        cost_record("same", usage_offset=1, tenant="rival", cost_picos=7, tags={"f": "x"}),
    )
    escape = 'tenant = "rival" OR tenant = "acme" OR tenant = "*"'
    for who, cost in [(viewer("acme"), 5), (viewer("rival"), 7), (platform("rival"), 7), (platform(), 12)]:
        for end in (END, START + 13 * HOUR, END - 1):
            for condition in ("", escape):
                assert _costs(await _ask(books, end=end, who=who, condition=condition)) == {(): cost}
        assert _costs(await _ask(books, "tag:f", who=who)) == {("x",): cost}
        listed = await books.queries.list_entries(
            ListCostEntriesRequest(start_unix_micros=START, end_unix_micros=END, filter=escape), who
        )
        assert sum(e.rating.cost_picos for e in listed.entries) == cost
        keys = [event_key("acme", "same"), event_key("rival", "same")]
        known = await books.queries.has_events(HasEventsRequest(event_keys=keys), who)
        assert sum(k.cost_picos for k in known.known) == cost
    assert _costs(await _ask(books, "tenant", who=platform())) == {("acme",): 5, ("rival",): 7}


async def test_known_events_are_told_by_their_latest_revision_before_any_merge(books: TestLedger) -> None:
    await books.clickhouse.command("SYSTEM STOP MERGES event_index")
    first = cost_record("r", usage_offset=0, cost_picos=100, shadow_picos=4)
    grown = cost_record("r", usage_offset=1, revision=2, cost_picos=150, cost_delta_picos=50)
    await books.write(first)
    await books.write(first, grown)
    [known] = (await books.queries.has_events(
        HasEventsRequest(event_keys=[event_key("acme", "r"), event_key("acme", "never")] * 2), platform()
    )).known  # fmt: skip
    assert (known.event_key, known.revision, known.content_hash) == (grown.usage.event_key, 2, grown.usage.content_hash)
    assert (known.cost_picos, known.shadow_cost_picos, known.unpriced) == (150, 0, False)
    assert (known.time_unix_micros, known.quantities) == (NOON, grown.usage.quantities)


async def test_five_thousand_random_keys_are_looked_up_quickly(books: TestLedger) -> None:
    await books.write(*(cost_record(f"r{n}", usage_offset=n) for n in range(20_000)))
    keys = [event_key("acme", f"r{n}") for n in range(0, 10_000, 2)]
    started = time.perf_counter()
    found = await books.queries.has_events(HasEventsRequest(event_keys=keys), platform())
    assert {k.event_key for k in found.known} == set(keys)
    assert time.perf_counter() - started < 15
