"""A console of each file's own, with peers that are real gRPC servers over data in memory."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from services.common.settings import ClickHouseSettings
from tests.e2e.console_backend import Running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(clickhouse_url: str) -> AsyncIterator[Running]:
    console = Running(ClickHouseSettings(url=clickhouse_url, database=f"t{uuid.uuid4().hex[:10]}"))
    await console.start()
    yield console
    await console.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        yield client
    running.world.away.clear()
