"""Recorded examples of each provider (tests/golden/ingest), with buckets worked out by hand beside them."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from finops.usage.v1.usage_pb2 import OUTCOME_FAILED, UsageEvent

from services.common.clock import Micros, parse_rfc3339
from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import format_dollars
from services.ingest.adapters.http import payload
from services.ingest.domain.attribution import HeaderMap
from services.ingest.domain.context import Context
from services.ingest.domain.identity import seal
from services.ingest.domain.rejection import Rejected
from services.ingest.domain.sources import PROVIDERS
from services.ingest.domain.times import TimeWindow
from tests.unit.ingest.building import NOW, buckets

EXAMPLES = Path(__file__).parents[2] / "golden" / "ingest"
SOURCES = {source.name: source for source in PROVIDERS}
CASES = sorted(path for name in SOURCES for path in (EXAMPLES / name).glob("*.expected.json"))
PROVIDER_NAMES = {"vertex": "vertex_ai"}
TYPES = {".json": "application/json", ".jsonl": "application/x-ndjson", ".sse": "text/event-stream"}


def decoded(provider: str, body: bytes, headers: dict[str, str], now: Micros = NOW) -> list[UsageEvent]:
    """As the endpoint decodes a body, however old it is."""
    found = payload.parse(body, headers, SOURCES[provider], None)
    window = TimeWindow.at(now, max_age_days=20_000, max_ahead_seconds=300)
    context = Context("acme", now, window, attribution=HeaderMap().read(headers), alone=len(found.items) == 1)
    events: list[UsageEvent] = []
    for item in found.items:
        assert not isinstance(item, Rejected), item
        event = found.source.decode(item, context)
        assert event is not None
        events += [event, *context.also]
        context.also.clear()
    return events


def recorded(expectation: Path) -> tuple[bytes, str]:
    """The example that an expectation stands beside, and its media type."""
    case = expectation.name.removesuffix(".expected.json")
    (example,) = (path for path in expectation.parent.glob(f"{case}.*") if path != expectation)
    return example.read_bytes(), TYPES[example.suffix]


def _case_id(path: Path) -> str:
    return f"{path.parent.name}-{path.name.removesuffix('.expected.json')}"


@pytest.mark.parametrize("expectation", CASES, ids=_case_id)
def test_an_example_gives_the_buckets_worked_out_by_hand(expectation: Path) -> None:
    expected = orjson.loads(expectation.read_bytes())
    body, content_type = recorded(expectation)
    provider = expectation.parent.name
    events = decoded(provider, body, {"content-type": content_type, **expected.get("headers", {})})

    assert [event.source_event_id for event in events] == [event["id"] for event in expected["events"]]
    for event, told in zip(events, expected["events"], strict=True):
        assert buckets(event) == told["buckets"]
        assert event.model == told["model"]
        assert event.provider == event.source == told.get("provider", PROVIDER_NAMES.get(provider, provider))
        assert (event.service_tier, event.batch) == (told.get("service_tier", ""), told.get("batch", False))
        assert (event.region, event.estimated) == (told.get("region", ""), told.get("estimated", False))
        assert event.outcome == (OUTCOME_FAILED if told.get("outcome") == "failed" else 0)
        if "time" in told:
            assert event.time_unix_micros == parse_rfc3339(told["time"])
        assert event.HasField("source_cost_picos") == ("source_cost" in told)
        assert format_dollars(event.source_cost_picos) == told.get("source_cost", "0.000000000000")
    assert _total(events) == sum(expected["billed"].values())


def _total(events: list[UsageEvent]) -> int:
    return sum(getattr(event.quantities, name) for event in events for name in TOKEN_BUCKETS)


def test_every_provider_has_an_example() -> None:
    assert {path.parent.name for path in CASES} == SOURCES.keys()


@pytest.mark.parametrize("expectation", CASES, ids=_case_id)
def test_a_read_again_is_the_same_event_and_carries_no_content(expectation: Path) -> None:
    expected = orjson.loads(expectation.read_bytes())
    body, content_type = recorded(expectation)
    headers = {"content-type": content_type, **expected.get("headers", {})}
    first, again = (
        [seal(event, now) for event in decoded(expectation.parent.name, body, headers, now)]
        for now in (NOW, NOW + 10**9)
    )
    assert [(event.key, event.content_hash) for event in first] == [(event.key, event.content_hash) for event in again]
    assert all(b"Hello" not in event.value and b"skies of blue" not in event.value for event in first)
