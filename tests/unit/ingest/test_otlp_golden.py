"""Recorded examples of each sender, with buckets checked by hand: their sum is what the provider bills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from finops.usage.v1.usage_pb2 import Measurement, Outcome, UsageEvent

from services.common.clock import parse_rfc3339
from services.common.dimensions import TOKEN_BUCKETS
from tests.unit.ingest.building import buckets
from tests.unit.ingest.otlp import answer, protobuf, serve

GOLDEN = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[2] / "golden" / "otlp").glob("*.json"))
}
EXAMPLES = pytest.mark.parametrize("example", GOLDEN.values(), ids=GOLDEN)


def _told(event: UsageEvent, expected: dict[str, Any]) -> dict[str, Any]:
    """What the event says of everything the example expects."""
    special = {
        "id": event.source_event_id,
        "time": event.time_unix_micros,
        "usage": buckets(event),
        "billed_tokens": sum(getattr(event.quantities, name) for name in TOKEN_BUCKETS),
        "outcome": Outcome.Name(event.outcome),
        "measurement": Measurement.Name(event.measurement),
        "tags": dict(event.tags),
    }
    return {name: special[name] if name in special else getattr(event, name) for name in expected}


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
@EXAMPLES
async def test_example(example: dict[str, Any], encoding: str) -> None:
    signal, request = example["signal"], example["request"]
    served = serve(metrics=example.get("setting"))
    body = request if encoding == "json" else protobuf(signal, request)
    response = await served.post(signal, body)
    assert response.status_code == 200, response.text
    assert not answer(signal, response).HasField("partial_success"), response.content
    expected = [
        {**event, "time": parse_rfc3339(event["time"]), "outcome": event.get("outcome", "OUTCOME_UNSPECIFIED")}
        for event in example["events"]
    ]
    assert [_told(event, one) for event, one in zip(served.kept.events, expected, strict=True)] == expected
    assert all(event.tenant_id == "acme" for event in served.kept.events)
    assert not any(b"SECRET" in event.value for batch in served.kept.batches for event in batch)


@EXAMPLES
async def test_a_resend_is_a_duplicate_in_either_encoding(example: dict[str, Any]) -> None:
    served = serve(metrics=example.get("setting"))
    await served.post(example["signal"], example["request"])
    await served.post(example["signal"], protobuf(example["signal"], example["request"]))
    first, second = served.kept.batches
    assert [(event.key, event.content_hash) for event in first] == [(e.key, e.content_hash) for e in second]
    assert len({event.key for event in first}) == len(first)
