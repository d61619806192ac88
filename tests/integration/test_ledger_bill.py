"""Spend against the bill on the real engine: two tenants, corrections, doubled entries, monitoring."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from finops.cost.v1.cost_pb2 import CostRecord, RatingStatus
from finops.ledger.v1.ledger_pb2 import BillCause, ReconcileBillRequest, ReconcileBillResponse
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, Outcome, Quantities
from prometheus_client import REGISTRY

from services.common import money
from services.common.auth import Principal
from services.common.clock import DAY, HOUR, ManualClock
from services.common.errors import InvalidArgumentError
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.bill_metrics import BillMeasures
from services.ledger.adapters.bill_reader import ClickHouseBills
from services.ledger.handlers.bill import BillQueries, BillWatch
from tests.integration.ledger_harness import TestLedger, ledger, platform, viewer
from tests.unit.ledger.records import NOON, cost_record

START = NOON - NOON % DAY
DOLLAR = money.PICOS_PER_DOLLAR
M = 10**6


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        yield opened


def _amount(
    name: str, dollars: str, offset: int, *, line_item: str = "", tenant: str = "acme", model: str = "gpt-4o"
) -> CostRecord:
    """A row of OpenAI's cost report, as the rater leaves it."""
    record = cost_record(
        name, usage_offset=offset, tenant=tenant, time=START, cost_picos=money.parse_dollars(dollars),
        quantities=Quantities(), measurement=MEASUREMENT_REPORTED, tags={"line_item": line_item} if line_item else {},
        source="openai-costs", project="p1", key="k1", team="", model=model,
    )  # fmt: skip
    record.rating.price_id = "openai-costs (billed)"
    return record


def _usage(name: str, offset: int, tenant: str = "acme", **tokens: int) -> CostRecord:
    return cost_record(
        name, usage_offset=offset, tenant=tenant, time=START + 5 * HOUR, cost_picos=0, quantities=Quantities(**tokens),
        measurement=MEASUREMENT_REPORTED, source="openai-usage", project="p1", key="k1", team="",
    )  # fmt: skip


def _metered(name: str, dollars: str, offset: int, tenant: str = "acme", **tokens: int) -> CostRecord:
    return cost_record(
        name, usage_offset=offset, tenant=tenant, cost_picos=money.parse_dollars(dollars), project="p1", key="k1",
        quantities=Quantities(**tokens),
    )  # fmt: skip


async def _asked(
    books: TestLedger, who: Principal | None = None, days: int = 1, provider: str = ""
) -> ReconcileBillResponse:
    request = ReconcileBillRequest(start_unix_micros=START, end_unix_micros=START + days * DAY, provider=provider)
    return await BillQueries(ClickHouseBills(books.clickhouse)).reconcile_bill(request, who or viewer())


def _told(explained: object) -> dict[str, str]:
    return {
        BillCause.Name(each.cause).removeprefix("BILL_CAUSE_"): money.format_dollars(money.from_proto(each.amount))
        for each in explained.explanations  # type: ignore[attr-defined]
    }


# Billed: 4M input for $10, 1M output for $10, web searches for $0.50. Metered: 3M input and all output for $17.50.
ACME = (
    _amount("in", "10", 0, line_item="gpt-4o-2024-08-06, input", model="gpt-4o-2024-08-06"),
    _amount("out", "10", 1, line_item="gpt-4o-2024-08-06, output", model="gpt-4o-2024-08-06"),
    _amount("web", "0.5", 2, line_item="web search tool calls", model=""),
    _usage("hour", 3, input_tokens=4 * M, output_tokens=M),
    _metered("req-1", "7.5", 4, input_tokens=3 * M),
    _metered("req-2", "10", 5, output_tokens=600_000, reasoning_tokens=400_000),
)
ZETA = (_amount("in", "99", 6, tenant="zeta"), _metered("req-1", "90", 7, tenant="zeta", input_tokens=M))


