"""Events as they stand and the queue of use without a price, on the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from finops.cost.v1.cost_pb2 import Booked, CostRecord
from finops.ledger.v1.ledger_pb2 import ListEventColumnsRequest, ListEventsRequest, ListUnpricedRequest, UnpricedUse
from finops.usage.v1.usage_pb2 import OUTCOME_CACHE_HIT, Measurement, Quantities

from services.common import money
from services.common.auth import Principal
from services.common.clock import DAY, HOUR, Micros
from services.common.dimensions import quantities
from services.common.errors import InvalidArgumentError
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.column_reader import ClickHouseEventColumns
from services.ledger.adapters.event_reader import ClickHouseEvents
from services.ledger.adapters.unpriced_reader import ClickHouseUnpriced
from services.ledger.handlers.event_columns import EventColumnQueries
from services.ledger.handlers.events import EventQueries
from services.pricing.adapters.rerate import booked_columns
from services.pricing.domain.rating import FREE_OUTCOMES
from services.pricing.domain.revisions import Costs
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
            break
    request.ClearField("page_token")
    await _told_alike_as_columns(books, request, found, who or viewer())
    return found


async def _told_alike_as_columns(
    books: TestLedger, asked: ListEventsRequest, records: list[CostRecord], who: Principal
) -> None:
    """The same events in the same order, with all that prices them and what they cost; and those asked for by key."""
    told: list[tuple[object, ...]] = []
    token = ""
    while True:
        request = ListEventColumnsRequest(
            start_unix_micros=asked.start_unix_micros, end_unix_micros=asked.end_unix_micros, filter=asked.filter,
            only_unpriced=asked.only_unpriced, page_size=asked.page_size, page_token=token,
        )  # fmt: skip
        answer = await EventColumnQueries(ClickHouseEventColumns(books.clickhouse)).list_columns(request, who)
        columns = booked_columns(answer)
        keys = columns.keys(np.arange(len(columns)))
        for row, key in enumerate(keys):
            kind = columns.kinds[columns.kind[row]]
            used = {bucket: int(column[row]) for bucket, column in columns.quantities.items() if column[row]}
            costs = tuple(int(column[row]) for column in columns.costs)
            told.append((key, kind[:4], int(columns.times[row]), {} if kind.apart else used, costs, kind.apart))
        token = answer.next_page_token
        if not token:
            break
    assert [key for key, *_ in told] == [record.usage.event_key for record in records]
    for record, (_, kind, time, used, costs, apart) in zip(records, told, strict=True):
        usage = record.usage
        named = (usage.provider, usage.model, usage.service_tier, usage.batch, usage.region)
        free = usage.outcome in FREE_OUTCOMES
        assert kind == (usage.tenant_id, named, free, frozenset(record.rating.unpriced_buckets))
        assert (time, used) == (usage.time_unix_micros, {} if apart else quantities(usage.quantities))
        assert costs == Costs.of(record.rating)
        billed = bool(usage.quantities.seats) or record.rating.price_id.endswith(" (billed)")
        assert apart == billed or (asked.only_unpriced and record.revision > 1)
    chosen = records[::2]
    if chosen:
        some = ListEventsRequest(event_keys=[record.usage.event_key for record in chosen], page_size=1_000)
        some.MergeFrom(asked)
        some.page_size = 1_000
        assert list((await _queries(books).list_events(some, who)).events) == chosen


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


async def test_seats_billed_amounts_and_what_a_revision_counts_are_told_apart(books: TestLedger) -> None:
    grown = cost_record("grown", usage_offset=3, revision=2, time=NOON + 3, delta=Quantities(input_tokens=5),
                        quantities=Quantities(input_tokens=105, output_tokens=10))  # fmt: skip
    grown.events_delta = 0
    first = cost_record(
        "grown", usage_offset=2, time=NOON + 3, quantities=Quantities(input_tokens=100, output_tokens=10)
    )
    seat = cost_record("seat", usage_offset=0, time=NOON + 1, quantities=Quantities(seats=1))
    billed = cost_record("billed", usage_offset=1, time=NOON + 2)
    billed.rating.price_id = "vendor (billed)"
    cached = cost_record("cached", usage_offset=4, time=NOON + 4, cost_picos=0)
    cached.usage.outcome = OUTCOME_CACHE_HIT
    views = cost_record("views", usage_offset=5, time=NOON + 5)
    views.rating.list_cost_picos, views.rating.contracted_cost_picos, views.rating.billed_cost_picos = 9, 8, 0
    await books.write(seat, billed, first, grown, cached, views)
    for size in (1, 2, 100):
        assert len(await _events(books, size=size)) == 5


async def test_wrong_keys_and_sizes_are_refused(books: TestLedger) -> None:
    range_ = {"start_unix_micros": START, "end_unix_micros": END}
    for keys in ([b"short"], [bytes(16)] * 1_001):
        with pytest.raises(InvalidArgumentError, match="key"):
            await _queries(books).list_events(ListEventsRequest(**range_, event_keys=keys), viewer())
    columns = EventColumnQueries(ClickHouseEventColumns(books.clickhouse))
    with pytest.raises(InvalidArgumentError, match="negative"):
        await columns.list_columns(ListEventColumnsRequest(**range_, page_size=-1), viewer())
    with pytest.raises(InvalidArgumentError, match="repeat"):
        await columns.list_columns(ListEventColumnsRequest(**range_, page_token="no"), viewer())
    assert (await columns.list_columns(ListEventColumnsRequest(**range_), viewer())).kinds == []


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
