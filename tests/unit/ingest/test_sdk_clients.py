"""The providers' own clients against recorded answers: what they hand their caller is what ingest is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import orjson
import pytest
import uvicorn
from finops.usage.v1.usage_pb2 import UsageEvent
from google import genai
from google.genai import types
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.unit.ingest.building import buckets, over_the_wire
from tests.unit.ingest.test_provider_examples import EXAMPLES, decoded

JSON = {"content-type": "application/json"}


@pytest.fixture
async def fake() -> AsyncIterator[str]:
    """A local provider; below /<provider>/<example> every path answers that example."""

    async def answer(request: Request) -> Response:
        path = EXAMPLES / request.path_params["provider"] / request.path_params["example"]
        media_type = "text/event-stream" if path.suffix == ".sse" else "application/json"
        return Response(path.read_bytes(), media_type=media_type)

    app = Starlette(routes=[Route("/{provider}/{example}/{rest:path}", answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


def _sent(provider: str, value: Any, **headers: str) -> list[UsageEvent]:
    return decoded(provider, orjson.dumps(over_the_wire(value)), {**JSON, **headers})


async def test_openai_chat_whole_and_streamed(fake: str) -> None:
    whole = await openai.AsyncOpenAI(api_key="k", base_url=f"{fake}/openai/chat_cached.json").chat.completions.create(
        model="gpt-4o", messages=[]
    )
    (event,) = _sent("openai", whole.model_dump(mode="json"))
    assert buckets(event) == {"input_tokens": 86, "cache_read_tokens": 1920, "output_tokens": 300, "requests": 1}

    stream = await openai.AsyncOpenAI(api_key="k", base_url=f"{fake}/openai/chat_stream.sse").chat.completions.create(
        model="gpt-4o", messages=[], stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk.model_dump(mode="json") async for chunk in stream]
    for sent in (chunks, chunks[-1]):
        (event,) = _sent("openai", sent)
        assert buckets(event) == {"input_tokens": 9, "output_tokens": 4, "reasoning_tokens": 8, "requests": 1}
        assert not event.estimated


async def test_openai_responses_whole_and_streamed(fake: str) -> None:
    whole = await openai.AsyncOpenAI(api_key="k", base_url=f"{fake}/openai/responses_reasoning.json").responses.create(
        model="gpt-5", input=""
    )
    (event,) = _sent("openai", whole.model_dump(mode="json", warnings=False))
    assert (event.service_tier, event.quantities.reasoning_tokens) == ("flex", 1024)

    stream = await openai.AsyncOpenAI(api_key="k", base_url=f"{fake}/openai/responses_stream.sse").responses.create(
        model="gpt-4.1", input="", stream=True
    )
    events = [event.model_dump(mode="json", warnings=False) async for event in stream]
    (event,) = _sent("openai", events)
    assert buckets(event) == {"input_tokens": 37, "output_tokens": 11, "requests": 1}
    assert event.service_tier == "standard"


async def test_anthropic_whole_and_streamed(fake: str) -> None:
    def client(example: str) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(api_key="k", base_url=f"{fake}/{example}")

    asked: dict[str, Any] = {"model": "claude-opus-4-8", "max_tokens": 10, "messages": []}
    whole = await client("anthropic/cache_ttls.json").messages.create(**asked)
    (event,) = _sent("anthropic", whole.model_dump(mode="json"))
    assert (event.quantities.cache_write_tokens, event.quantities.cache_write_1h_tokens) == (148, 100)

    consulted = await client("anthropic/advisor.json").beta.messages.create(**asked)
    event, advisor = _sent("anthropic", consulted.model_dump(mode="json"))
    assert (event.model, advisor.model) == ("claude-sonnet-4-6", "claude-opus-4-8")

    stream = await client("anthropic/stream.sse").messages.create(**asked, stream=True)
    events = [part.model_dump(mode="json") async for part in stream]
    async with client("anthropic/stream.sse").messages.stream(**asked) as accumulating:
        final = await accumulating.get_final_message()
    for sent in (events, final.model_dump(mode="json")):
        (event,) = _sent("anthropic", sent)
        assert buckets(event) == {"input_tokens": 25, "output_tokens": 15, "requests": 1}
        assert event.source_event_id == "msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY"


async def test_gemini_whole(fake: str) -> None:
    options = types.HttpOptions(base_url=f"{fake}/gemini/thinking.json")
    client = genai.Client(api_key="k", http_options=options)
    response = await client.aio.models.generate_content(model="gemini-2.5-pro", contents="x")
    for by_alias in (True, False):
        (event,) = _sent("gemini", response.model_dump(mode="json", by_alias=by_alias, exclude={"candidates"}))
        assert buckets(event) == {"input_tokens": 29, "output_tokens": 150, "reasoning_tokens": 8000, "requests": 1}
        assert event.source_event_id == "r-think"
