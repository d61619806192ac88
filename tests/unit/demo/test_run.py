"""A whole run against ingest's decoders on a real port."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from services.demo.client import Client, DemoError
from services.demo.run import run
from tests.unit.demo.platform import KEY, Platform


async def test_a_run_sends_everything_and_a_second_one_adds_nothing() -> None:
    made = datetime.now(UTC) - timedelta(minutes=1)
    async with Platform(made) as platform:
        first = await run(platform.url, KEY, days=3, live=False, progress=False)
        assert first.rejected == 0, first.reasons
        assert first.anchor == made.replace(minute=0, second=0, microsecond=0)
        assert first.accepted == len(platform.events) > 3_000
        assert {source for source, _ in platform.events} == {"demo", "openai", "anthropic", "litellm"}
        assert len([name for name in platform.resources if name.startswith("budgets/")]) >= 5
        assert platform.denied == ["voice-studio"]
        before = dict(platform.events)
        resources = dict(platform.resources)

        second = await run(platform.url, KEY, days=3, live=False, progress=False)
        assert second.anchor == first.anchor
        assert platform.changed == []
        assert platform.resent == first.accepted
        assert before.items() <= platform.events.items()
        assert platform.resources == resources
        # What came since, and nothing else, is new.
        assert second.accepted - platform.resent == len(platform.events) - len(before) < 200


async def test_live_traffic_goes_on_where_the_history_stopped() -> None:
    async with Platform() as platform:
        playing = asyncio.create_task(run(platform.url, KEY, days=1, progress=False))
        try:
            async with asyncio.timeout(60):
                while platform.resources.keys().isdisjoint({"approvals/answer-desk"}) or not platform.events:
                    await asyncio.sleep(0.1)
                known = -1
                while known != len(platform.events):
                    known = len(platform.events)
                    await asyncio.sleep(0.5)
                while len(platform.events) < known + 2:
                    await asyncio.sleep(0.2)
        finally:
            playing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await playing
        assert platform.resent == 0


async def test_a_busy_server_is_asked_again() -> None:
    async with Platform() as platform:
        platform.busy = 3
        summary = await run(platform.url, KEY, days=1, live=False, progress=False)
        assert summary.accepted == len(platform.events)
        assert platform.busy == 0


async def test_a_wrong_key_is_told_at_once() -> None:
    async with Platform() as platform:
        with pytest.raises(DemoError, match="refuses the API key"):
            await run(platform.url, "afk_wrong", days=1, live=False, progress=False)


async def test_a_server_that_is_away_is_told_after_some_patience() -> None:
    async with Platform() as platform:
        url = platform.url
    started = time.monotonic()
    async with Client(url, KEY, patience=1) as client:
        with pytest.raises(DemoError, match="does not answer"):
            await client.get("/api/v1/budgets")
    assert time.monotonic() - started < 30
