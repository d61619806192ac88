"""Whole bills to reported events; the expected figures are worked out by hand from tests/golden/files."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from services.connectors.files.billing.charges import About, Charge, Charges
from services.connectors.files.mapping import Assignment, MappingError
from services.connectors.files.reading import Found, Options, Reading, Unusable
from services.ingest.domain.context import Context
from services.ingest.domain.sources import native
from services.ingest.domain.times import TimeWindow
from tests.unit.ingest.building import NOW

_ABOUT = About(
    billing_account="1", billing_period="2026-11-01", time="2026-11-20T00:00:00Z", provider="aws", tool="", meter="m",
    category="Usage", model="", bucket="input_tokens", tier="", batch=False, region="", project="", team="", user="",
    key="", environment="", tags=(),
)  # fmt: skip

GOLDEN = Path(__file__).parents[2] / "golden" / "files"


def _read(*paths: Path, options: Options | None = None) -> tuple[list[Any], list[Unusable], Reading]:
    reading = Reading(paths, options or Options())
    items = list(reading)
    return (
        [item.event for item in items if isinstance(item, Found)],
        [item for item in items if isinstance(item, Unusable)],
        reading,
    )


def _by_meter(events: list[Any], field: str = "meter") -> dict[str, Any]:
    return {event["tags"][field] + event["tags"].get("charge", ""): event for event in events}


def test_a_cost_and_usage_report() -> None:
    events, unusable, reading = _read(GOLDEN / "cur2.csv")
    assert unusable == []
    assert (reading.rows, reading.passed_over) == (8, 1)
    found = _by_meter(events)
    assert len(events) == 6
    # Two rows of 900.5 and 99.5 thousand tokens: one event of a million, 2.7015 + 0.2985 dollars.
    sonnet = found["USE1-Claude4.6Sonnet-input-tokens"]
    assert sonnet["usage"] == {"input_tokens": 1_000_000}
    assert sonnet["source_cost"] == "3"
    assert {name: sonnet.get(name) for name in ("source", "time", "provider", "model", "tool", "measurement")} == {
        "source": "aws-cur", "time": "2026-11-20T10:00:00Z", "provider": "aws", "model": "claude-sonnet-4-6",
        "tool": "amazon-bedrock", "measurement": "reported",
    }  # fmt: skip
    assert (sonnet["user"], sonnet["team"], sonnet["project"], sonnet["region"]) == (
        "alice", "search", "search-prod", "us-east-1",
    )  # fmt: skip
    assert sonnet["tags"] == {
        "team": "search",
        "cost_center": "cc-1",
        "meter": "USE1-Claude4.6Sonnet-input-tokens",
    }
    cached = found["USE1-Claude4.6Sonnet-cache-read-input-token-count-cross-region-global"]
    assert cached["usage"] == {"cache_read_tokens": 2_000_000}
    assert (cached["key"], cached["user"]) == ("ranker", "bob@example.com")
    marketplace = found["USW2-MP:USW2_InputTokenCount-Units"]
    assert marketplace["usage"] == {"input_tokens": 26_450}
    assert marketplace["model"] == "anthropic.claude-3-5-sonnet-20240620-v1:0"
    assert found["USE1-Nova2.0Lite-output-tokens-flex"]["service_tier"] == "flex"
    throughput = found["USE1-Claude3Sonnet-ProvisionedThroughput-NoCommit"]
    assert (throughput["usage"], throughput["source_cost"]) == ({}, "39.6")
    tax = found["USE1-Claude4.6Sonnet-input-tokensTax"]
    assert (tax["usage"], tax["source_cost"], tax["time"]) == ({}, "0.25", "2026-11-01T00:00:00Z")
    assert sum(Decimal(event["source_cost"]) for event in events) == Decimal("43.54185")


def test_the_net_cost_of_a_report() -> None:
    events, _, _ = _read(GOLDEN / "cur2.csv", options=Options(cost="net"))
    assert _by_meter(events)["USE1-Claude4.6Sonnet-input-tokens"]["source_cost"] == "2.75"


def test_focus_of_azure() -> None:
    events, unusable, reading = _read(GOLDEN / "focus-azure.csv")
    found = _by_meter(events)
    assert reading.passed_over == 1
    prompt = found["gpt 4o 1120 Inp glbl Tokens"]
    assert prompt["usage"] == {"input_tokens": 864_000}
    # Billed in euros; Azure says 2.16 dollars, which is 864,000 tokens at $2.50 a million.
    assert prompt["source_cost"] == "2.16"
    assert (prompt["provider"], prompt["model"], prompt["key"], prompt["team"], prompt["environment"]) == (
        "azure", "gpt-4o", "chat-prod", "support", "prod",
    )  # fmt: skip
    assert found["gpt 4o 1120 cached Inp glbl Tokens"]["usage"] == {"cache_read_tokens": 800_000}
    codex = found["5.1 codex mini opt Gl 1M Tokens"]
    assert (codex["model"], codex["usage"]) == ("gpt-5.1-codex-mini", {"output_tokens": 500_000})
    assert [(row.line, row.message) for row in unusable] == [
        (5, "EffectiveCost is in EUR and there is no x_EffectiveCostInUsd: export in USD")
    ]


def test_focus_of_google() -> None:
    events, unusable, reading = _read(GOLDEN / "focus-google.jsonl")
    assert (unusable, reading.passed_over, len(events)) == ([], 1, 4)
    found = _by_meter(events)
    assert found["Gemini 2.5 Flash GA Text Input - Predictions"]["usage"] == {"input_tokens": 1_000_000}
    assert found["Gemini 2.5 Flash GA Text Input - Predictions"]["team"] == "search"
    assert found["Gemini 2.5 Flash GA Thinking Text Output - Predictions"]["usage"] == {"output_tokens": 100_000}
    assert found["Gemini 2.5 Flash Input Text Caching Storage"]["usage"] == {}
    credit = found["Gemini 2.5 Flash GA Text Input - PredictionsCredit"]
    assert (credit["source_cost"], credit["usage"]) == ("-0.05", {})


@pytest.mark.parametrize("name", ["cur2.csv", "focus-azure.csv", "focus-google.jsonl"])
def test_ingest_takes_every_event(name: str) -> None:
    events, _, _ = _read(GOLDEN / name)
    context = Context("acme", NOW, TimeWindow(0, 4 * 10**15))
    for event in events:
        decoded = native.decode(event, context)
        assert decoded.measurement == 1
        assert decoded.HasField("source_cost_picos")


def _as_parquet(path: Path, folder: Path) -> Path:
    """With Parquet's own types, as AWS delivers: doubles, timestamps, maps."""
    table = pa.csv.read_csv(path)
    names = list(table.column_names)
    at = names.index("resource_tags")
    maps = pa.array(
        [[("user_team", "search"), ("user_cost_center", "cc-1")]] * 2 + [[]] * 6, pa.map_(pa.string(), pa.string())
    )
    table = table.set_column(at, "resource_tags", maps)
    at = names.index("product")
    products = pa.array([{"product_name": "Amazon Bedrock"}] * 7 + [{"product_name": "EC2"}])
    table = table.set_column(at, "product", products)
    written = folder / "cur.snappy.parquet"
    pa.parquet.write_table(table, written, row_group_size=3)
    return written


