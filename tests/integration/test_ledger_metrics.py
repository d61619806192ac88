"""Cost per unit of a business metric, from each table that answers, and what `reconcile` makes of a lost sum."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import CostRow, Granularity, QueryCostsRequest
from finops.usage.v1.usage_pb2 import Quantities

from services.common.clock import DAY, HOUR, MINUTE
from services.common.errors import InvalidArgumentError
from services.common.money import from_proto
from services.common.settings import ClickHouseSettings
from services.ledger.handlers.reconcile import reconcile
from tests.integration.ledger_harness import TestLedger, ledger, viewer
from tests.unit.ledger.records import NOON, cost_record

MIDNIGHT = NOON - 12 * HOUR


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


def told(
    identity: str, offset: int, orders: int, *, cost: int = 0, tenant: str = "acme", team: str = "a"
) -> CostRecord:
    quantities = Quantities(business_metrics={"orders": orders})
    return cost_record(identity, usage_offset=offset, cost_picos=cost, quantities=quantities, tenant=tenant, team=team)


async def per_order(books: TestLedger, end: int = MIDNIGHT + DAY, tenant: str = "acme") -> tuple[str, list[CostRow]]:
    request = QueryCostsRequest(
        start_unix_micros=MIDNIGHT, end_unix_micros=end, group_by=["team"], unit_costs=True,
        unit_metrics=["orders", "tickets"], granularity=Granularity.GRANULARITY_TOTAL,
    )  # fmt: skip
    answer = await books.queries.query_costs(request, viewer(tenant))
    return answer.read_from, list(answer.rows)


async def test_cost_per_order(books: TestLedger) -> None:
    corrected = told("o2", 3, 4)
    corrected.revision, corrected.events_delta = 2, 0
    corrected.quantity_delta.CopyFrom(Quantities(business_metrics={"orders": -3}))
    log = [
        told("o1", 0, 2, cost=10).SerializeToString(),
        told("o2", 1, 7).SerializeToString(),
        told("o3", 2, 90, tenant="umbrella").SerializeToString(),
        corrected.SerializeToString(),
        told("use", 4, 0, cost=11, team="b").SerializeToString(),
    ]
    await books.consume({0: log}, [2])
    await books.consume({0: log}, [5])  # Delivered again, in other blocks.

    # A whole day, whole hours, and neither: each from its own table.
    for end, source in ((DAY, "rollup_daily"), (13 * HOUR, "rollup_hourly"), (13 * HOUR + MINUTE, "entries")):
        read_from, [second, first] = await per_order(books, MIDNIGHT + end)
        assert read_from == source
        assert (list(first.group), list(second.group)) == (["a"], ["b"])
        orders, tickets = first.units.metrics
        assert (orders.name, orders.count, from_proto(orders.per_unit)) == ("orders", 6, 2)  # 10 / 6, half to even
        assert (tickets.name, tickets.count, tickets.HasField("per_unit")) == ("tickets", 0, False)
        assert second.units.metrics[0].count == 0
    [other] = (await per_order(books, tenant="umbrella"))[1]
    assert other.units.metrics[0].count == 90


async def test_a_sum_that_a_rollup_lacks_is_mended(books: TestLedger) -> None:
    await books.write(told("o1", 0, 5, cost=10))
    await books.clickhouse.command(
        "INSERT INTO costs_hourly SELECT * REPLACE (0 AS cost_picos, 0 AS shadow_cost_picos, "
        "0 AS list_cost_picos, 0 AS contracted_cost_picos, 0 AS billed_cost_picos, 0 AS events) FROM costs_hourly"
    )
    assert (await per_order(books))[1][0].units.metrics[0].count == 10
    report = await reconcile(books.audit, repair=True, settle_seconds=0)
    assert report.discrepancies
    assert (await per_order(books))[1][0].units.metrics[0].count == 5


async def test_what_is_asked_wrongly_is_told_by_its_field(books: TestLedger) -> None:
    request = QueryCostsRequest(
        start_unix_micros=MIDNIGHT, end_unix_micros=NOON, unit_costs=False, unit_metrics=["orders", "orders", ""]
    )
    with pytest.raises(InvalidArgumentError) as caught:
        await books.queries.query_costs(request, viewer())
    fields = {violation.field for violation in caught.value.violations}
    assert fields == {"unit_metrics", "unit_metrics[1]", "unit_metrics[2]"}
