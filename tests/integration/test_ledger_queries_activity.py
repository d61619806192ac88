"""Who asked and what failed, on the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.ledger.v1.ledger_pb2 import CostRow, QueryCostsRequest
from finops.usage.v1.usage_pb2 import OUTCOME_CACHE_HIT, OUTCOME_FAILED, Quantities

from services.common import distinct_values
from services.common.clock import DAY, HOUR
from services.common.settings import ClickHouseSettings
from tests.integration.ledger_harness import TestLedger, ledger, viewer
from tests.unit.ledger.records import NOON, cost_record

START = NOON - NOON % DAY


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


async def _ask(books: TestLedger, *group_by: str, **fields: object) -> list[CostRow]:
    whole = {
        "start_unix_micros": START, "end_unix_micros": START + DAY, "group_by": group_by, "activity": True,
    } | fields  # fmt: skip
    return list((await books.queries.query_costs(QueryCostsRequest(**whole), viewer())).rows)  # type: ignore[arg-type]


def _used(name: str, offset: int, user: str, *, requests: int = 1, outcome: int = 0, **more: object) -> CostRecord:
    record = cost_record(name, usage_offset=offset, quantities=Quantities(requests=requests), user=user, **more)  # type: ignore[arg-type]
    record.usage.outcome = outcome  # type: ignore[assignment]
    return record


def _hashes(*users: str) -> list[int]:
    return sorted(map(distinct_values.hashed, users))


async def test_failed_requests_and_users_of_each_row(books: TestLedger) -> None:
    await books.write(
        _used("a", 0, "ann", requests=3),
        _used("b", 1, "ann", outcome=OUTCOME_FAILED, team="support"),
        _used("c", 2, "bob", requests=2, outcome=OUTCOME_FAILED),
        _used("d", 3, "zoë", outcome=OUTCOME_CACHE_HIT, time=NOON + HOUR),
        _used("e", 4, "eve", requests=0),
        _used("f", 5, ""),
    )
    by_team = {row.group[0]: row for row in await _ask(books, "team")}
    assert by_team["search"].activity.failed_requests == 2
    assert list(by_team["search"].activity.users) == _hashes("ann", "bob", "zoë")
    assert by_team["support"].activity.failed_requests == 1
    [total] = await _ask(books)
    assert (total.activity.failed_requests, list(total.activity.users)) == (3, _hashes("ann", "bob", "zoë"))
    by_hour = await _ask(books, granularity="GRANULARITY_HOUR")
    assert [(row.activity.failed_requests, list(row.activity.users)) for row in by_hour] == [
        (3, _hashes("ann", "bob")), (0, _hashes("zoë")),
    ]  # fmt: skip
    assert not (await _ask(books, activity=False))[0].HasField("activity")


async def test_of_very_many_users_the_smallest_hashes_are_told(books: TestLedger) -> None:
    users = [f"user {n}" for n in range(600)]
    await books.write(*(_used(user, n, user, team=f"t{n % 2}") for n, user in enumerate(users)))
    [total] = await _ask(books)
    whole = distinct_values.smallest(map(distinct_values.hashed, users))
    assert list(total.activity.users) == sorted(whole)
    parts = [row.activity.users for row in await _ask(books, "team")]
    assert distinct_values.smallest([*parts[0], *parts[1]]) == whole
    top, rest = await _ask(books, "user", limit=1, with_rest=True)
    assert (len(top.activity.users), len(rest.activity.users)) == (1, distinct_values.MOST)


async def test_what_failed_moves_with_its_event(books: TestLedger) -> None:
    first = _used("a", 0, "ann", outcome=OUTCOME_FAILED)
    moved = _used("a", 1, "bob", outcome=OUTCOME_FAILED, team="support", revision=2, delta=Quantities())
    moved.cost_delta_picos = 0
    moved.previous.CopyFrom(Booked(usage=first.usage, cost_picos=first.cost_delta_picos))
    moved.previous.usage.ClearField("outcome")
    await books.write(first, moved)
    found = {row.group[0]: row.activity for row in await _ask(books, "team")}
    assert {team: (a.failed_requests, list(a.users)) for team, a in found.items()} == {
        "search": (0, []), "support": (1, _hashes("bob")),
    }  # fmt: skip