def test_a_report_in_parquet_gives_the_same_tokens(tmp_path: Path) -> None:
    events, unusable, _ = _read(_as_parquet(GOLDEN / "cur2.csv", tmp_path))
    assert unusable == []
    sonnet = _by_meter(events)["USE1-Claude4.6Sonnet-input-tokens"]
    assert (sonnet["usage"], sonnet["source_cost"], sonnet["team"]) == ({"input_tokens": 1_000_000}, "3", "search")
    assert sonnet["time"] == "2026-11-20T10:00:00Z"


def test_a_delivery_in_parts_is_one_bill(tmp_path: Path) -> None:
    """A sum whose rows are in two files is one event, whichever file comes first."""
    header, *rows = (GOLDEN / "cur2.csv").read_text().splitlines()
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text("\n".join([header, rows[0], rows[3]]))
    second.write_text("\n".join([header, rows[1], *rows[4:], rows[2]]))
    whole = {event["id"]: event for event in _read(GOLDEN / "cur2.csv")[0]}
    assert {event["id"]: event for event in _read(first, second)[0]} == whole
    assert {event["id"]: event for event in _read(second, first)[0]} == whole


def test_changed_amounts_keep_their_ids(tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    later.write_text((GOLDEN / "cur2.csv").read_text().replace(",900.5,2.7015,", ",1000.5,3.0015,"))
    before, after = ({event["id"]: event for event in _read(path)[0]} for path in (GOLDEN / "cur2.csv", later))
    assert before.keys() == after.keys()
    changed = [id for id in before if before[id] != after[id]]
    assert [after[id]["usage"] for id in changed] == [{"input_tokens": 1_100_000}]


def test_the_older_report_has_other_column_names(tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text(
        "bill/PayerAccountId,bill/BillingPeriodStartDate,lineItem/UsageAccountId,lineItem/LineItemType,"
        "lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UsageType,lineItem/CurrencyCode,lineItem/UsageAmount,"
        "lineItem/UnblendedCost,product/ProductName,product/regionCode,pricing/unit,resourceTags/user:team\n"
        "1,2026-11-01T00:00:00Z,2,Usage,2026-11-20T10:00:00Z,AmazonBedrock,USE1-Claude3Haiku-output-tokens,USD,4,0.005,"
        "Amazon Bedrock,us-east-1,1K tokens,ads\n"
    )
    (event,), unusable, _ = _read(old)
    assert unusable == []
    assert (event["model"], event["usage"], event["team"], event["region"], event["project"]) == (
        "claude-3-haiku", {"output_tokens": 4_000}, "ads", "us-east-1", "2",
    )  # fmt: skip


def test_all_rows_are_taken_where_asked() -> None:
    events, _, reading = _read(GOLDEN / "cur2.csv", options=Options(all_rows=True))
    assert (len(events), reading.passed_over) == (7, 0)


def test_columns_are_assigned() -> None:
    options = Options(
        assignments=[Assignment.of("resource_tags.user_cost_center=team"), Assignment.of("=prod=environment")]
    )
    events, _, _ = _read(GOLDEN / "cur2.csv", options=options)
    sonnet = _by_meter(events)["USE1-Claude4.6Sonnet-input-tokens"]
    assert (sonnet["team"], sonnet["environment"]) == ("cc-1", "prod")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Options(cost="unblended"), "--cost 'unblended': a FOCUS file has effective, billed"),
        (lambda: Options(assignments=[Assignment("x", "model")]), "'model': a bill's columns are team"),
    ],
)
def test_what_a_bill_does_not_have(make: Callable[[], Options], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        _read(GOLDEN / "focus-azure.csv", options=make())


def test_amounts_are_exact() -> None:
    charges = Charges()
    for _ in range(1000):
        charges.add(Charge(_ABOUT, Decimal("0.0000000001234")), 2)
    ((_, event),) = charges.events("focus")
    assert event["source_cost"] == "0.0000001234"
    nothing = Charges()
    nothing.add(Charge(_ABOUT, Decimal(0)), 2)
    assert list(nothing.events("focus")) == []
