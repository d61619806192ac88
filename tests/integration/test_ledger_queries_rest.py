"""`/costs` and `/entries` in front of the ledger on the real engine; only gRPC between the two is left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, cast

import httpx
import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.ledger.v1.ledger_pb2 import (
    ListCostEntriesRequest,
    ListCostEntriesResponse,
    QueryCostsRequest,
    QueryCostsResponse,
)
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, Quantities

from services.common.clickhouse import migrate
from services.common.clock import DAY, ManualClock
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings
from services.console.api import application
from services.console.console import Console
from services.console.handlers.peers import Caller, Peers
from services.console.settings import ConsoleOptions
from services.console.web.sessions import Sessions
from services.ledger.handlers.queries import LedgerQueries
from tests.integration.ledger_harness import TestLedger, ledger
from tests.unit.ledger.records import NOON, cost_record


class _Ledger:
    """Asks the ledger's use cases as the caller."""

    def __init__(self, queries: LedgerQueries) -> None:
        self._queries = queries

    async def query_costs(self, caller: Caller, request: QueryCostsRequest) -> QueryCostsResponse:
        return await self._queries.query_costs(request, caller.principal)

    async def list_cost_entries(self, caller: Caller, request: ListCostEntriesRequest) -> ListCostEntriesResponse:
        return await self._queries.list_entries(request, caller.principal)


class Books:
    """A ledger, and calls over REST to it."""

    def __init__(self, opened: TestLedger, http: httpx.AsyncClient) -> None:
        self.write = opened.write
        self.clickhouse = opened.clickhouse
        self._http = http

    async def get(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = await self._http.get(path, params={"start": "2026-03-10", "end": "2026-03-11"} | parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings) -> AsyncIterator[Books]:
    await migrate(clickhouse_settings, ["services.common.migrations"])
    async with ledger(clickhouse_settings) as opened:
        clock = ManualClock(NOON)
        keyring = KeyRing(auth_settings, opened.clickhouse, clock)
        peers = cast(Peers, _Ledger(opened.queries))
        console = Console(ConsoleOptions(), keyring, peers, Sessions("secret", 1, clock), clock)
        key = auth_settings.admin_key.get_secret_value()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application(lambda: console)),
            base_url="http://console",
            headers={"Authorization": f"Bearer {key}"},
        ) as http:
            yield Books(opened, http)


def _moved() -> list[CostRecord]:
    booked = cost_record("r", usage_offset=0, cost_picos=1_500_000)
    moved = cost_record(
        "r", usage_offset=1, revision=2, cost_picos=1_200_000, cost_delta_picos=-300_000, delta=Quantities(), team="ads"
    )
    moved.usage.correction.CopyFrom(
        Correction(
            kind=CorrectionKind.CORRECTION_KIND_REATTRIBUTION, author="ann", reason="wrong team", run_id="run-1",
            recorded_unix_micros=NOON,
        )
    )  # fmt: skip
    moved.previous.CopyFrom(
        Booked(usage=booked.usage, cost_picos=1_500_000, list_cost_picos=2_000_000, contracted_cost_picos=1_500_000)
    )
    moved.rating.list_cost_picos = 2_000_000
    moved.rating.lines[0].list_price_picos_per_million = 2 * 10**9
    return [booked, moved]


async def test_an_entry_tells_its_price_its_correction_and_where_it_was_before(books: Books) -> None:
    await books.write(*_moved())
    latest, first = (await books.get("/entries"))["entries"]
    assert latest["correction"] == {
        "kind": "reattribution", "author": "ann", "reason": "wrong team", "time": "2026-03-10T12:00:00Z",
        "run_id": "run-1",
    }  # fmt: skip
    assert (latest["team"], latest["previous"]["team"]) == ("ads", "search")
    assert (latest["cost"], latest["cost_delta"]) == ("0.000001200000", "-0.000000300000")
    assert (latest["list_cost"], latest["billed_cost"]) == ("0.000002000000", "0.000001200000")
    assert (latest["previous"]["cost"], latest["previous"]["list_cost"]) == ("0.000001500000", "0.000002000000")
    assert latest["price_id"] == "openai/gpt-4o"
    assert latest["lines"] == [
        {"bucket": "input_tokens", "quantity": 1_000, "price_per_million": "0.001000000000",
         "list_price_per_million": "0.002000000000", "cost": "0.000001000000"}
    ]  # fmt: skip
    assert (first["correction"], first["previous"], first["lines"][0]["list_price_per_million"]) == (None, None, None)


