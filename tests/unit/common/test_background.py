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

    def work() -> None:
        started = time.monotonic()
        time.sleep(0.02)
        spans.append((started, time.monotonic()))

    for _ in range(3):
        await background.run(work)
    for (started, ended), (following, _) in pairwise(spans):
        assert following - ended >= 2.9 * (ended - started)
