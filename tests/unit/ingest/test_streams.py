"""Streams posted whole become one event each."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.ingest.domain.sources import ANTHROPIC, BEDROCK, GEMINI, OLLAMA, OPENAI
from services.ingest.domain.streams import BROKEN_OFF, join
from tests.unit.ingest.building import NOW, buckets
from tests.unit.ingest.serving import Served, serve

SECONDS = NOW // 10**6


def _chunk(name: str, content: str = "", usage: Any = None, finish: str | None = None) -> dict[str, Any]:
    choices = [] if usage and not content and not finish else [{"delta": {"content": content}, "finish_reason": finish}]
    return {
        "id": name, "object": "chat.completion.chunk", "created": SECONDS, "model": "gpt-4o", "choices": choices,
        "usage": usage,
    }  # fmt: skip


def _usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion}


async def _post(served: Served, path: str, body: Any, **headers: str) -> dict[str, Any]:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    response = await served.client.post(path, content=content, headers={"content-type": "application/json", **headers})
    answer: dict[str, Any] = response.json() | {"status": response.status_code}
    return answer


def test_what_is_no_stream_is_left_alone() -> None:
    items: list[object] = [{"id": "a", "usage": {}}, 5, None, [], {"type": ["x"]}, {"object": {}}, {"responseId": "r"}]
    for source in (OPENAI, ANTHROPIC, GEMINI, BEDROCK, OLLAMA):
        assert join(items, source.streams) == items


def test_streams_mixed_with_whole_answers_and_each_other() -> None:
    whole = {"id": "w", "object": "chat.completion", "usage": _usage(1, 1)}
    items = [
        _chunk("a", "Hel"), _chunk("b", "x"), whole, _chunk("a", "lo", finish="stop"), _chunk("b", usage=_usage(5, 6)),
        _chunk("a", usage=_usage(3, 4)),
    ]  # fmt: skip
    a, b, other = join(items, OPENAI.streams)
    assert isinstance(a, dict)
    assert isinstance(b, dict)
    assert other == whole
    assert (a["id"], a["usage"], b["id"], b["usage"]) == ("a", _usage(3, 4), "b", _usage(5, 6))
    assert BROKEN_OFF not in a
    assert "choices" not in a


def test_counts_that_grow_along_the_stream_are_cumulative() -> None:
    items = [_chunk("a", "Hel", _usage(3, 1)), _chunk("a", "lo", _usage(3, 2)), _chunk("a", "", _usage(3, 2), "stop")]
    (total,) = join(items, OPENAI.streams)
    assert isinstance(total, dict)
    assert total["usage"] == _usage(3, 2)
    assert BROKEN_OFF not in total


def test_a_stream_without_its_end_is_marked() -> None:
    (total,) = join([_chunk("a", "Hel", _usage(3, 1)), _chunk("a", "lo", _usage(3, 2))], OPENAI.streams)
    assert isinstance(total, dict)
    assert BROKEN_OFF in total


def test_the_parts_sent_are_not_changed() -> None:
    parts = [
        {
            "type": "message_start",
            "message": {"id": "m", "model": "c", "usage": {"input_tokens": 5, "output_tokens": 1}},
        },
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    ]
    before = orjson.dumps(parts)
    (total,) = join(parts, ANTHROPIC.streams)
    assert orjson.dumps(parts) == before
    assert total == {
        "id": "m", "model": "c", "usage": {"input_tokens": 5, "output_tokens": 9}, "stop_reason": "end_turn",
    }  # fmt: skip


def test_two_streams_of_events_without_ids_follow_each_other() -> None:
    lines = [{"done": False, "model": "m"}, {"done": True, "model": "m", "eval_count": 1}] * 2
    assert [total["eval_count"] for total in join(lines, OLLAMA.streams) if isinstance(total, dict)] == [1, 1]


async def test_a_stream_may_be_named_by_headers_as_one_object_may() -> None:
    served = serve()
    events = [{"messageStart": {"role": "assistant"}}, {"metadata": {"usage": {"inputTokens": 4, "outputTokens": 2}}}]
    answer = await _post(served, "/v1/usage/bedrock", events, **{"X-Id": "r-1", "X-Model": "amazon.nova-lite-v1:0"})
    assert answer == {"accepted": 1, "rejected": [], "status": 202}
    (event,) = served.kept.events
    assert (event.source_event_id, event.model) == ("r-1", "amazon.nova-lite-v1:0")


async def test_server_sent_events_with_comments_and_any_line_ends() -> None:
    served = serve()
    chunk = orjson.dumps(_chunk("a", usage=_usage(3, 4)))
    head, tail = chunk[:1], chunk[1:]
    body = b": keep-alive\r\n\r\nid: 1\r\ndata:" + head + b"\r\ndata: " + tail + b"\r\n\r\ndata: [DONE]\r\n\r\n"
    answer = await _post(served, "/v1/usage/openai", body, **{"content-type": "text/event-stream; charset=utf-8"})
    assert answer["status"] == 202, answer
    assert buckets(served.kept.events[0]) == {"input_tokens": 3, "output_tokens": 4, "requests": 1}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/v1/usage/openai", b"data: {bad\n\n", 400, "malformed event stream: line 1: is no JSON"),
        ("/v1/usage/openai", b"hello", 400, "malformed event stream: there is no `data:` line"),
        ("/v1/usage/openai", b"data: [DONE]\n\n", 400, "there is no `data:` line"),
        ("/v1/events", b"data: {}\n\n", 415, "send application/json or application/x-ndjson"),
    ],
)
async def test_a_stream_that_cannot_be_read_is_told(path: str, body: bytes, status: int, message: str) -> None:
    answer = await _post(serve(), path, body, **{"content-type": "text/event-stream"})
    assert answer["status"] == status
    assert message in answer["error"]["message"]


async def test_a_stream_that_never_told_its_usage_is_refused_with_what_to_ask_for() -> None:
    answer = await _post(serve(), "/v1/usage/openai", [_chunk("a", "Hel"), _chunk("a", "lo", finish="stop")])
    assert answer["status"] == 422
    assert "usage: is missing" in answer["rejected"][0]["message"]
    assert "stream_options.include_usage" in answer["rejected"][0]["message"]


async def test_a_partial_is_superseded_by_the_final_record_of_its_id() -> None:
    served = serve()
    partial, final = {"id": "c-1", "usage": _usage(100, 10)}, {"id": "c-1", "usage": _usage(100, 250)}
    await _post(served, "/v1/usage/openai", partial, **{"X-Estimated": "true"})
    await _post(served, "/v1/usage/openai", final)
    first, last = served.kept.events
    assert first.event_key == last.event_key
    assert first.content_hash != last.content_hash
    assert (first.estimated, last.estimated) == (True, False)