async def test_each_tenant_has_its_own_bill(books: TestLedger) -> None:
    await books.write(*ACME, *ZETA)
    answer = await _asked(books)
    assert {(line.tenant_id, line.model): _told(line) for line in answer.lines} == {
        ("acme", ""): {"UNEXPLAINED": "0.500000000000"},
        ("acme", "gpt-4o"): {"MISSING_EVENTS": "2.500000000000"},
    }
    [provider] = answer.providers
    assert (provider.reported.units, provider.reported.picos) == (20, DOLLAR // 2)
    assert (provider.metered.units, provider.metered.picos) == (17, DOLLAR // 2)
    assert provider.difference.units == 3
    assert _told(provider) == {"MISSING_EVENTS": "2.500000000000", "UNEXPLAINED": "0.500000000000"}
    assert (provider.days, provider.days_reported) == (1, 1)
    assert provider.last_report_unix_micros > NOON
    assert {line.cost_source for line in answer.lines} == {"openai-costs"}
    [theirs] = (await _asked(books, viewer("zeta"))).lines
    assert (theirs.tenant_id, _told(theirs)) == ("zeta", {"UNEXPLAINED": "9.000000000000"})


async def test_the_platform_sees_everybody_and_adds_nobody_up(books: TestLedger) -> None:
    await books.write(*ACME, *ZETA)
    answer = await _asked(books, platform())
    assert [(p.tenant_id, p.difference.units) for p in answer.providers] == [("acme", 3), ("zeta", 9)]


async def test_a_bill_that_grew_counts_its_last_figure(books: TestLedger) -> None:
    grown = _amount("in", "12", 8, line_item="gpt-4o-2024-08-06, input", model="gpt-4o-2024-08-06")
    grown.revision, grown.cost_delta_picos = 2, 2 * DOLLAR
    await books.write(*ACME, grown)
    lines = {line.model: line for line in (await _asked(books)).lines}
    # 4M input for $12: one million of them, not metered, is 3. The other three cost 9 instead of 7.50.
    assert _told(lines["gpt-4o"]) == {"MISSING_EVENTS": "3.000000000000", "PRICE": "1.500000000000"}


async def test_an_entry_written_twice_counts_once(books: TestLedger) -> None:
    await books.write(*ACME)
    await books.clickhouse.command("SYSTEM STOP MERGES cost_entries")
    await books.write(*ACME, incarnation="life-2")
    assert await books.clickhouse.query("SELECT count() FROM cost_entries") == [(2 * len(ACME),)]
    assert (await _asked(books)).providers[0].reported.units == 20


async def test_a_provider_nobody_reports(books: TestLedger) -> None:
    await books.write(*ACME, cost_record("x", usage_offset=9, cost_picos=3 * DOLLAR, provider="mistral"))
    answer = await _asked(books)
    [mistral] = [provider for provider in answer.providers if provider.provider == "mistral"]
    assert (mistral.days, mistral.days_reported, mistral.last_report_unix_micros) == (1, 0, 0)
    assert _told(mistral) == {"NO_REPORT": "-3.000000000000"}
    assert [provider.provider for provider in (await _asked(books, provider="mistral")).providers] == ["mistral"]


async def test_tokens_that_count_nothing_are_suspicious_unless_free_or_unpriced(books: TestLedger) -> None:
    streamed = [
        cost_record(f"s{n}", usage_offset=n, cost_picos=0, quantities=Quantities(output_tokens=50)) for n in (0, 1)
    ]
    cached = cost_record("cached", usage_offset=2, cost_picos=0, model="cached")
    cached.usage.outcome = Outcome.OUTCOME_CACHE_HIT
    unpriced = cost_record("unpriced", usage_offset=3, cost_picos=0, model="unpriced", shadow_picos=5, unpriced_delta=1)
    unpriced.rating.status = RatingStatus.RATING_STATUS_UNPRICED
    told = cost_record("told", usage_offset=4, cost_picos=0, model="told")
    told.rating.price_id = "cursor-usage (billed)"
    seat = cost_record("empty", usage_offset=5, cost_picos=0, quantities=Quantities(requests=1), model="empty")
    mended = [
        cost_record("m", usage_offset=6, cost_picos=0, model="mended"),
        cost_record("m", usage_offset=7, model="mended"),
    ]
    mended[1].revision = 2
    mended[1].quantity_delta.Clear()
    theirs = cost_record("s0", usage_offset=8, cost_picos=0, tenant="zeta")
    await books.write(*streamed, cached, unpriced, told, seat, *mended, theirs)
    [found] = (await _asked(books)).suspicious
    assert (found.tenant_id, found.provider, found.model, found.source, found.price_id) == (
        "acme", "openai", "gpt-4o", "checkout-api", "openai/gpt-4o",
    )  # fmt: skip
    assert (found.events, found.tokens, found.first_unix_micros, found.last_unix_micros) == (2, 100, NOON, NOON)


async def test_monitoring_is_told_what_the_last_whole_days_leave_unexplained(books: TestLedger) -> None:
    await books.write(*ACME, *ZETA, cost_record("x", usage_offset=9, cost_picos=3 * DOLLAR, provider="mistral"))
    clock = ManualClock(START + DAY + HOUR)
    await BillWatch(ClickHouseBills(books.clickhouse), BillMeasures(), clock, days=7).run()
    name = "aifinops_ledger_unexplained_spend_dollars"
    assert REGISTRY.get_sample_value(name, {"provider": "openai"}) == 9.5
    assert REGISTRY.get_sample_value(name, {"provider": "mistral"}) is None
    age = REGISTRY.get_sample_value("aifinops_ledger_bill_report_age_seconds", {"provider": "openai"})
    assert age is not None
    assert 0 <= age < 600
    clock.set(START + HOUR)  # Its day is not over.
    await BillWatch(ClickHouseBills(books.clickhouse), BillMeasures(), clock, days=7).run()
    assert REGISTRY.get_sample_value(name, {"provider": "openai"}) is None


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (START + 1, START + DAY, "start"),
        (START, START + HOUR, "end"),
        (START, START + 93 * DAY, "end"),
        (START, START, "end"),
    ],
)
async def test_only_whole_days_and_not_too_many(books: TestLedger, start: int, end: int, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        request = ReconcileBillRequest(start_unix_micros=start, end_unix_micros=end)
        await BillQueries(ClickHouseBills(books.clickhouse)).reconcile_bill(request, viewer())
    assert [violation.field for violation in refused.value.violations] == [f"{field}_unix_micros"]
