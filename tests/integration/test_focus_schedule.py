"""The scheduled export of a real ledger: each closed day once, changed days again, nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from finops.cost.v1.cost_pb2 import CostRecord
from moto.server import ThreadedMotoServer

from services.common import money
from services.common.clickhouse import ClickHouse
from services.common.clock import DAY, SECOND
from services.common.settings import ClickHouseSettings
from services.ledger.adapters.export_files import FocusFile
from services.ledger.adapters.export_metrics import FAILURES, FILES, LAST_SUCCESS, ExportMeasures
from services.ledger.adapters.export_source import ClickHouseExportSource
from services.ledger.adapters.export_store import ObjectDestination
from services.ledger.adapters.exports import scheduled
from services.ledger.domain.focus.columns import Version
from services.ledger.handlers.export import Contents, Destination, Format
from services.ledger.handlers.export_schedule import Schedule, ScheduledExport
from services.ledger.settings import ExportOptions
from tests.integration.ledger_harness import TestLedger, ledger
from tests.unit.ledger.focus_reading import picos, read
from tests.unit.ledger.focus_samples import AT, priced, rating, record

TOKENS = {"input_tokens": 1_000}
COST = 2_500_000_000
MARCH = "focus-1.3/metered/tenant=acme/month=2026-03"


@pytest.fixture
async def books(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[TestLedger]:
    async with ledger(clickhouse_settings) as opened:
        await write(
            opened,
            record("monday", TOKENS, priced(TOKENS)),
            record("tuesday", TOKENS, rating(unpriced=("input_tokens",), shadow=5), time=AT + DAY),
            record("theirs", TOKENS, priced(TOKENS), tenant="globex"),
        )
        yield opened


_partition = iter(range(10**6))


async def write(books: TestLedger, *records: CostRecord) -> None:
    for offset, each in enumerate(records):
        each.usage_position.offset = offset
    await books.write(*records, partition=next(_partition))


def schedule(books: TestLedger, destination: Destination, contents: Contents | None = None) -> ScheduledExport:
    """As it is when the process has just started."""
    source = ClickHouseExportSource(books.clickhouse)
    return ScheduledExport(source, destination, FocusFile, contents or Contents(), Schedule(), ExportMeasures())


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def manifest(folder: Path, month: str = MARCH) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / month / "manifest.json").read_text())
    return found


async def test_each_closed_day_once(books: TestLedger, tmp_path: Path) -> None:
    source = ClickHouseExportSource(books.clickhouse)
    now = await source.moment()
    await write(books, record("today", TOKENS, priced(TOKENS), time=now))
    run = schedule(books, ObjectDestination(str(tmp_path)))
    assert await run.run() == 3
    assert await run.run() == 0
    assert written(tmp_path) == [
        f"{MARCH}/2026-03-10.parquet", f"{MARCH}/2026-03-11.parquet", f"{MARCH}/manifest.json",
        f"{MARCH}/2026-03-10.parquet".replace("acme", "globex"), f"{MARCH}/manifest.json".replace("acme", "globex"),
    ]  # fmt: skip
    told = manifest(tmp_path)
    assert (told["specification"], told["version"], told["measurement"]) == ("FOCUS", "1.3", "metered")
    monday, tuesday = told["days"]["2026-03-10"], told["days"]["2026-03-11"]
    content = (tmp_path / MARCH / monday["file"]).read_bytes()
    assert (monday["bytes"], monday["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (monday["rows"], monday["EffectiveCost"]) == (1, money.format_dollars(COST))
    assert (tuesday["unpriced_events"], tuesday["ShadowCost"]) == (1, "0.000000000005")
    assert abs(LAST_SUCCESS._value.get() - now / SECOND) < 60


async def test_what_changed_is_exported_again_also_by_another_process(books: TestLedger, tmp_path: Path) -> None:
    destination = ObjectDestination(str(tmp_path))
    await schedule(books, destination).run()
    untouched = (tmp_path / MARCH / "2026-03-10.parquet").read_bytes()
    again = FILES.labels("changed")._value.get()
    before = record("tuesday", TOKENS, rating(unpriced=("input_tokens",), shadow=5), time=AT + DAY)
    await write(books, record("tuesday", TOKENS, priced(TOKENS), time=AT + DAY, revision=2, before=before))
    restarted = schedule(books, destination)
    assert await restarted.run() == 1
    assert FILES.labels("changed")._value.get() == again + 1
    assert (tmp_path / MARCH / "2026-03-10.parquet").read_bytes() == untouched
    rows = read(tmp_path / MARCH / "2026-03-11.parquet", Version.V1_3)
    assert picos(rows, "EffectiveCost") == COST
    assert {row["ChargeClass"] for row in rows} == {None, "Correction"}
    assert await schedule(books, destination).run() == 0


async def test_an_export_that_looks_otherwise_is_made_anew(books: TestLedger, tmp_path: Path) -> None:
    destination = ObjectDestination(str(tmp_path))
    await schedule(books, destination).run()
    assert await schedule(books, destination, Contents(closing_days=10**4)).run() == 3
    assert await schedule(books, destination, Contents(Version.V1_2, Format.CSV)).run() == 3
    assert (tmp_path / MARCH.replace("1.3", "1.2") / "2026-03-10.csv").exists()


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("{")], ids=["gone", "cut"])
async def test_a_manifest_that_is_lost_or_damaged(
    books: TestLedger, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    destination = ObjectDestination(str(tmp_path))
    await schedule(books, destination).run()
    content = (tmp_path / MARCH / "2026-03-10.parquet").read_bytes()
    damage(tmp_path / MARCH / "manifest.json")
    assert await schedule(books, destination).run() == 2
    assert (tmp_path / MARCH / "2026-03-10.parquet").read_bytes() == content
    assert set(manifest(tmp_path)["days"]) == {"2026-03-10", "2026-03-11"}


async def test_two_replicas_do_the_work_once(books: TestLedger, tmp_path: Path) -> None:
    destination = ObjectDestination(str(tmp_path))
    first, second = schedule(books, destination), schedule(books, destination)
    assert await second.run() == 3
    assert await first.run() == 0
    await write(books, record("late", TOKENS, priced(TOKENS)))
    assert [await first.run(), await second.run()] == [1, 0]


async def test_a_destination_that_refuses_is_told_and_tried_again(books: TestLedger, tmp_path: Path) -> None:
    place = tmp_path / "exports"
    destination = ObjectDestination(str(place))
    (place / "focus-1.3").write_text("in the way")
    failures = FAILURES._value.get()
    run = schedule(books, destination)
    assert await run.run() == 0
    assert FAILURES._value.get() == failures + 1
    (place / "focus-1.3").unlink()
    assert await run.run() == 3


async def test_the_component(books: TestLedger, clickhouse_settings: ClickHouseSettings, tmp_path: Path) -> None:
    clickhouse = ClickHouse(clickhouse_settings)
    options = ExportOptions(to=str(tmp_path), version="1.2", format="csv", interval_seconds=1)
    component = scheduled(options, clickhouse)
    await component.start()
    try:
        expected = tmp_path / MARCH.replace("1.3", "1.2") / "2026-03-11.csv"
        async with asyncio.timeout(30):
            while not expected.exists():
                await asyncio.sleep(0.05)
    finally:
        await component.stop()
        await clickhouse.stop()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, str]]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="finance")
    yield "s3://finance/ai", {"endpoint": endpoint, "region": "us-east-1"}
    server.stop()


async def test_object_storage(books: TestLedger, bucket: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    url, options = bucket
    assert await schedule(books, ObjectDestination(url, options)).run() == 3
    client = boto3.client("s3", endpoint_url=options["endpoint"], region_name="us-east-1")
    path = tmp_path / "monday.parquet"
    client.download_file("finance", f"ai/{MARCH}/2026-03-10.parquet", str(path))
    assert picos(read(path, Version.V1_3), "EffectiveCost") == COST
    assert await schedule(books, ObjectDestination(url, options)).run() == 0


async def test_what_the_ledger_forgot_stays_exported(books: TestLedger, tmp_path: Path) -> None:
    await write(books, record("old", TOKENS, priced(TOKENS)))
    destination = ObjectDestination(str(tmp_path))
    await schedule(books, destination).run()
    await books.clickhouse.command(
        "DELETE FROM cost_entries WHERE tenant_id = 'acme' AND source_event_id = 'old' SETTINGS mutations_sync = 2"
    )
    assert await schedule(books, destination).run() == 0
    assert picos(read(tmp_path / MARCH / "2026-03-10.parquet", Version.V1_3), "EffectiveCost") == 2 * COST
