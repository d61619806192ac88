"""Spend against the bill on the real engine: two tenants, corrections, doubled entries, monitoring."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import typer
from finops.cost.v1.cost_pb2 import CostRecord, RatingStatus
from finops.ledger.v1.ledger_pb2 import BillCause, ReconcileBillRequest, ReconcileBillResponse
from finops.ledger.v1.ledger_pb2_grpc import add_LedgerServiceServicer_to_server
from finops.usage.v1.usage_pb2 import MEASUREMENT_REPORTED, Outcome, Quantities
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from services.allinone.commands.reconciliation import reconcile_bill_command
from services.allinone.engines.ports import free_port
from services.common import money
from services.common.auth import Principal
from services.common.clickhouse import migrate
from services.common.clock import DAY, HOUR, ManualClock
from services.common.component import GrpcService
from services.common.errors import InvalidArgumentError
from services.common.grpc.server import GrpcServer
from services.common.keyring import KeyRing
from services.common.settings import AuthSettings, ClickHouseSettings, GrpcSettings
from services.ledger.adapters.bill_metrics import BillMeasures
from services.ledger.adapters.bill_reader import ClickHouseBills
from services.ledger.adapters.column_reader import ClickHouseEventColumns
from services.ledger.adapters.event_reader import ClickHouseEvents
from services.ledger.adapters.servicer import LedgerServicer
from services.ledger.adapters.unpriced_reader import ClickHouseUnpriced
from services.ledger.handlers.bill import BillQueries, BillWatch
from services.ledger.handlers.event_columns import EventColumnQueries
from services.ledger.handlers.events import EventQueries
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


async def test_the_command(
    books: TestLedger, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await migrate(clickhouse_settings, ["services.common.migrations"])
    await books.write(*ACME, *ZETA)
    async with served(books, auth_settings) as address:
        environment = {
            "AUTH__ADMIN_KEY": auth_settings.admin_key.get_secret_value(),
            "AUTH__SERVICE_KEY": auth_settings.service_key.get_secret_value(),
            "PEERS__LEDGER": address,
            "CLICKHOUSE__URL": clickhouse_settings.url,
            "KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9",  # Nothing is asked of it.
        }
        for name, value in environment.items():
            monkeypatch.setenv(f"AIFINOPS_{name}", value)
        span = ["--start", "2026-03-10", "--end", "2026-03-11"]
        as_table, as_json, as_csv, elsewhere = [
            await _invoked([*span, *more])
            for more in ([], ["--format", "json"], ["--format", "csv"], ["--provider", "mistral"])
        ]
    assert as_table.splitlines() == [
        "openai: 1 of 1 days reported",
        "  reported          20.500000000000",
        "  metered           17.500000000000",
        "  difference         3.000000000000",
        "    missing_events   2.500000000000",
        "    unexplained      0.500000000000",
    ]
    told = json.loads(as_json)
    assert [(line["model"], line["difference"], line["explanations"]) for line in told["lines"]] == [
        ("", "0.500000000000", {"unexplained": "0.500000000000"}),
        ("gpt-4o", "2.500000000000", {"missing_events": "2.500000000000"}),
    ]
    rows = list(csv.DictReader(as_csv.splitlines()))
    assert [(row["day"], row["model"], row["missing_events"], row["cost_source"]) for row in rows] == [
        ("2026-03-10", "", "0.000000000000", "openai-costs"),
        ("2026-03-10", "gpt-4o", "2.500000000000", "openai-costs"),
    ]
    assert elsewhere == "nothing was metered or reported on these days\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--start", "2026-03-11", "--end", "2026-03-11"], "does not lie before --end 2026-03-11"),
        (["--end", "yesterday"], "--end 'yesterday' is not a UTC day such as 2026-11-01"),
    ],
)
def test_the_command_refuses_days_that_are_none(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(_APP, arguments)
    assert (result.exit_code, told in result.output.replace("\n", "")) == (2, True)


_APP = typer.Typer()
_APP.command()(reconcile_bill_command)


async def _invoked(arguments: list[str]) -> str:
    """Its output; in a thread, since the command runs a loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, _APP, arguments)
    assert result.exit_code == 0, result.output
    return result.output


@asynccontextmanager
async def served(books: TestLedger, auth_settings: AuthSettings) -> AsyncIterator[str]:
    """The address of a ledger that answers over gRPC."""
    clock = ManualClock(NOON)
    servicer = LedgerServicer(
        books.queries, EventQueries(ClickHouseEvents(books.clickhouse), ClickHouseUnpriced(books.clickhouse)),
        EventColumnQueries(ClickHouseEventColumns(books.clickhouse)), BillQueries(ClickHouseBills(books.clickhouse)),
    )  # fmt: skip
    service = GrpcService("finops.ledger.v1.LedgerService", servicer, add_LedgerServiceServicer_to_server)
    ring = KeyRing(auth_settings, books.clickhouse, clock)
    server = GrpcServer(GrpcSettings(host="127.0.0.1", port=free_port()), [service], ring)
    await server.start()
    yield f"127.0.0.1:{server.port}"
    await server.stop()
