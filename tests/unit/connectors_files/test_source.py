"""A folder and a bucket (moto's S3 server) that are written to between polls."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from services.common.errors import UnavailableError
from services.connectors.adapters.objects import ObjectFolder
from services.connectors.domain.connector import SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event
from services.connectors.files.deliveries import deliveries
from services.connectors.files.source import FILES, FileSource
from services.connectors.handlers.poll import transfer
from services.connectors.handlers.poll_ports import Refused
from services.connectors.settings import ConnectorOptions

# It has no types of its own.
boto3: Any = pytest.importorskip("boto3")

HEADER = (
    "bill_payer_account_id,bill_billing_period_start_date,line_item_usage_account_id,line_item_usage_start_date,"
    "line_item_product_code,line_item_usage_type,line_item_usage_amount,line_item_unblended_cost,pricing_unit\n"
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def _row(hour: int, thousands: int, cost: str, day: int = 20) -> str:
    return (
        f"1,2026-11-01T00:00:00Z,2,2026-11-{day:02d}T{hour:02d}:00:00Z,AmazonBedrock,USE1-Claude3Sonnet-input-tokens,"
        f"{thousands},{cost},1K tokens\n"
    )


class Ingest:
    """The last word on each event."""

    def __init__(self) -> None:
        self.events: dict[str, Any] = {}

    @property
    def cost(self) -> Decimal:
        return sum((Decimal(event["source_cost"]) for event in self.events.values()), Decimal(0))

    @property
    def tokens(self) -> int:
        return sum(event["usage"].get("input_tokens", 0) for event in self.events.values())


class Polled:
    """A source, polled again and again."""

    def __init__(self, url: str, **options: str) -> None:
        self.options = {"url": url, **options}
        self.source = FileSource()
        self.ingest = Ingest()

    async def poll(self, start: datetime = START, until: int = 10**9) -> list[Any]:
        """The rows it gave, up to `until` pages."""
        rows: list[Any] = []
        pages: AsyncIterator[Any] = self.source.pages(None, Window(start, start + timedelta(days=400)), self.options)  # type: ignore[arg-type]
        count = 0
        async for page in pages:
            rows += page
            self.ingest.events.update({row["id"]: row for row in page if not isinstance(row, Unreadable)})
            count += 1
            if count >= until:
                await pages.aclose()  # type: ignore[attr-defined]
                break
        return rows


def _write(path: Path, *rows: str, header: str = HEADER) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "".join(rows))


async def test_a_bill_that_is_written_anew(tmp_path: Path) -> None:
    month = tmp_path / "cur" / "data" / "BILLING_PERIOD=2026-11"
    _write(month / "cur-00001.csv", _row(1, 10, "0.03"), _row(2, 20, "0.06"))
    _write(month / "cur-00002.csv", _row(2, 5, "0.015"), _row(3, 30, "0.09"))
    (tmp_path / "cur" / "metadata").mkdir()
    (tmp_path / "cur" / "metadata" / "cur-Manifest.json").write_text("{}")
    polled = Polled(str(tmp_path))
    assert len(await polled.poll()) == 3  # The second hour's rows are in both parts.
    assert (polled.ingest.tokens, polled.ingest.cost) == (65_000, Decimal("0.195"))
    assert await polled.poll() == []

    _write(month / "cur-00002.csv", _row(2, 6, "0.018"), _row(3, 30, "0.09"))
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (66_000, Decimal("0.198"))

    # The third hour is gone, the first one moved into another part.
    _write(month / "cur-00001.csv", _row(2, 20, "0.06"))
    _write(month / "cur-00002.csv", _row(1, 10, "0.03"))
    rows = await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (30_000, Decimal("0.09"))
    assert [row["usage"] for row in rows if row["source_cost"] == "0"] == [{}]

    # One part fewer.
    (month / "cur-00002.csv").unlink()
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (20_000, Decimal("0.06"))
    assert await polled.poll() == []

    # All of it cleaned up: nothing is taken back.
    (month / "cur-00001.csv").unlink()
    assert await polled.poll() == []
    assert polled.ingest.tokens == 20_000


async def test_runs_that_are_kept_beside_each_other(tmp_path: Path) -> None:
    """Only the newest run of a month counts, whatever else lies there."""
    month = tmp_path / "data" / "BILLING_PERIOD=2026-11"
    first = month / "2026-11-20T10:00:00.000Z-0f2e1a34-0000-4000-8000-000000000001"
    second = month / "2026-11-21T10:00:00.000Z-0f2e1a34-0000-4000-8000-000000000002"
    polled = Polled(tmp_path.as_uri())
    _write(first / "cur-00001.csv", _row(1, 10, "0.03"), _row(2, 20, "0.06"))
    os.utime(first / "cur-00001.csv", (1_700_000_000, 1_700_000_000))
    await polled.poll()
    _write(second / "cur-00001.csv", _row(1, 11, "0.033"))
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (11_000, Decimal("0.033"))
    assert await polled.poll() == []


async def test_a_poll_that_broke_off_is_done_again(tmp_path: Path) -> None:
    _write(tmp_path / "bill" / "a.csv", *[_row(hour, 1, "0.001", day) for day in range(1, 29) for hour in range(24)])
    polled = Polled(str(tmp_path), state=str(tmp_path / "state.sqlite"))
    assert len(await polled.poll(until=1)) == 500
    assert len(await polled.poll()) == 28 * 24
    assert await polled.poll() == []
    again = Polled(str(tmp_path), state=str(tmp_path / "state.sqlite"))
    assert await again.poll() == []
    forgetful = Polled(str(tmp_path))
    await forgetful.poll()
    assert forgetful.ingest.events == polled.ingest.events


async def test_after_a_restart_rows_are_still_taken_back(tmp_path: Path) -> None:
    _write(tmp_path / "bill" / "a.csv", _row(1, 10, "0.03"), _row(2, 20, "0.06"))
    polled = Polled(str(tmp_path), state=str(tmp_path / "state.sqlite"))
    await polled.poll()
    _write(tmp_path / "bill" / "a.csv", _row(1, 10, "0.03"))
    polled.source = FileSource()
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (10_000, Decimal("0.03"))


async def test_only_from_the_start_of_the_window_on(tmp_path: Path) -> None:
    _write(tmp_path / "a.csv", _row(1, 10, "0.03", 10), _row(2, 20, "0.06", 20))
    polled = Polled(str(tmp_path))
    assert [row["usage"] for row in await polled.poll(datetime(2026, 11, 15, tzinfo=UTC))] == [{"input_tokens": 20_000}]


async def test_other_files_are_read_one_by_one(tmp_path: Path) -> None:
    header = "id,time,model,input_tokens\n"
    _write(tmp_path / "usage" / "1.csv", "a,2026-11-20,gpt-4o,5\n", header=header)
    _write(tmp_path / "usage" / "2.csv", "b,2026-11-20,gpt-4o,6\n", "c,soon,gpt-4o,6\n", header=header)
    polled = Polled(str(tmp_path))
    good, other, bad = await polled.poll()
    assert (good["id"], other["id"]) == ("a", "b")
    assert bad == Unreadable(
        "usage/2.csv:3", "column 'time' as time: 'soon' is no time: write it such as 2026-11-23T12:00:00Z"
    )
    _write(tmp_path / "usage" / "3.csv", "d,2026-11-20,gpt-4o,7\n", header=header)
    assert [row["id"] for row in await polled.poll()] == ["d"]
    # A row that is no longer there is revised to nothing, and one that another file has too is not.
    _write(tmp_path / "usage" / "3.csv", "b,2026-11-20,gpt-4o,6\n", header=header)
    rows = {row["id"]: row["usage"] for row in await polled.poll()}
    assert rows == {"b": {"input_tokens": 6}, "d": {"requests": 0}}
    (tmp_path / "usage" / "2.csv").write_text(header)
    assert await polled.poll() == []
    (tmp_path / "usage" / "1.csv").unlink()
    assert await polled.poll() == []


async def test_a_file_that_cannot_be_read_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "broken.csv.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    (tmp_path / "a" / "empty.csv").write_bytes(b"")
    (tmp_path / "a" / "other.csv").write_text("some,thing\n1,2\n")
    _write(tmp_path / "b" / "bill.csv", _row(1, 10, "0.03"))
    polled = Polled(str(tmp_path))
    rows = await polled.poll()
    assert polled.ingest.tokens == 10_000
    reasons = {row.row_id: row.reason for row in rows if isinstance(row, Unreadable)}
    assert set(reasons) == {"a/broken.csv.gz", "a/empty.csv", "a/other.csv"}
    assert "damaged or cut short" in reasons["a/broken.csv.gz"]
    assert reasons["a/empty.csv"] == "a/empty.csv: is empty"
    assert "no column is the time" in reasons["a/other.csv"]


async def test_a_damaged_part_takes_nothing_back(tmp_path: Path) -> None:
    _write(tmp_path / "bill" / "1.csv", _row(1, 10, "0.03"))
    (tmp_path / "bill" / "2.csv").write_bytes(gzip.compress((HEADER + _row(2, 20, "0.06")).encode()))
    (tmp_path / "bill" / "notes.csv").write_text("some,thing\n1,2\n")
    polled = Polled(str(tmp_path))
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (30_000, Decimal("0.09"))
    whole = (tmp_path / "bill" / "2.csv").read_bytes()
    (tmp_path / "bill" / "2.csv").write_bytes(whole[:-10])
    _write(tmp_path / "bill" / "1.csv", _row(1, 11, "0.033"))
    reasons = [row.reason for row in await polled.poll()]
    assert any("damaged or cut short" in reason for reason in reasons)
    assert (polled.ingest.tokens, polled.ingest.cost) == (30_000, Decimal("0.09"))
    (tmp_path / "bill" / "2.csv").write_bytes(whole)
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (31_000, Decimal("0.093"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "ftp://x/y"}, "is no folder and no object store: use s3://"),
        ({"url": "/nowhere/at/all"}, "nowhere"),
        ({"url": ".", "format": "xml"}, "'xml' is not a valid Format"),
        ({"url": ".", "map": "a"}, "write COLUMN=FIELD"),
        ({"url": ".", "encoding": "klingon"}, "klingon"),
        ({"url": ".", "state": "/proc/none/state"}, "cannot be used"),
    ],
)
async def test_what_cannot_be_meant_is_refused(options: Mapping[str, str], said: str) -> None:
    with pytest.raises(SourceRefusedError, match=said):
        await Polled(**options).poll()


def test_it_is_a_connector() -> None:
    assert FILES.name == "files"
    assert not FILES.options.keys() & FILES.optional.keys()


class _Listed:
    def __init__(self, key: str, minute: int) -> None:
        self.key, self.etag, self.modified = key, key, START + timedelta(minutes=minute)


def test_which_objects_are_one_delivery() -> None:
    guid = "7d3a5f10-0000-4000-8000-00000000000"
    found = deliveries([
        _Listed(f"azure/20261101-20261130/202611201011/{guid}1/part_0_0001.csv.gz", 1),
        _Listed(f"azure/20261101-20261130/202611211011/{guid}2/part_0_0001.csv.gz", 3),
        _Listed(f"azure/20261101-20261130/202611211011/{guid}2/part_1_0001.csv.gz", 2),
        _Listed(f"azure/20261101-20261130/202611211011/{guid}2/manifest.json", 4),
        _Listed("aws/data/BILLING_PERIOD=2026-10/x-00001.snappy.parquet", 1),
        _Listed("aws/data/BILLING_PERIOD=2026-11/x-00001.snappy.parquet", 1),
        _Listed("spark/_temporary/0/part.parquet", 1),
        _Listed(f"{guid}3/top.csv", 1),
    ])  # fmt: skip
    assert [(each.name, [part.key.rpartition("/")[2] for part in each.parts]) for each in found] == [
        ("", ["top.csv"]),
        ("aws/data/BILLING_PERIOD=2026-10", ["x-00001.snappy.parquet"]),
        ("aws/data/BILLING_PERIOD=2026-11", ["x-00001.snappy.parquet"]),
        ("azure/20261101-20261130", ["part_0_0001.csv.gz", "part_1_0001.csv.gz"]),
    ]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


async def test_a_bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3, region_name="eu-central-1")
    client.create_bucket(Bucket="bills", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    def put(key: str, *rows: str) -> None:
        client.put_object(Bucket="bills", Key=key, Body=gzip.compress((HEADER + "".join(rows)).encode()))

    put("finops/cur/data/BILLING_PERIOD=2026-11/cur-00001.csv.gz", _row(1, 10, "0.03"), _row(2, 20, "0.06"))
    put("other/cur-00001.csv.gz", _row(9, 99, "9"))
    polled = Polled("s3://bills/finops", region="eu-central-1", endpoint=s3)
    assert len(await polled.poll()) == 2
    assert await polled.poll() == []
    put("finops/cur/data/BILLING_PERIOD=2026-11/cur-00001.csv.gz", _row(1, 12, "0.036"))
    await polled.poll()
    assert (polled.ingest.tokens, polled.ingest.cost) == (12_000, Decimal("0.036"))
    with pytest.raises(SourceRefusedError, match="s3://nothere/x"):
        await Polled("s3://nothere/x", region="eu-central-1", endpoint=s3).poll()


async def test_more_objects_than_one_page_of_a_listing(tmp_path: Path) -> None:
    for number in range(1_200):
        (tmp_path / f"{number}.csv").write_text("")
    assert len(await ObjectFolder(str(tmp_path)).objects()) == 1_200


class _Sink:
    """Ingest, away from its `away_from`th batch on."""

    def __init__(self, away_from: int) -> None:
        self.away_from = away_from
        self.taken: dict[str, Any] = {}
        self.batches = 0

    async def send(self, events: Sequence[Event]) -> Sequence[Refused]:
        self.batches += 1
        if self.batches >= self.away_from:
            raise UnavailableError("ingest is away")
        self.taken.update({event["id"]: event for event in events})
        return ()


class _Lease:
    def check(self) -> None:
        return


async def _transfer(url: str, sink: _Sink) -> None:
    """As the runtime polls it, without a secret."""
    options = {"name": "bills", "connector": "files", "api_key_env": "KEY", "options": {"url": url}}
    (entry,) = ConnectorOptions.model_validate({"pollers": [options]}).pollers

    async def keep(_accepted: int, _refused: Sequence[Refused]) -> None:
        return

    no_api: Any = None
    await transfer(entry.poller(), no_api, sink, Window(START, START + timedelta(days=400)), keep, _Lease())


async def test_a_delivery_counts_as_read_once_ingest_has_all_of_it(tmp_path: Path) -> None:
    _write(tmp_path / "1" / "bill.csv", *[_row(hour, 1, "0.001", day) for day in range(1, 29) for hour in range(24)])
    _write(tmp_path / "2" / "bill.csv", _row(1, 1, "0.002", 29))
    away = _Sink(away_from=2)
    with pytest.raises(UnavailableError):
        await _transfer(str(tmp_path), away)
    assert len(away.taken) == 500
    back = _Sink(away_from=10)
    await _transfer(str(tmp_path), back)
    assert len(back.taken) == 28 * 24 + 1
    idle = _Sink(away_from=1)
    await _transfer(str(tmp_path), idle)
    assert idle.batches == 0


def test_stores_are_known_by_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What each needs is said before anything is asked over the network."""
    with pytest.raises(SourceRefusedError, match="Account must be specified"):
        ObjectFolder("az://exports/finops")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "mystorage")
    for url in ("az://exports/finops", "abfss://exports@mystorage.dfs.core.windows.net/finops", "gs://bucket/finops"):
        ObjectFolder(url)
    with pytest.raises(SourceRefusedError, match="'region' is not valid for store 'GCS'"):
        ObjectFolder("gs://bucket/finops", {"region": "eu-central-1"})
