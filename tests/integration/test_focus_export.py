"""FOCUS files of a real ledger: exact sums, the official validator's verdict, and the way back in."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from finops.usage.v1.usage_pb2 import CorrectionKind
from pyarrow import parquet

from services.common import money
from services.common.clock import DAY, Micros
from services.common.dimensions import BUCKETS
from services.common.settings import AuthSettings, ClickHouseSettings
from services.connectors.files.mapping import Assignment
from services.connectors.files.reading import Found, Options, Reading
from services.ledger.adapters import export_source
from services.ledger.adapters.export_files import FocusFile
from services.ledger.adapters.export_source import ClickHouseExportSource
from services.ledger.domain.focus.charges import Amounts
from services.ledger.domain.focus.columns import Version
from services.ledger.domain.focus.units import unit_of
from services.ledger.handlers.export import Contents, FocusExport, Format
from tests.integration import focus_validator
from tests.integration.ledger_harness import TestLedger, ledger
from tests.unit.ledger import focus_rules
from tests.unit.ledger.focus_reading import COSTS, picos, read
from tests.unit.ledger.focus_samples import DAY_START, priced, rating, record, samples

TOKENS = {"input_tokens": 1_000}
START, END = DAY_START - 5 * DAY, DAY_START + 5 * DAY
UNPRICED = record("late", TOKENS, rating(unpriced=("input_tokens",), shadow=5))
LATE = [
    UNPRICED,
    record("late", TOKENS, priced(TOKENS), revision=2, before=UNPRICED,
           correction=CorrectionKind.CORRECTION_KIND_LATE_PRICE),
]  # fmt: skip
"""Both revisions are written now, long after March was closed: the second one is a correction."""

NOT_SUPPORTED = {"COMMITMENT_DISCOUNT_SUPPORTED", "CAPACITY_RESERVATION_SUPPORTED"}
"""What metered AI usage has not. All else the validator may ask for."""

BRANCH_NOT_TAKEN = "InvoiceId-C-005-C"
"""InvoiceId is null (C-004) or not null (C-005): the rule is their alternative, which passes, and the validator lists
the branch that was not taken."""

UNREADABLE_CONDITIONS = {
    *(f"{column}Status-C-{rule}-C" for column in ("CommitmentDiscount", "CapacityReservation")
      for rule in ("000", "002", "004")),
    "CostAndUsage-D-000-M",
    "CostAndUsage-D-002-M",
}  # fmt: skip
"""A status must be there where there is a commitment or reservation. Release 2.2.1 does not read this condition as its
own rules write it, and asks for a status in every row of every file; so the rules that sum others up fail too."""


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        await write(opened, [*samples(), *LATE, record("theirs", TOKENS, priced(TOKENS), tenant="globex")])
        yield opened


async def write(books: TestLedger, records: Sequence[CostRecord], partition: int = 0) -> None:
    for offset, each in enumerate(records):
        each.usage_position.offset = offset
    await books.write(*records, partition=partition)


async def export(
    books: TestLedger, path: Path, version: Version = Version.V1_3, *, tenant: str = "acme", reported: bool = False,
    as_of: Micros | None = None,
) -> Amounts:  # fmt: skip
    source = ClickHouseExportSource(books.clickhouse)
    moment = as_of or await source.moment()
    contents = Contents(version, Format(path.suffix[1:]), reported)
    total = Amounts()
    with FocusFile(path, contents.format, version) as file:
        for day in await source.days(tenant, START, END, moment):
            total = total.plus(await FocusExport(source, contents).write(day, moment, file))
    return total


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("version", list(Version))
async def test_sums_are_the_ledger_s_to_the_picodollar(
    books: TestLedger, tmp_path: Path, version: Version, format: Format
) -> None:
    path = tmp_path / f"focus.{format.value}"
    total = await export(books, path, version)
    rows = read(path, version)
    views = ", ".join(f"sum({view}_picos)" for view in ("list_cost", "contracted_cost", "cost", "billed_cost"))
    counts = ", ".join(f"sum({bucket})" for bucket in BUCKETS)
    [[*found]] = await books.clickhouse.query(
        f"SELECT {views}, sum(shadow_cost_picos), sum(events), sum(unpriced_events), {counts} FROM costs_daily "
        "WHERE tenant_id = 'acme' AND measurement = 'metered'"
    )
    assert [picos(rows, column) for column in (*COSTS, "x_ShadowCost")] == found[:5]
    assert [sum(row[name] for row in rows) for name in ("x_Events", "x_UnpricedEvents")] == found[5:7]
    assert (total.listed, total.contracted, total.effective, total.billed) == tuple(found[:4])
    assert focus_rules.violations(rows, version.value) == []
    for bucket, quantity in zip(BUCKETS, found[7:], strict=True):
        of_bucket = [row for row in rows if row["x_Bucket"] == bucket and row["ChargeCategory"] == "Usage"]
        consumed = sum(row["ConsumedQuantity"] for row in of_bucket)
        assert consumed * unit_of(bucket).consumed == quantity, bucket


async def test_each_owner_s_costs_are_the_ledger_s(books: TestLedger, tmp_path: Path) -> None:
    await export(books, tmp_path / "focus.parquet", tenant="")
    rows = read(tmp_path / "focus.parquet", Version.V1_3)
    columns = {"BillingAccountId": "tenant_id", "x_Team": "team", "x_User": "user", "x_Project": "project",
               "x_Key": "key", "x_Tool": "tool", "x_Environment": "environment", "x_Model": "model",
               "x_Source": "source", "x_ServiceTier": "service_tier"}  # fmt: skip
    for column, dimension in columns.items():
        asked = await books.clickhouse.query(
            f"SELECT toString({dimension}), sum(cost_picos) FROM costs_daily WHERE measurement = 'metered' GROUP BY 1"
        )
        exported: dict[str, list[dict[str, object]]] = {}
        for row in rows:
            exported.setdefault(row[column] or "", []).append(row)
        of_ledger = {row[0]: row[1] for row in asked}
        assert {value: picos(group, "EffectiveCost") for value, group in exported.items()} == of_ledger, column


async def test_corrections_of_a_closed_month_stand_apart(books: TestLedger, tmp_path: Path) -> None:
    await export(books, tmp_path / "focus.csv")
    rows = [row for row in read(tmp_path / "focus.csv", Version.V1_3) if row["ChargeClass"] == "Correction"]
    assert {row["x_CorrectionKind"] for row in rows} == {"late_price"}
    assert picos(rows, "EffectiveCost") == 2_500_000_000
    assert all(row["BillingPeriodStart"] > row["ChargePeriodEnd"] for row in rows)
    assert sum(row["x_UnpricedEvents"] for row in rows) == -1


async def test_reported_figures_are_an_export_of_their_own(books: TestLedger, tmp_path: Path) -> None:
    total = await export(books, tmp_path / "focus.csv", reported=True)
    rows = read(tmp_path / "focus.csv", Version.V1_3)
    assert total.effective == 9 * 10**12
    assert {row["x_Measurement"] for row in rows} == {"reported"}


async def test_an_export_is_as_of_a_moment(books: TestLedger, tmp_path: Path) -> None:
    moment = await ClickHouseExportSource(books.clickhouse).moment()
    before = await export(books, tmp_path / "before.csv", as_of=moment)
    await write(books, [record("since", TOKENS, priced(TOKENS))], partition=1)
    assert await export(books, tmp_path / "again.csv", as_of=moment) == before
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "before.csv").read_bytes()
    assert (await export(books, tmp_path / "after.csv")).effective == before.effective + 2_500_000_000


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_pages_never_part_an_event(
    books: TestLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    whole = await export(books, tmp_path / "whole.csv")
    monkeypatch.setattr(export_source, "PAGE", page)
    assert await export(books, tmp_path / "pages.csv") == whole
    assert (tmp_path / "pages.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("format", list(Format))
async def test_the_official_validator_finds_no_fault(
    books: TestLedger, tmp_path: Path, version: Version, format: Format
) -> None:
    """A file of 1.3 has all columns of 1.2 too, and must keep their rules."""
    validator = focus_validator.installed()
    path = tmp_path / f"focus.{format.value}"
    await export(books, path, version)
    verdict = validator.judge(path, validator.criteria)
    assert verdict.failed - UNREADABLE_CONDITIONS == {BRANCH_NOT_TAKEN}
    assert verdict.passed > 350


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_without_what_metered_use_has_not_every_rule_is_kept(books: TestLedger, tmp_path: Path) -> None:
    """Those of unreadable conditions, too: each sums up rules that were judged, whatever the file's format."""
    validator = focus_validator.installed()
    await export(books, tmp_path / "focus.parquet", Version.V1_2)
    verdict = validator.judge(tmp_path / "focus.parquet", validator.criteria - NOT_SUPPORTED)
    assert verdict.failed == {BRANCH_NOT_TAKEN}
    assert verdict.passed > 250


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_official_validator_does_find_faults(books: TestLedger, tmp_path: Path) -> None:
    validator = focus_validator.installed()
    await export(books, tmp_path / "focus.parquet", Version.V1_2)
    table = parquet.read_table(tmp_path / "focus.parquet")
    wrong = pa.array(["dollars"] * len(table))
    at = table.column_names.index("BillingCurrency")
    changed = table.set_column(at, "BillingCurrency", wrong).drop(["ServiceName"])
    parquet.write_table(changed, tmp_path / "wrong.parquet")
    failed = validator.judge(tmp_path / "wrong.parquet", validator.criteria - NOT_SUPPORTED).failed
    assert {"CostAndUsage-D-041-M", "BillingCurrency-C-000-M", "BillingCurrency-C-003-M"} <= failed


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("version", list(Version))
async def test_our_own_importer_reads_a_file_back(
    books: TestLedger, tmp_path: Path, version: Version, format: Format
) -> None:
    path = tmp_path / f"focus.{format.value}"
    total = await export(books, path, version)
    assignments = [Assignment(f"x_{name.title()}", name) for name in ("team", "user", "key", "environment", "tool")]
    events = [each.event for each in Reading([path], Options(assignments=assignments)) if isinstance(each, Found)]
    assert sum((Decimal(event["source_cost"]) for event in events), Decimal(0)) == money.to_decimal(total.effective)
    by_model: dict[str, Decimal] = {}
    for event in events:
        by_model[event["model"]] = by_model.get(event["model"], Decimal(0)) + Decimal(event["source_cost"])
    asked = await books.clickhouse.query(
        "SELECT if(model = '', 'unknown', toString(model)), sum(cost_picos) FROM costs_daily "
        "WHERE tenant_id = 'acme' AND measurement = 'metered' GROUP BY 1"
    )
    assert by_model == {row[0]: money.to_decimal(row[1]) for row in asked}
    [ann] = {event["project"] for event in events if event.get("user") == "ann@example.com"}
    assert ann == "ranker"
    tokens = sum(int(event["usage"].get("output_tokens", 0)) for event in events)
    [[expected]] = await books.clickhouse.query(
        "SELECT sum(output_tokens) FROM costs_daily WHERE tenant_id = 'acme' AND measurement = 'metered'"
    )
    assert tokens == expected


