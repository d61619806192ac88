"""Rows put together: costs of a unit, and what stands beside what."""

from __future__ import annotations

from fractions import Fraction

import pytest
from finops.ledger.v1.ledger_pb2 import Comparison, ComparisonPeriod, CostRow, Granularity, QueryCostsRequest
from finops.usage.v1.usage_pb2 import Quantities

from services.common import money
from services.common.clock import DAY, parse_rfc3339
from services.ledger.domain.answer import Counts, key_of, price_units, side_by_side
from services.ledger.domain.query import read_query

START = parse_rfc3339("2026-03-10T00:00:00Z")


def _row(cost: int, team: str = "search", time: int = 0, *, rest: bool = False, requests: int = 0) -> CostRow:
    return CostRow(
        group=[team], time_unix_micros=time, cost=money.to_proto(cost), rest=rest,
        quantities=Quantities(requests=requests, input_tokens=1_500, reasoning_tokens=500, web_searches=7),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cost", "requests", "each"),
    [(10, 4, 2), (14, 4, 4), (1, 3, 0), (2, 3, 1), (-10, 4, -2), (10**30, 3, 10**30 // 3), (0, 5, 0)],
)
def test_a_quotient_is_rounded_half_to_even(cost: int, requests: int, each: int) -> None:
    row = _row(cost, requests=requests)
    price_units([row], Counts({}))
    assert money.from_proto(row.units.per_request) == each
    assert (row.units.tokens, money.from_proto(row.units.per_thousand_tokens)) == (2_000, round(Fraction(cost, 2)))


def test_nothing_is_divided_by_nothing() -> None:
    row = _row(5)
    price_units([row], Counts({key_of(_row(5, "ads")): 3}))
    assert not any(row.units.HasField(name) for name in ("per_request", "per_user", "per_session"))


def test_rows_come_by_bucket_then_by_cost_with_the_rest_last() -> None:
    query = read_query(
        QueryCostsRequest(
            start_unix_micros=START, end_unix_micros=START + 2 * DAY, group_by=["team"], limit=2, with_rest=True,
            granularity=Granularity.GRANULARITY_DAY,
            comparison=Comparison(period=ComparisonPeriod.COMPARISON_PERIOD_CUSTOM,
                                  start_unix_micros=START - 9 * DAY, end_unix_micros=START - 6 * DAY),
        ),
        "acme",
    )  # fmt: skip
    now = [_row(5, "a", START), _row(9, "", START, rest=True), _row(7, "b", START + DAY)]
    before = [_row(8, "b", START - 9 * DAY), _row(1, "", START - 9 * DAY, rest=True), _row(2, "a", START - 7 * DAY)]
    told = [
        (row.time_unix_micros, row.group[0], row.rest, money.from_proto(row.cost), money.from_proto(row.compared.cost))
        for row in side_by_side(query, now, before)
    ]
    assert told == [
        (START, "a", False, 5, 0), (START, "b", False, 0, 8), (START, "", True, 9, 1), (START + DAY, "b", False, 7, 0),
        (0, "a", False, 0, 2),
    ]  # fmt: skip
    assert [row.compared.time_unix_micros for row in side_by_side(query, now, before)][3:] == [
        START - 8 * DAY, START - 7 * DAY,
    ]  # fmt: skip
