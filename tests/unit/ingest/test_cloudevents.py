"""CloudEvents around the native event."""

from __future__ import annotations

from typing import Any

import pytest

from services.common.clock import parse_rfc3339
from services.ingest.domain.sources.cloudevents import decode, from_headers
from tests.unit.ingest.building import NOW, buckets, context, native, refused


def _cloud_event(**changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0", "id": "ce-1", "source": "/agents/planner", "type": "com.example.used",
        "time": "2026-11-23T11:58:00Z", "datacontenttype": "application/json",
        "data": native(id=None, time=None, team="search"),
    } | changes  # fmt: skip
    return {name: value for name, value in event.items() if value is not None}


def test_the_envelope_identifies_the_event() -> None:
    event = decode(_cloud_event(), context())
    assert (event.source, event.source_event_id, event.team) == ("/agents/planner", "ce-1", "search")
    assert event.time_unix_micros == parse_rfc3339("2026-11-23T11:58:00Z")
    assert buckets(event) == {"input_tokens": 900, "output_tokens": 50, "requests": 1}


def test_the_datas_own_time_wins_and_its_id_and_source_do_not() -> None:
    event = decode(_cloud_event(data=native(source="other", time="2026-11-23T11:00:00Z")), context())
    assert (event.source, event.source_event_id) == ("/agents/planner", "ce-1")
    assert event.time_unix_micros == parse_rfc3339("2026-11-23T11:00:00Z")


def test_without_a_time_the_arrivals_is_marked_as_inferred() -> None:
    event = decode(_cloud_event(time=None), context())
    assert event.time_inferred
    assert event.time_unix_micros == NOW


def test_binary_mode_reads_headers() -> None:
    headers = {
        "ce-specversion": "1.0", "ce-id": "ce%201", "ce-source": "/a", "ce-type": "t",
        "ce-time": "2026-11-23T11:58:00Z", "content-type": "application/json",
    }  # fmt: skip
    event = decode(from_headers(headers, native(id=None, time=None)), context())
    assert (event.source, event.source_event_id) == ("/a", "ce 1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"specversion": "0.3"}, "specversion: must be \"1.0\", not a string '0.3'"),
        ({"id": None}, "id: is missing or blank"),
        ({"source": ""}, "source: is missing or blank"),
        ({"type": None}, "type: is missing or blank"),
        ({"data": None}, "data: must be the event's JSON object, not null"),
        ({"data": [1]}, "data: must be the event's JSON object, not an array"),
        ({"data_base64": "AAAA"}, "data_base64: binary data is not read"),
        ({"datacontenttype": "text/xml"}, "datacontenttype: must be application/json"),
        ({"data": {"usage": {"tokens": 1}}}, "data.usage.tokens: is not known"),
        ({"data": native(time="x")}, "data.time: 'x' is not"),
        ({"time": "x"}, "time: 'x' is not"),
        ({"id": 5}, "id: must be a string, not 5"),
    ],
)
def test_what_cannot_be_accepted_says_where(changes: dict[str, Any], message: str) -> None:
    found = refused(decode, _cloud_event(**changes))[1]
    assert found.startswith(message)
