"""Events as they stand and the queue of use without a price, on the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.ledger.v1.ledger_pb2 import ListEventsRequest, ListUnpricedRequest, UnpricedUse
from finops.usage.v1.usage_pb2 import Measurement, Quantities

from services.common import money
from services.common.auth import Principal
from services.common.clock import DAY, HOUR, Micros
from services.common.errors import InvalidArgumentError
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.event_reader import ClickHouseEvents
from services.ledger.adapters.unpriced_reader import ClickHouseUnpriced
from services.ledger.handlers.events import EventQueries
from tests.integration.ledger_harness import TestLedger, ledger, platform, viewer
from tests.unit.ledger.records import NOON, cost_record

START, END = NOON - NOON % DAY, NOON - NOON % DAY + DAY


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


def _queries(books: TestLedger) -> EventQueries:
    return EventQueries(ClickHouseEvents(books.clickhouse), ClickHouseUnpriced(books.clickhouse))


async def _events(
    books: TestLedger, *, condition: str = "", unpriced: bool = False, size: int = 100, who: Principal | None = None,
    end: Micros = END,
) -> list[CostRecord]:  # fmt: skip
    """Every page of them."""
    found: list[CostRecord] = []
    token = ""
    while True:
        request = ListEventsRequest(
            start_unix_micros=START, end_unix_micros=end, filter=condition, only_unpriced=unpriced, page_size=size,
            page_token=token,
        )  # fmt: skip
        answer = await _queries(books).list_events(request, who or viewer())
        found += answer.events
        token = answer.next_page_token
        if not token:
            return found


async def _queue(books: TestLedger, who: Principal | None = None, size: int = 100) -> list[UnpricedUse]:
    found: list[UnpricedUse] = []
    token = ""
    while True:
        request = ListUnpricedRequest(page_size=size, page_token=token)
        answer = await _queries(books).list_unpriced(request, who or viewer())
        found += answer.groups
        token = answer.next_page_token
        if not token:
            return found


def _names(records: list[CostRecord]) -> list[tuple[str, int]]:
    return [(record.usage.source_event_id, record.revision) for record in records]


def _unpriced(name: str, offset: int, **fields: object) -> CostRecord:
    """Lacks a price for all of it; its shadow price is 70 picodollars."""
    given = {"cost_picos": 0, "shadow_picos": 70, "unpriced_delta": 1, "model": "new-1"} | fields
    record = cost_record(name, usage_offset=offset, **given)  # type: ignore[arg-type]
    record.rating.unpriced_buckets[:] = ["input_tokens", "output_tokens"]
    return record


def _priced_late(name: str, offset: int, **fields: object) -> CostRecord:
    given = {
        "revision": 2, "cost_picos": 50, "shadow_picos": 0, "unpriced_delta": -1, "model": "new-1",
        "delta": Quantities(),
    } | fields  # fmt: skip
    record = cost_record(name, usage_offset=offset, **given)  # type: ignore[arg-type]
    record.shadow_cost_delta_picos = -70
    record.events_delta = 0
    return record


async def test_every_page_size_gives_each_event_once_in_order(books: TestLedger) -> None:
    records = [cost_record(f"r{n:02}", usage_offset=n, time=START + (40 - n) * HOUR // 2) for n in range(20)]
    for revision in range(2, 9):
        again = cost_record("r07", usage_offset=20 + revision, time=records[7].usage.time_unix_micros,
                            revision=revision, cost_delta_picos=0, delta=Quantities())  # fmt: skip
        again.events_delta = 0
        records.append(again)
    await books.write(*records)
    expected = [(f"r{n:02}", 8 if n == 7 else 1) for n in reversed(range(20))]
    for size in (1, 2, 3, 7, 19, 20, 1_000):
        assert _names(await _events(books, size=size)) == expected


async def test_an_event_is_found_where_it_is_booked_now(books: TestLedger) -> None:
    first = cost_record("r", usage_offset=0, team="search")
    moved = cost_record("r", usage_offset=1, revision=2, team="ads", cost_delta_picos=0, delta=Quantities())
    moved.events_delta = 0
    moved.previous.CopyFrom(Booked(usage=first.usage, cost_picos=first.rating.cost_picos))
    await books.write(first, moved, cost_record("other", usage_offset=2, team="search", time=NOON + 1))
    assert _names(await _events(books, condition='team = "search"')) == [("other", 1)]
    assert _names(await _events(books, condition='team = "ads"')) == [("r", 2)]
    assert _names(await _events(books)) == [("r", 2), ("other", 1)]


async def test_only_what_lacks_a_price_now(books: TestLedger) -> None:
    await books.write(
        _unpriced("a", 0), _unpriced("b", 1, time=NOON + 1), cost_record("c", usage_offset=2), _priced_late("a", 3)
    )
    for size in (1, 2, 3, 100):
        assert _names(await _events(books, unpriced=True, size=size)) == [("b", 1)]
    assert _names(await _events(books, unpriced=True, condition='model = "another"')) == []


async def test_reported_figures_and_other_tenants_are_not_among_them(books: TestLedger) -> None:
    reported = _unpriced("x", 1, measurement=Measurement.MEASUREMENT_REPORTED)
    await books.write(_unpriced("a", 0), reported, _unpriced("g", 2, tenant="globex"))
    assert _names(await _events(books)) == [("a", 1)]
    assert _names(await _events(books, who=platform(), size=1)) == [("a", 1), ("g", 1)]
    assert _names(await _events(books, who=platform("globex"))) == [("g", 1)]
    assert [(use.tenant_id, use.events) for use in await _queue(books)] == [("acme", 1)]
    assert [use.tenant_id for use in await _queue(books, platform(), size=1)] == ["acme", "globex"]


async def test_a_token_is_of_one_question(books: TestLedger) -> None:
    await books.write(cost_record("a", usage_offset=0), cost_record("b", usage_offset=1))
    queries = _queries(books)
    request = ListEventsRequest(start_unix_micros=START, end_unix_micros=END, page_size=1)
    request.page_token = (await queries.list_events(request, viewer())).next_page_token
    assert request.page_token
    request.only_unpriced = True
    with pytest.raises(InvalidArgumentError, match="page_token"):
        await queries.list_events(request, viewer())


async def test_the_queue_says_what_how_much_and_since_when(books: TestLedger) -> None:
    await books.write(
        _unpriced("a", 0, time=START + HOUR + 5),
        _unpriced("b", 1, time=START + 3 * HOUR + 7),
        _unpriced("c", 2, time=START, model="new-2", service_tier="flex"),
        cost_record("d", usage_offset=3, time=START, model="new-1"),
        _priced_late("c", 4, time=START, model="new-2", service_tier="flex"),
    )
    [use] = await _queue(books)
    assert (use.provider, use.model, use.service_tier) == (use.provider, "new-1", "")
    assert list(use.buckets) == ["input_tokens", "output_tokens"]
    assert (use.events, money.from_proto(use.shadow_cost)) == (2, 140)
    assert (use.first_hour_unix_micros, use.last_hour_unix_micros) == (START + HOUR, START + 3 * HOUR)
    assert use.quantities == Quantities(input_tokens=2_000, output_tokens=400, requests=2)


async def test_a_queue_without_anything_in_it(books: TestLedger) -> None:
    await books.write(cost_record("a", usage_offset=0), _unpriced("b", 1), _priced_late("b", 2))
    assert await _queue(books) == []