async def test_rows_and_the_rest_add_up_beside_the_day_before(books: Books) -> None:
    await books.write(
        *(cost_record(f"a{n}", usage_offset=n, user=f"u{n}", cost_picos=10**n) for n in range(5)),
        *(cost_record(f"b{n}", usage_offset=5 + n, user=f"u{n}", cost_picos=3, time=NOON - DAY) for n in range(5)),
    )
    costs = await books.get(
        "/costs", group_by="user", limit="2", with_rest="true", compare="previous", unit_costs="true"
    )
    assert costs["compared"] == {"start": "2026-03-09T00:00:00Z", "end": "2026-03-10T00:00:00Z"}
    told = [
        (row["user"], row["rest"], row["cost"], row["compared"]["cost"], row["cost_change"]) for row in costs["rows"]
    ]
    assert told == [
        ("u4", False, "0.000000010000", "0.000000000003", "0.000000009997"),
        ("u3", False, "0.000000001000", "0.000000000003", "0.000000000997"),
        ("", True, "0.000000000111", "0.000000000009", "0.000000000102"),
    ]
    assert [row["unit_costs"]["users"] for row in costs["rows"]] == [1, 1, 3]
    assert costs["rows"][2]["unit_costs"]["per_user"] == "0.000000000037"
    assert costs["rows"][2]["unit_costs"]["sessions"] is None
    [total] = (await books.get("/costs", compare="previous"))["rows"]
    for name in ("cost", "list_cost", "contracted_cost", "billed_cost", "cost_change"):
        assert sum(Decimal(row[name]) for row in costs["rows"]) == Decimal(total[name])


async def test_hours_without_a_partner_have_no_time(books: Books) -> None:
    await books.write(cost_record("a", usage_offset=0, time=NOON - DAY))
    costs = await books.get("/costs", granularity="hour", compare="2026-03-09T06:00:00Z/2026-03-09T18:00:00Z")
    [row] = costs["rows"]
    assert (row["time"], row["compared"]["time"]) == ("2026-03-10T12:00:00Z", "2026-03-09T12:00:00Z")
    costs = await books.get(
        "/costs", granularity="day", start="2026-03-10", compare="2026-03-08/2026-03-10", end="2026-03-11"
    )
    assert [(row["time"], row["compared"]["time"]) for row in costs["rows"]] == [(None, "2026-03-09T00:00:00Z")]


async def test_before_anything_was_written_nothing_was_known(books: Books) -> None:
    await books.write(cost_record("a", usage_offset=0))
    costs = await books.get("/costs", as_of="2026-01-01")
    assert (costs["rows"], costs["as_of"], costs["read_from"]) == ([], "2026-01-01T00:00:00Z", "entries")
    assert (await books.get("/entries", as_of="2026-01-01"))["entries"] == []
    now = await books.get("/costs")
    assert now["as_of"] is None
    assert (await books.get("/costs", as_of="2199-01-01"))["rows"] == now["rows"]
    assert len((await books.get("/entries", as_of="2199-01-01"))["entries"]) == 1


async def test_cost_per_order(books: Books) -> None:
    await books.write(
        cost_record("o", cost_picos=10, quantities=Quantities(business_metrics={"orders": 4}), team="shop"),
        cost_record("u", usage_offset=1, cost_picos=6, team="ads"),
    )
    asked = {"group_by": "team", "unit_costs": "true", "unit_metrics": "orders, tickets", "compare": "previous"}
    rows = (await books.get("/costs", **asked))["rows"]
    found = {row["team"]: row["unit_costs"]["metrics"] for row in rows}
    none = {"count": 0, "per_unit": None}
    assert found == {
        "shop": {"orders": {"count": 4, "per_unit": "0.000000000002"}, "tickets": none},
        "ads": {"orders": none, "tickets": none},
    }
    assert rows[0]["compared"]["unit_costs"]["metrics"] == {"orders": none, "tickets": none}
