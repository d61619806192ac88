"""Requests and their answers."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from services.ingest.domain.rate_limit import RateLimit
from services.ingest.domain.sources import SOURCES
from tests.unit.ingest.building import native
from tests.unit.ingest.serving import Served, serve

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
ONE_CE = {"content-type": "application/cloudevents+json; charset=UTF-8"}
_CUT = gzip.compress(b"{}" * 100, mtime=0)[:-9]
MANY_CE = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def served() -> Served:
    return serve()


def _cloud_event(number: int) -> dict[str, Any]:
    return {"specversion": "1.0", "id": f"ce-{number}", "source": "/a", "type": "t", "data": native()}


async def _post(
    served: Served, content: Any, headers: dict[str, str] = JSON, path: str = "/v1/events"
) -> httpx.Response:
    body = content if isinstance(content, (bytes, str)) else orjson.dumps(content)
    return await served.client.post(path, content=body, headers=headers)


@pytest.mark.parametrize(
    ("content", "headers", "ids"),
    [
        (native(), JSON, ["req-1"]),
        ([native(id="a"), native(id="b")], JSON, ["a", "b"]),
        ([native(id="a")], {}, ["a"]),
        (orjson.dumps(native(id="a")) + b"\n\n" + orjson.dumps(native(id="b")) + b"\r\n", NDJSON, ["a", "b"]),
        (orjson.dumps(native(id="a")) + b"\n" + orjson.dumps(native(id="b")), JSON, ["a", "b"]),
        (_cloud_event(1), ONE_CE, ["ce-1"]),
        ([_cloud_event(1), _cloud_event(2)], MANY_CE, ["ce-1", "ce-2"]),
        (
            native(id=None),
            {**JSON, "ce-specversion": "1.0", "ce-id": "ce-3", "ce-source": "/a", "ce-type": "t"},
            ["ce-3"],
        ),
    ],
)
async def test_every_shape_is_accepted(served: Served, content: Any, headers: dict[str, str], ids: list[str]) -> None:
    response = await _post(served, content, headers)
    assert response.status_code == 202, response.text
    assert response.json() == {"accepted": len(ids), "rejected": []}
    assert [event.source_event_id for event in served.kept.events] == ids
    assert {event.tenant_id for event in served.kept.events} == {"acme"}
    assert len(served.kept.batches) == 1


async def test_a_bad_item_does_not_stop_the_others(served: Served) -> None:
    items = [native(id="a"), native(usage={"input_tokens": -1}), 5, native(id="d")]
    response = await _post(served, items)
    assert response.status_code == 202
    assert response.json() == {
        "accepted": 2,
        "rejected": [
            {
                "index": 1,
                "code": "out_of_range",
                "message": "usage.input_tokens: is -1: a count cannot be negative",
            },
            {"index": 2, "code": "not_an_object", "message": "an event is a JSON object, this is 5"},
        ],
    }
    assert [event.source_event_id for event in served.kept.events] == ["a", "d"]


async def test_a_bad_line_does_not_stop_the_others(served: Served) -> None:
    response = await _post(served, orjson.dumps(native()) + b"\n{bad\n", NDJSON)
    assert response.status_code == 202
    (rejected,) = response.json()["rejected"]
    assert (rejected["index"], rejected["code"]) == (1, "malformed_json")
    assert rejected["message"].startswith("line 2: is no JSON: ")
    assert rejected["message"].endswith("at column 2")


async def test_where_nothing_can_be_accepted_the_whole_request_fails(served: Served) -> None:
    response = await _post(served, [native(id=None), native(time=None)])
    assert response.status_code == 422
    answer = response.json()
    assert answer["accepted"] == 0
    assert [rejected["index"] for rejected in answer["rejected"]] == [0, 1]
    assert answer["error"]["code"] == "INVALID_ARGUMENT"
    assert served.kept.batches == []


@pytest.mark.parametrize(
    ("content", "headers", "status", "message"),
    [
        (b"", JSON, 400, "the body is empty"),
        (b" \n", NDJSON, 400, "the body is empty"),
        (b"[]", JSON, 422, "there is no event in the array"),
        (b"[]", MANY_CE, 422, "there is no event in the array"),
        (b'{"id": ', JSON, 400, "malformed JSON at line 1 column 8 (character 7)"),
        (b'[{"id": 1},\n {]', JSON, 400, "malformed JSON at line 2 column 3"),
        (b'{"a": NaN}', JSON, 400, "malformed JSON at line 1"),
        (b"\xff\xfe\x00", JSON, 400, "malformed JSON at line 1 column 1"),
        (b"[" * 5_000, JSON, 400, "malformed JSON at line 1"),
        (b"nonsense", NDJSON, 400, "malformed NDJSON: line 1: is no JSON"),
        (b"[]", ONE_CE, 400, "for this body use application/cloudevents-batch+json"),
        (b"{}", MANY_CE, 400, "for this body use application/cloudevents+json"),
        (b"x", {"content-type": "text/csv"}, 415, "Content-Type 'text/csv' is not read here: send application/json or"),
        (
            b"{}",
            {"content-type": "application/json; charset=latin-1"},
            415,
            "charset 'latin-1' is not read: send UTF-8",
        ),
        (b"{}", {**JSON, "content-encoding": "br"}, 415, "Content-Encoding 'br' is not read: send gzip"),
        (b"{}", {**JSON, "content-encoding": "gzip"}, 400, "the body is not gzip"),
        (_CUT, {**JSON, "content-encoding": "gzip"}, 400, "the gzip body is cut short"),
    ],
)
async def test_what_cannot_be_read_is_told_precisely(
    served: Served, content: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    response = await _post(served, content, headers)
    assert response.status_code == status
    assert message in response.json()["error"]["message"]


async def test_cloudevents_are_not_read_where_only_plain_objects_are(served: Served) -> None:
    response = await _post(served, _cloud_event(1), ONE_CE, "/v1/litellm")
    assert response.status_code == 415


async def test_gzip_also_in_several_members(served: Served) -> None:
    body = orjson.dumps([native()])
    for sent in (gzip.compress(body), gzip.compress(body[:20]) + gzip.compress(body[20:])):
        response = await _post(served, sent, {**JSON, "content-encoding": "gzip"})
        assert response.status_code == 202
    assert len(served.kept.events) == 2


async def test_too_many_bytes_stop_being_read(served: Served) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 100 * 1024 * 1024:
            given += 16 * 1024
            yield b" " * 16 * 1024

    response = await served.client.post("/v1/events", content=endless(), headers=JSON)
    assert response.status_code == 413
    assert given <= 200_000
    response = await _post(served, b" " * 100_001)
    assert response.status_code == 413
    assert "larger than 100000 bytes" in response.json()["error"]["message"]


async def test_litellms_callback_may_post_more(served: Served) -> None:
    payload = orjson.dumps({"id": "x", "prompt_tokens": 1, "messages": "m" * 150_000})
    assert (await _post(served, payload, JSON, "/v1/litellm")).status_code == 202
    assert (await _post(served, payload, JSON, "/v1/usage/openai")).status_code == 413
    assert (await _post(served, b" " * 200_001, JSON, "/v1/litellm")).status_code == 413


async def test_while_too_much_is_being_handled_requests_are_refused() -> None:
    served = serve(max_in_flight_bytes=-1)
    response = await _post(served, native())
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"


async def test_a_gzip_bomb_is_not_inflated(served: Served) -> None:
    compressor = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(compressor.compress(b" " * 2**20) for _ in range(60)), compressor.flush()])
    assert len(bomb) < 100_000
    response = await _post(served, bomb, {**JSON, "content-encoding": "gzip"})
    assert response.status_code == 413


async def test_too_many_events(served: Served) -> None:
    response = await _post(served, [native()] * 51)
    assert response.status_code == 413
    assert "51 events in one request: send at most 50" in response.json()["error"]["message"]
    assert served.kept.batches == []


async def test_only_a_key_that_may_write_gets_in(served: Served) -> None:
    for authorization, status in (("", 401), ("Basic eDp5", 401), ("Bearer afk_x", 401), (f"Bearer {'x' * 70}", 401)):
        response = await _post(served, native(), {**JSON, "Authorization": authorization})
        assert response.status_code == status
        assert response.headers["WWW-Authenticate"] == "Bearer"
    mine_elsewhere = {**JSON, "x-aifinops-tenant": "globex"}
    assert (await _post(served, native(), mine_elsewhere)).status_code == 403
    for_them = {**mine_elsewhere, "Authorization": f"Bearer {served.service_key}"}
    assert (await _post(served, native(), for_them)).status_code == 202
    assert [event.tenant_id for event in served.kept.events] == ["globex"]


async def test_a_payload_cannot_name_its_tenant(served: Served) -> None:
    await _post(served, native(tenant_id="globex", tenant="globex"))
    assert [event.tenant_id for event in served.kept.events] == ["acme"]


async def test_where_nothing_is_durable_nothing_is_accepted(served: Served) -> None:
    served.kept.away = True
    response = await _post(served, native())
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"


async def test_a_key_over_its_rate_waits() -> None:
    served = serve(rate=RateLimit(per_second=10, burst=10))
    assert (await _post(served, [native()] * 20)).status_code == 202
    response = await _post(served, native())
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1


async def test_attribution_comes_in_headers(served: Served) -> None:
    headers: dict[Any, Any] = {
        **JSON, "X-Team": "search", "X-Project": "ranker", "X-Key": "k1", "X-Tool": "openai-api",
        "X-Environment": "prod", "X-Tags": "feature=answers, tier=gold=1,", "X-Id": "req-1", "X-Model": "gpt-4o",
        b"x-user": "Zoë".encode(),
    }  # fmt: skip
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    response = await served.client.post("/v1/usage/openai", content=orjson.dumps(usage), headers=headers)
    assert response.status_code == 202, response.text
    (event,) = served.kept.events
    assert (event.team, event.user, event.project, event.key) == ("search", "Zoë", "ranker", "k1")
    assert (event.tool, event.environment, event.model, event.source_event_id) == (
        "openai-api",
        "prod",
        "gpt-4o",
        "req-1",
    )
    assert dict(event.tags) == {"feature": "answers", "tier": "gold=1"}


@pytest.mark.parametrize(
    ("headers", "field"),
    [({"X-Tags": "feature"}, "X-Tags"), ({"X-Team": "x" * 300}, "X-Team"), ({"X-Id": "a" * 257}, "X-Id")],
)
async def test_a_header_that_cannot_be_used_fails_the_request(
    served: Served, headers: dict[str, str], field: str
) -> None:
    response = await _post(served, {"prompt_tokens": 1}, {**JSON, **headers}, "/v1/usage/openai")
    assert response.status_code == 400
    assert response.json()["error"]["details"][0]["field"] == field


async def test_every_path_of_the_table_is_served(served: Served) -> None:
    for path in {source.path for source in SOURCES}:
        assert (await _post(served, b"{}", JSON, path)).status_code == 422
        assert (await served.client.get(path)).status_code == 405


async def test_bodies_count_while_they_arrive() -> None:
    served = serve(max_in_flight_bytes=1_000)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b" " * 2_000
        begun.set()
        await go_on.wait()
        yield orjson.dumps(native())

    headers = {"Content-Type": "application/json"}
    slow = asyncio.create_task(served.client.post("/v1/events", content=slowly(), headers=headers))
    await begun.wait()
    await asyncio.sleep(0)
    refused = await served.client.post("/v1/events", json=native())
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    go_on.set()
    assert (await slow).status_code == 202
    assert (await served.client.post("/v1/events", json=native())).status_code == 202


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
async def test_another_verb_is_told_which_one_to_use(served: Served, verb: str) -> None:
    response = await served.client.request(verb, "/v1/events")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert response.json()["error"]["message"] == f"{verb} is not known here: use POST"
