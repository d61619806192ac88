"""The explorer's use case and its CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from finops.ledger.v1.ledger_pb2 import (
    CostRow,
    Granularity,
    ListCostEntriesRequest,
    ListCostEntriesResponse,
    QueryCostsRequest,
    QueryCostsResponse,
)
from finops.usage.v1.usage_pb2 import Quantities

from services.common import money
from services.common.auth import Principal, Role
from services.common.clock import DAY, parse_rfc3339
from services.console.domain.cost_query import CostQuery
from services.console.domain.periods import Range, zone
from services.console.handlers.explore import explore, to_csv
from services.console.handlers.peers import Caller

START = parse_rfc3339("2026-11-20T00:00:00Z")
CALLER = Caller("afk_key", Principal("acme", Role.VIEWER, "id", "name"))
QUERY = CostQuery(Range(START, START + 2 * DAY), ("team",), "day", "UTC")


class Ledger:
    """One dollar a day for team a in the period, two for the period before; remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Caller, QueryCostsRequest]] = []

    async def query_costs(self, caller: Caller, request: QueryCostsRequest) -> QueryCostsResponse:
        self.asked.append((caller, request))
        amount = money.PICOS_PER_DOLLAR * (1 if request.start_unix_micros == START else 2)
        group = ["a"] if request.group_by else []
        days = [START, START + DAY] if request.start_unix_micros == START else [START - 2 * DAY, START - DAY]
        if request.granularity == Granularity.GRANULARITY_TOTAL:
            return QueryCostsResponse(rows=[CostRow(group=group, cost=money.to_proto(2 * amount))])
        rows = [CostRow(group=group, time_unix_micros=day, cost=money.to_proto(amount)) for day in days]
        return QueryCostsResponse(rows=rows, read_from="rollup_daily")

    async def list_cost_entries(self, caller: Caller, request: ListCostEntriesRequest) -> ListCostEntriesResponse:
        raise AssertionError("not asked here")


async def test_both_periods_bucket_by_bucket() -> None:
    ledger = Ledger()
    found = await explore(ledger, CALLER, QUERY, compare=True)
    dollar = money.PICOS_PER_DOLLAR
    assert (found.total, found.total_before) == (2 * dollar, 4 * dollar)
    assert found.over_time.amounts == {"a": [dollar, dollar]}
    assert found.before_over_time == [2 * dollar, 2 * dollar]
    assert found.read_from == "rollup_daily"
    assert {caller.key for caller, _ in ledger.asked} == {"afk_key"}


async def test_without_comparison_the_period_before_is_not_asked_for() -> None:
    ledger = Ledger()
    found = await explore(ledger, CALLER, QUERY, compare=False)
    assert (found.before, found.before_over_time, found.total_before) == (None, None, None)
    assert {request.start_unix_micros for _, request in ledger.asked} == {START}


def test_csv_has_every_digit_and_runs_no_formula() -> None:
    row = CostRow(
        group=['=HYPERLINK("x")'], time_unix_micros=START, cost=money.to_proto(12_345_678_901), events=3,
        quantities=Quantities(input_tokens=9), unpriced_events=1, shadow_cost=money.to_proto(1),
    )  # fmt: skip
    read = list(csv.DictReader(io.StringIO(to_csv(QUERY, [row], zone("Europe/Berlin")))))
    assert read[0]["team"] == '\'=HYPERLINK("x")'
    assert read[0]["time"] == "2026-11-20T01:00:00+01:00"
    assert read[0]["cost_usd"] == "0.012345678901"
    assert read[0]["shadow_cost_usd"] == "0.000000000001"
    assert (read[0]["input_tokens"], read[0]["events"], read[0]["unpriced_events"]) == ("9", "3", "1")
    assert "time" not in to_csv(replace(QUERY, granularity="total"), [row], zone("UTC")).splitlines()[0].split(",")
