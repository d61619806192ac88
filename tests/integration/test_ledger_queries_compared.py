"""The rest beyond a limit, two ranges side by side, the views of cost and costs of a unit, on the real engine."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import Comparison, ComparisonPeriod, CostRow, Granularity, QueryCostsRequest
from finops.usage.v1.usage_pb2 import Quantities

from services.common import money
from services.common.clock import DAY, HOUR, Micros, format_rfc3339, parse_rfc3339
from services.common.settings import ClickHouseSettings
from tests.integration.ledger_harness import TestLedger, ledger, platform, viewer
from tests.unit.ledger.records import NOON, cost_record

START, END = NOON - NOON % DAY, NOON - NOON % DAY + DAY
TABLES = [(END, "rollup_daily"), (START + 23 * HOUR, "rollup_hourly"), (END - 1, "entries")]
PREVIOUS = Comparison(period=ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS)
VIEWS = ("list", "contracted", "billed")


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


async def _ask(
    books: TestLedger, *group_by: str, start: Micros = START, end: Micros = END, **fields: object
) -> list[CostRow]:
    whole = {"start_unix_micros": start, "end_unix_micros": end, "group_by": group_by} | fields
    return list((await books.queries.query_costs(QueryCostsRequest(**whole), viewer())).rows)  # type: ignore[arg-type]


def _cost(row: CostRow) -> int:
    return money.from_proto(row.cost)


def _many(count: int = 60) -> list[CostRecord]:
    """Uses of ten users of three teams over two days, in an order of no meaning."""
    chosen = random.Random(4)
    return [
        cost_record(
            f"r{n}", usage_offset=n, time=START - DAY + chosen.randrange(48) * HOUR, user=f"u{chosen.randrange(10)}",
            team=f"t{chosen.randrange(3)}", session=f"s{chosen.randrange(5)}", cost_picos=chosen.randrange(1, 10**6),
        )
        for n in range(count)
    ]  # fmt: skip


def _sums(rows: list[CostRow]) -> dict[Micros, tuple[int, ...]]:
    """All figures of each bucket, added up over its groups."""
    sums: dict[Micros, tuple[int, ...]] = {}
    for row in rows:
        figures = (
            _cost(row), money.from_proto(row.list_cost), row.events, row.unpriced_events, row.quantities.input_tokens,
        )  # fmt: skip
        before = sums.get(row.time_unix_micros, (0,) * len(figures))
        sums[row.time_unix_micros] = tuple(map(sum, zip(before, figures, strict=True)))
    return sums


@pytest.mark.parametrize("granularity", ["TOTAL", "HOUR", "DAY"])
@pytest.mark.parametrize("group_by", [("user",), ("user", "team")])
async def test_with_the_rest_rows_add_up_to_the_total(
    books: TestLedger, granularity: str, group_by: tuple[str, ...]
) -> None:
    await books.write(*_many())
    for end, _ in TABLES:
        asked = {"start": START - DAY, "end": end, "granularity": f"GRANULARITY_{granularity}"}
        everything = await _ask(books, **asked)
        ranked = [(list(row.group), _cost(row)) for row in await _ask(books, *group_by, start=START - DAY, end=end)]
        for limit in (1, 3, 9):
            rows = await _ask(books, *group_by, limit=limit, with_rest=True, **asked)
            assert _sums(rows) == _sums(everything)
            named = {tuple(row.group) for row in rows if not row.rest}
            assert named == {tuple(group) for group, _ in ranked[:limit]}
            assert all(list(row.group) == [""] * len(group_by) for row in rows if row.rest)
            times = [row.time_unix_micros for row in rows if row.rest]
            assert len(times) == len(set(times))
            assert [row for row in rows if not row.rest] == await _ask(books, *group_by, limit=limit, **asked)


async def test_there_is_no_rest_where_nothing_is_left(books: TestLedger) -> None:
    await books.write(*_many())
    rows = await _ask(books, "team", start=START - DAY, limit=3, with_rest=True)
    assert [row.rest for row in rows] == [False] * 3


async def test_the_rest_is_not_the_group_without_a_name(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, team="", cost_picos=9),
        cost_record("b", usage_offset=1, team="ads", cost_picos=5),
        cost_record("c", usage_offset=2, team="search", cost_picos=3),
    )
    rows = await _ask(books, "team", limit=1, with_rest=True)
    assert [(list(row.group), row.rest, _cost(row)) for row in rows] == [([""], False, 9), ([""], True, 8)]


async def test_the_views_of_cost_are_the_same_in_every_table(books: TestLedger) -> None:
    discounted = cost_record("a", usage_offset=0, cost_picos=80)
    discounted.list_cost_delta_picos, discounted.contracted_cost_delta_picos, discounted.billed_cost_delta_picos = (
        100,
        90,
        0,
    )
    await books.write(discounted, cost_record("b", usage_offset=1, cost_picos=7))
    for end, read_from in TABLES:
        answer = await books.queries.query_costs(
            QueryCostsRequest(start_unix_micros=START, end_unix_micros=end), viewer()
        )
        [row] = answer.rows
        assert answer.read_from == read_from
        shown = [money.from_proto(getattr(row, f"{view}_cost")) for view in VIEWS]
        assert (_cost(row), shown) == (87, [107, 97, 7])


async def test_each_group_stands_beside_itself_a_day_before(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, team="grew", cost_picos=50),
        cost_record("b", usage_offset=1, team="grew", cost_picos=20, time=NOON - DAY),
        cost_record("c", usage_offset=2, team="ended", cost_picos=30, time=NOON - DAY),
        cost_record("d", usage_offset=3, team="new", cost_picos=5),
        cost_record("e", usage_offset=4, team="grew", cost_picos=10**9, time=NOON - 2 * DAY),
    )
    for end, read_from in TABLES:
        answer = await books.queries.query_costs(
            QueryCostsRequest(start_unix_micros=START, end_unix_micros=end, group_by=["team"], comparison=PREVIOUS),
            viewer(),
        )
        assert (answer.compared_start_unix_micros, answer.compared_end_unix_micros) == (START - DAY, end - DAY)
        assert answer.read_from == read_from
        told = [
            (row.group[0], _cost(row), _cost(row.compared), money.from_proto(row.cost_change), row.compared.events)
            for row in answer.rows
        ]
        assert told == [("grew", 50, 20, 30, 1), ("new", 5, 0, 5, 0), ("ended", 0, 30, -30, 1)]


@pytest.mark.parametrize("granularity", ["TOTAL", "HOUR", "DAY"])
async def test_both_sides_of_a_comparison_add_up_to_their_totals(books: TestLedger, granularity: str) -> None:
    await books.write(*_many())
    before = await _ask(books, start=START - DAY, end=START)
    now = await _ask(books)
    for limit in (0, 2):
        rows = await _ask(
            books, "user", comparison=PREVIOUS, limit=limit, with_rest=bool(limit),
            granularity=f"GRANULARITY_{granularity}", unit_costs=True,
        )  # fmt: skip
        assert sum(map(_cost, rows)) == sum(map(_cost, now))
        assert sum(_cost(row.compared) for row in rows) == sum(map(_cost, before))
        assert sum(row.compared.events for row in rows) == sum(row.events for row in before)
        assert sum(money.from_proto(row.cost_change) for row in rows) == sum(map(_cost, now)) - sum(map(_cost, before))
        if limit:
            top = [row.group[0] for row in (await _ask(books, "user", limit=limit))]
            assert {row.group[0] for row in rows if not row.rest} == set(top), (
                "the groups are those of the range itself"
            )


async def test_hours_are_compared_by_the_clock_on_the_wall(books: TestLedger) -> None:
    # Berlin skips two o'clock on 29 March 2026: nine o'clock is 07:00 UTC there, and 08:00 UTC the day before.
    times = {
        "now": "2026-03-29T07:10:00Z", "before": "2026-03-28T08:20:00Z",
        "skipped": "2026-03-28T01:30:00Z", "two hours on": "2026-03-28T06:00:00Z",
    }  # fmt: skip
    await books.write(
        *(cost_record(t, usage_offset=n, time=parse_rfc3339(t), cost_picos=10**n) for n, t in enumerate(times.values()))
    )
    rows = await _ask(
        books, start=parse_rfc3339("2026-03-28T23:00:00Z"), end=parse_rfc3339("2026-03-29T22:00:00Z"),
        granularity=Granularity.GRANULARITY_HOUR, time_zone="Europe/Berlin", comparison=PREVIOUS,
    )  # fmt: skip
    told = [
        (row.time_unix_micros and format_rfc3339(row.time_unix_micros), _cost(row),
         format_rfc3339(row.compared.time_unix_micros), _cost(row.compared))
        for row in rows
    ]  # fmt: skip
    assert told == [
        ("2026-03-29T05:00:00Z", 0, "2026-03-28T06:00:00Z", 1_000),
        ("2026-03-29T07:00:00Z", 1, "2026-03-28T08:00:00Z", 10),
        (0, 0, "2026-03-28T01:00:00Z", 100),
    ]


async def test_days_of_a_month_are_compared_with_the_same_days_of_the_last(books: TestLedger) -> None:
    times = ["2026-04-02T10:00:00Z", "2026-03-02T10:00:00Z", "2026-03-31T10:00:00Z"]
    await books.write(
        *(cost_record(t, usage_offset=n, time=parse_rfc3339(t), cost_picos=10**n) for n, t in enumerate(times))
    )
    rows = await _ask(
        books, start=parse_rfc3339("2026-03-31T22:00:00Z"), end=parse_rfc3339("2026-04-30T22:00:00Z"),
        granularity=Granularity.GRANULARITY_DAY, time_zone="Europe/Berlin",
        comparison=Comparison(period=ComparisonPeriod.COMPARISON_PERIOD_PREVIOUS_MONTH),
    )  # fmt: skip
    # March has a day more: its last stands beside none.
    assert [(row.time_unix_micros, _cost(row), _cost(row.compared)) for row in rows] == [
        (parse_rfc3339("2026-04-01T22:00:00Z"), 1, 10), (0, 0, 100),
    ]  # fmt: skip


async def test_a_custom_range_may_overlap_and_be_as_of_a_moment(books: TestLedger) -> None:
    await books.write(*_many(10))
    custom = Comparison(
        period=ComparisonPeriod.COMPARISON_PERIOD_CUSTOM, start_unix_micros=START - DAY, end_unix_micros=END
    )
    [row] = await _ask(books, comparison=custom)
    assert _cost(row.compared) == sum(record.cost_delta_picos for record in _many(10))
    assert await _ask(books, comparison=custom, as_of_unix_micros=START) == []


async def test_costs_of_a_unit(books: TestLedger) -> None:
    def used(name: str, offset: int, cost: int, requests: int, **dimensions: str) -> CostRecord:
        return cost_record(
            name, usage_offset=offset, cost_picos=cost, **dimensions,
            quantities=Quantities(input_tokens=600, output_tokens=100, web_searches=9, requests=requests),
        )  # fmt: skip

    await books.write(
        used("a", 0, 5, 1, user="ann", session="x"),
        used("b", 1, 6, 1, user="ann", session="y"),
        used("c", 2, 10, 0, user="bob", session="y"),
        used("d", 3, 4, 0),
    )
    for end, _ in TABLES:
        [row] = await _ask(books, end=end, unit_costs=True, sessions=True)
        units = row.units
        assert (units.users, units.sessions, units.tokens) == (2, 2, 2_800)
        # 25 picodollars: for 2 requests 12.5, half to even 12; for 2.8 thousand tokens 8.93.
        assert (money.from_proto(units.per_request), money.from_proto(units.per_user)) == (12, 12)
        assert (money.from_proto(units.per_thousand_tokens), money.from_proto(units.per_session)) == (9, 12)
        rows = await _ask(books, "user", end=end, unit_costs=True)
        assert [(r.group[0], r.units.users, r.units.HasField("per_request")) for r in rows] == [
            ("ann", 1, True), ("bob", 1, False), ("", 0, False),
        ]  # fmt: skip
        assert not rows[0].units.HasField("per_session")
        assert not (await _ask(books, end=end))[0].HasField("units")


async def test_users_of_the_rest_and_of_each_hour_are_counted_once(books: TestLedger) -> None:
    records = _many()
    await books.write(*records)
    for end, _ in TABLES:
        asked = {"start": START - DAY, "end": end, "unit_costs": True, "sessions": True}
        inside = [record.usage for record in records if record.usage.time_unix_micros < end]
        for row in await _ask(books, "team", limit=1, with_rest=True, **asked):
            top = max(
                {u.team for u in inside},
                key=lambda t: sum(
                    r.cost_delta_picos for r in records if r.usage.team == t and r.usage.time_unix_micros < end
                ),
            )
            of_row = [usage for usage in inside if (usage.team != top) == row.rest]
            assert row.units.users == len({usage.user for usage in of_row})
            assert row.units.sessions == len({usage.session for usage in of_row})
        for row in await _ask(books, granularity="GRANULARITY_HOUR", **asked):
            of_hour = [usage for usage in inside if usage.time_unix_micros // HOUR == row.time_unix_micros // HOUR]
            assert row.units.users == len({usage.user for usage in of_hour})


async def test_users_of_two_tenants_are_never_the_same(books: TestLedger) -> None:
    await books.write(
        cost_record("a", usage_offset=0, user="ann"), cost_record("b", usage_offset=1, user="ann", tenant="rival")
    )
    request = QueryCostsRequest(start_unix_micros=START, end_unix_micros=END, unit_costs=True)
    [row] = (await books.queries.query_costs(request, platform())).rows
    assert row.units.users == 2
