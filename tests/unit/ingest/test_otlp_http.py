"""OTLP/HTTP as the protocol has it: encodings, compression, statuses, partial success."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.ingest.domain.rate_limit import RateLimit
from tests.unit.ingest.otlp import Served, answer, protobuf, serve, span, traces

ONE = traces(span(1))


def _status(response: Any) -> status_pb2.Status:
    assert response.headers["content-type"] == "application/x-protobuf"
    return status_pb2.Status.FromString(response.content)


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
async def test_empty_requests_are_fine_in_both_encodings(signal: str) -> None:
    served = serve()
    for body, empty in ((b"", b""), ({}, b"{}")):
        response = await served.post(signal, body)
        assert (response.status_code, response.content) == (200, empty)
        assert not answer(signal, response).HasField("partial_success")
    assert served.kept.batches == []


async def test_gzip_and_both_encodings_say_the_same() -> None:
    served = serve()
    raw = protobuf("traces", ONE)
    for body, media_type in ((raw, "application/x-protobuf"), (json.dumps(ONE).encode(), "application/json")):
        for content, headers in ((body, {}), (gzip.compress(body), {"content-encoding": "gzip"})):
            response = await served.client.post(
                "/v1/traces", content=content, headers={"content-type": media_type, **headers}
            )
            assert response.status_code == 200, response.content
            assert response.headers["content-type"] == media_type
    assert len({event.value for batch in served.kept.batches for event in batch}) == 1
    assert len(served.kept.events) == 4


async def test_json_ids_are_hexadecimal_and_numbers_may_be_strings_or_not() -> None:
    served = serve()
    plain = span(1) | {"endTimeUnixNano": int(span(1)["endTimeUnixNano"]), "spanId": "00000000000000AB",
                       "unknownField": {"a": [1]}, "links": [{"traceId": "zz"}], "kind": 3}  # fmt: skip
    response = await served.post("traces", traces(plain))
    assert response.status_code == 200, response.text
    assert served.kept.events[0].source_event_id.endswith(":00000000000000ab")


async def test_a_bad_span_does_not_stop_the_others() -> None:
    served = serve()
    bad: dict[str, Any] = {"gen_ai__usage__cache_read__input_tokens": 500}
    response = await served.post("traces", protobuf("traces", traces(span(1), span(2, **bad), span(3, **bad))))
    partial = answer("traces", response).partial_success
    assert response.status_code == 200
    assert partial.rejected_spans == 2
    assert partial.error_message.startswith(
        "2 of 3 uses rejected: 2 x gen_ai.usage.cache_read.input_tokens: cache read"
    )
    assert len(served.kept.events) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"\xff\xff\xff", {}, 400, code_pb2.INVALID_ARGUMENT),
        (b"\x0a\x05abc", {}, 400, code_pb2.INVALID_ARGUMENT),
        (b"not gzip", {"content-encoding": "gzip"}, 400, code_pb2.INVALID_ARGUMENT),
        (b"", {"content-encoding": "br"}, 415, code_pb2.INVALID_ARGUMENT),
        (b"\0" * 1_000_001, {}, 413, code_pb2.INVALID_ARGUMENT),
        (gzip.compress(b"\0" * 1_000_001), {"content-encoding": "gzip"}, 413, code_pb2.INVALID_ARGUMENT),
        (b"", {"authorization": ""}, 401, code_pb2.UNAUTHENTICATED),
        # Stored keys could not be read yet, so this may be one of them.
        (b"", {"authorization": "Bearer afk_aaaaaaaaaaaa_" + "b" * 43}, 503, code_pb2.UNAVAILABLE),
        (b"", {"x-tags": "no tag"}, 400, code_pb2.INVALID_ARGUMENT),
    ],
)
async def test_errors_are_statuses_in_protobuf(body: bytes, headers: dict[str, str], status: int, code: int) -> None:
    response = await serve().post("traces", body, **headers)
    assert response.status_code == status
    assert _status(response).code == code
    assert _status(response).message


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b'{"resourceSpans": 5}', b'{"resourceSpans": [{"scopeSpans": [{"spans": [5]}]}]}',
             b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', b"[" * 100_000]
)  # fmt: skip
async def test_errors_are_statuses_in_json(body: bytes) -> None:
    response = await serve().client.post("/v1/traces", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.json()["code"] == code_pb2.INVALID_ARGUMENT
    assert response.json()["message"]


async def test_other_content_types_are_refused() -> None:
    for media_type in ("text/plain", "application/grpc", ""):
        response = await serve().client.post("/v1/logs", content=b"", headers={"content-type": media_type})
        assert response.status_code == 415
        assert "application/x-protobuf or application/json" in response.json()["message"]


async def _told_to_wait(served: Served, status: int, code: int) -> None:
    response = await served.post("traces", protobuf("traces", ONE))
    assert response.status_code == status
    assert int(response.headers["retry-after"]) >= 1
    (detail,) = _status(response).details
    retry = error_details_pb2.RetryInfo()
    assert detail.Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() > 0
    assert _status(response).code == code


async def test_back_pressure_tells_when_to_come_again() -> None:
    away = serve()
    away.kept.away = True
    await _told_to_wait(away, 503, code_pb2.UNAVAILABLE)
    full = serve(max_in_flight_bytes=-1)
    await _told_to_wait(full, 503, code_pb2.UNAVAILABLE)
    fast = serve(rate=RateLimit(0.5, 1))
    assert (await fast.post("traces", ONE)).status_code == 200
    await _told_to_wait(fast, 429, code_pb2.RESOURCE_EXHAUSTED)


async def test_telemetry_without_uses_is_taken_while_the_log_is_away() -> None:
    served = serve()
    served.kept.away = True
    http = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "0000000000000001", "name": "GET /"}
    assert (await served.post("traces", traces(http))).status_code == 200
