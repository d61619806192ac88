"""Work in threads that leaves the event loop its share."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from services.common.background import Background


async def test_one_at_a_time_and_results_and_errors_come_back() -> None:
    background = Background(1)
    under_way = threading.Semaphore(1)

    def work(number: int) -> int:
        assert under_way.acquire(blocking=False), "another one is at work"
        time.sleep(0.01)
        under_way.release()
        return 6 // number

    assert await asyncio.gather(*(background.run(work, number) for number in (1, 2, 3))) == [6, 3, 2]
    with pytest.raises(ZeroDivisionError):
        await background.run(work, 0)
    assert await background.run(work, 6) == 1


async def test_it_rests_as_long_as_its_share_asks() -> None:
    background = Background(0.25)
    spans: list[tuple[float, float]] = []
    """Seconds used, and when it ended."""

    def work() -> None:
        started = time.thread_time()
        while time.thread_time() - started < 0.02:
            pass
        spans.append((time.thread_time() - started, time.monotonic()))

    for _ in range(3):
        await background.run(work)
    for (used, ended), (_, following_ended) in pairwise(spans):
        assert following_ended - 0.02 - ended >= 2.9 * used


async def test_waiting_is_no_use_of_a_processor() -> None:
    background = Background(0.001)
    async with asyncio.timeout(10):
        for _ in range(3):
            await background.run(time.sleep, 0.05)
