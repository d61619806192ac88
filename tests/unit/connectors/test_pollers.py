"""Each poller at its interval, while it is ours; troubles are told and harm no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from services.common.errors import UnavailableError
from services.connectors.domain.connector import Api, SourceRefusedError, Window
from services.connectors.domain.event import Event
from services.connectors.domain.schedule import share_of
from services.connectors.handlers.poll import Poll
from services.connectors.handlers.poll_ports import ConfigurationError
from services.connectors.handlers.pollers import Pollers
from tests.unit.connectors.building import NOW, World

ALL = frozenset(range(6))


def world() -> World:
    made = World()
    made.at.used = {NOW.replace(minute=0): 5}
    return made


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(*polls: Poll, there: World, mine: frozenset[int] = ALL) -> AsyncIterator[Pollers]:
    pollers = Pollers(polls, there.watch)
    await pollers.take(mine, 6, there)
    try:
        yield pollers
    finally:
        await pollers.stop()


def failing(there: World, error: Exception) -> Poll:
    async def pages(api: Api, window: Window, options: Mapping[str, str]) -> AsyncIterator[Sequence[Event]]:
        yield []
        raise error

    connector = replace(there.at.connector(), pages=pages)
    return there.poll(name="bad", connector=connector)


async def test_it_polls_at_its_interval() -> None:
    there = world()
    async with running(there.poll(), there=there) as pollers:
        await until(lambda: len(there.at.windows) >= 9)
        assert pollers.health().ready and pollers.health().detail == ""
    assert there.tokens() == there.truth()
    assert there.watch.gone == ["p"]


async def test_a_poll_made_a_moment_ago_is_not_made_again_at_once() -> None:
    there = world()
    await there.poll().run(there)
    reads = len(there.at.windows)
    async with running(there.poll(interval=timedelta(hours=1)), there=there):
        await asyncio.sleep(0.1)
        assert len(there.at.windows) == reads


async def test_only_the_pollers_of_our_shares_run() -> None:
    there = world()
    share = share_of("p", 6)
    async with running(there.poll(), there=there, mine=ALL - {share}):
        await asyncio.sleep(0.1)
        assert there.at.windows == []
    async with running(there.poll(), there=there, mine=frozenset({share})):
        await until(lambda: bool(there.sent))


async def test_released_pollers_have_stopped_when_release_returns() -> None:
    there = world()
    async with running(there.poll(), there=there) as pollers:
        await until(lambda: bool(there.sent))
        await pollers.release()
        reads = len(there.at.windows)
        await asyncio.sleep(0.1)
        assert len(there.at.windows) == reads
        await pollers.take(ALL, 6, there)
        await until(lambda: len(there.at.windows) > reads)


async def test_what_another_replica_may_have_sent_is_sent_again() -> None:
    there = world()
    async with running(there.poll(), there=there) as pollers:
        await until(lambda: len(there.at.windows) >= 9)
        assert sum(there.sent) == 1, "it did not change"
        await pollers.release()
        there.accepted["2026-11-23T12:00:00Z"]["usage"] = {"input_tokens": 999}
        await pollers.take(ALL, 6, there)
        await until(lambda: there.tokens() == there.truth())


async def test_each_trouble_has_its_reason_and_the_others_go_on() -> None:
    for error, reason in (
        (SourceRefusedError("no such organisation"), "refused by the source"),
        (ConfigurationError("the secret is empty"), "configuration"),
        (UnavailableError("timed out"), "unavailable"),
        (KeyError("usage"), "fault"),
    ):
        there = world()
        async with running(failing(there, error), there.poll(name="good"), there=there) as pollers:
            await until(lambda: len(there.watch.failures) >= 2 and bool(there.sent))  # noqa: B023 - awaited here
            assert {failure[:2] for failure in there.watch.failures} == {("bad", reason)}
            health = pollers.health()
            assert health.ready and health.alive and health.detail.startswith(f"bad: {reason}: ")


async def test_a_fault_shows_where_but_no_values() -> None:
    there = world()
    async with running(failing(there, ValueError("sk-secret")), there=there) as pollers:
        await until(lambda: bool(there.watch.failures))
        assert "ValueError at test_pollers.py:" in pollers.health().detail
        assert "sk-secret" not in pollers.health().detail


async def test_it_stays_away_as_long_as_it_is_told() -> None:
    there = world()
    async with running(failing(there, UnavailableError("busy", retry_after_seconds=3_600)), there=there):
        await asyncio.sleep(0.2)
        assert len(there.watch.failures) == 1


async def test_a_lost_lease_stops_it_until_it_is_back() -> None:
    there = world()
    there.lease_lost = True
    async with running(there.poll(), there=there) as pollers:
        await until(lambda: len(there.watch.failures) >= 2)
        assert there.at.windows == []
        assert "lease lost" in pollers.health().detail
        there.lease_lost = False
        await until(lambda: bool(there.sent) and not pollers.health().detail)


async def test_rejected_rows_are_seen_in_health_until_a_poll_has_none() -> None:
    there = world()
    there.refuse = "T12:"
    async with running(there.poll(), there=there) as pollers:
        await until(lambda: bool(pollers.health().detail))
        assert pollers.health().detail == (
            "p: 1 rows of the last poll were rejected, the first 2026-11-23T12:00:00Z: too old"
        )
        there.refuse = ""
        await until(lambda: not pollers.health().detail)


async def test_tables_that_are_away_are_waited_for() -> None:
    there = world()
    there.tables_away = True
    async with running(there.poll(), there=there):
        await until(lambda: len(there.watch.failures) >= 2)
        there.tables_away = False
        await until(lambda: there.tokens() == there.truth())