@pytest.mark.slow
async def test_the_command(
    books: TestLedger, clickhouse_settings: ClickHouseSettings, auth_settings: AuthSettings, tmp_path: Path
) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "AIFINOPS_CLICKHOUSE__URL": clickhouse_settings.url,
            "AIFINOPS_CLICKHOUSE__DATABASE": clickhouse_settings.database,
            "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "AIFINOPS_AUTH__SERVICE_KEY": auth_settings.service_key.get_secret_value(),
        }
        return subprocess.run(
            [sys.executable, "-m", "services.allinone.cli", "export", *arguments],
            env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    async def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(run, *arguments)

    span = ("--start", "2026-03-01", "--end", "2026-04-01")
    done = await command("focus", *span, "--to", str(tmp_path / "march.parquet"), "--tenant", "acme")
    assert done.returncode == 0, done.stderr
    expected = await export(books, tmp_path / "expected.parquet")
    assert f"effective ${money.format_dollars(expected.effective)}" in done.stderr
    assert "unpriced events: 2" in done.stderr
    assert picos(read(tmp_path / "march.parquet", Version.V1_3), "EffectiveCost") == expected.effective

    done = await command("focus", *span, "--to", f"{tmp_path}/", "--version", "1.2", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = read(tmp_path / "focus-1.2_2026-03-01_2026-04-01.csv", Version.V1_2)
    assert {row["BillingAccountId"] for row in rows} == {"acme", "globex"}
    assert (await command("focus", *span, "--to", "-")).stdout.startswith("AllocatedMethodDetails,")

    done = await command("costs", *span, "--group-by", "team,model", "--format", "csv", "--tenant", "acme")
    assert done.returncode == 0, done.stderr
    header, *lines = done.stdout.splitlines()
    assert header.startswith("time,team,model,cost,list_cost,contracted_cost,billed_cost,shadow_cost,events,")
    for column, total in ((3, expected.effective), (4, expected.listed), (6, expected.billed)):
        assert sum(Decimal(line.split(",")[column]) for line in lines) == money.to_decimal(total)

    # The samples are of noon, UTC, on March 10: that is the 11th already where it is 14 hours later.
    done = await command("costs", *span, "--timezone", "Pacific/Kiritimati", "--format", "json", "--tenant", "acme")
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (row["time"], Decimal(row["cost"])) == ("2026-03-10T10:00:00Z", money.to_decimal(expected.effective))
    done = await command("costs", *span, "--timezone", "Mars/Olympus")
    assert (done.returncode, "is no IANA zone" in done.stderr) == (2, True)

    done = await command("focus", "--start", "2026-04-01", "--end", "2026-03-01", "--to", "x.csv")
    assert (done.returncode, "must come after" in done.stderr) == (2, True)
    done = await command("focus", *span, "--to", "ftp://somewhere/x.csv")
    assert (done.returncode, "no folder and no object store" in done.stderr) == (2, True)
