"""Work done again and again: when, what wakes it, and what a failure does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from services.common import repeating
from services.common.errors import UnavailableError
from services.common.repeating import Repeating


class Work:
    """Counts how often it is done; fails as long as it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.tries = 0

    async def __call__(self) -> None:
        self.tries += 1
        if self.failure is not None:
            raise self.failure


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not check():
            await asyncio.sleep(0.002)


async def test_it_is_done_at_once_and_every_so_often() -> None:
    work = Work()
    one = Repeating("count", work, seconds=0.01)
    assert (one.health().ready, one.health().detail) == (True, "count: not done yet")
    await one.start()
    await until(lambda: work.tries >= 3)
    assert one.health().detail == ""
    await one.stop()
    done = work.tries
    await asyncio.sleep(0.05)
    assert work.tries == done


async def test_it_can_be_woken() -> None:
    work, wake = Work(), asyncio.Event()
    one = Repeating("count", work, seconds=3_600, wake=wake)
    await one.start()
    await until(lambda: work.tries == 1)
    wake.set()
    await until(lambda: work.tries == 2)
    await one.stop()


@pytest.mark.parametrize("failure", [UnavailableError("away"), ValueError("broken"), TimeoutError()])
async def test_a_failure_is_told_and_tried_again(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeating, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(repeating, "_LONGEST_PAUSE_SECONDS", 0.004)
    work = Work(failure)
    essential, other = (Repeating("count", work, seconds=3_600, essential=needed) for needed in (True, False))
    for one in (essential, other):
        await one.start()
    await until(lambda: work.tries > 4)
    assert (essential.health().ready, other.health().ready) == (False, True)
    assert essential.health().detail == f"count: {failure or 'TimeoutError'}"
    work.failure = None
    await until(lambda: essential.health().ready and not other.health().detail)
    for one in (essential, other):
        await one.stop()


async def test_stopping_what_never_started_is_nothing() -> None:
    await Repeating("count", Work(), seconds=1).stop()


async def test_many_wakes_in_its_rest_are_work_once() -> None:
    work, wake = Work(), asyncio.Event()
    one = Repeating("count", work, seconds=60, wake=wake, rest_seconds=0.05)
    await one.start()
    await until(lambda: work.tries == 1)
    for _ in range(10):
        wake.set()
        await asyncio.sleep(0)
    assert work.tries == 1
    await until(lambda: work.tries == 2)
    await asyncio.sleep(0.1)
    assert work.tries == 2
    await one.stop()
