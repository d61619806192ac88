"""Usage events of the LiteLLM callback reach the platform, whatever comes while they are sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aifinops_litellm import usage
from aifinops_litellm.usage import UsageCallback
from fastapi import FastAPI, Request, Response
from uvicorn import Config, Server

from services.allinone.engines.ports import free_port


class Door:
    """The platform's, which answers as it is told."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.accepted: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.entered, self.opened = asyncio.Event(), asyncio.Event()

    async def take(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.headers.append(request.headers["authorization"])
        self.entered.set()
        await self.opened.wait()
        status = self.statuses.pop(0) if self.statuses else 202
        self.accepted += body if status == 202 else []
        return Response(json.dumps({"accepted": len(body), "rejected": []}), status)


@asynccontextmanager
async def served(door: Door) -> AsyncIterator[str]:
    app, port = FastAPI(), free_port()
    app.post("/v1/litellm")(door.take)
    server = Server(Config(app, port=port, log_level="error"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        door.opened.set()
        server.should_exit = True
        await running


async def tell(callback: UsageCallback, *numbers: int, **more: Any) -> None:
    for number in numbers:
        payload = {"id": f"e{number}", "response_cost": 0.1, **more}
        await callback.async_log_success_event({"standard_logging_object": payload}, None, None, None)


async def until(door: Door, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(door.accepted) < count:
            await asyncio.sleep(0.02)
    return [event["id"] for event in door.accepted]


async def test_what_comes_while_a_batch_is_sent_is_sent_too() -> None:
    door = Door()
    async with served(door) as url:
        callback = UsageCallback(url, "afk_x")
        await tell(callback, 0, 1)
        await door.entered.wait()
        await tell(callback, 2, 3)
        door.opened.set()
        assert await until(door, 4) == ["e0", "e1", "e2", "e3"]
        await asyncio.sleep(0.3)
        await tell(callback, 4)
        assert (await until(door, 5))[-1] == "e4", "and what comes after everything was sent"
        assert set(door.headers) == {"Bearer afk_x"}


async def test_a_door_that_is_closed_is_knocked_at_again_and_a_refusal_is_final() -> None:
    door = Door(503, 429, 202, 422)
    door.opened.set()
    async with served(door) as url:
        callback = UsageCallback(url, "afk_x")
        await tell(callback, 0, 1)
        assert await until(door, 2) == ["e0", "e1"]
        await tell(callback, 2)
        async with asyncio.timeout(20):
            while door.statuses:
                await asyncio.sleep(0.02)
        await tell(callback, 3)
        assert await until(door, 3) == ["e0", "e1", "e3"]


async def test_no_content_leaves_the_gateway() -> None:
    door = Door()
    door.opened.set()
    async with served(door) as url:
        secret = [{"role": "user", "content": "a secret"}]
        response = {"choices": ["a secret"], "service_tier": "flex"}
        await tell(UsageCallback(url, "afk_x"), 0, messages=secret, response=response)
        await until(door, 1)
    assert door.accepted == [{"id": "e0", "response_cost": 0.1, "response": {"service_tier": "flex"}}]


async def test_while_the_platform_is_away_the_oldest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MOST_WAITING", 3)
    door = Door(503)
    async with served(door) as url:
        callback = UsageCallback(url, "afk_x")
        await tell(callback, 0, 1, 2)
        await door.entered.wait()
        await tell(callback, 3, 4)
        door.opened.set()
        assert await until(door, 3) == ["e2", "e3", "e4"]
