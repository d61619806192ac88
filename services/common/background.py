"""Computing in the background of a process that answers others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Background:
    """Runs functions in a thread, one at a time and for at most a share of one processor: threads take turns at the
    interpreter with the event loop, so that a busy one makes every answer wait."""

    def __init__(self, share: float) -> None:
        """`share` of a processor, above 0 and up to 1."""
        self._rest = 1 / share - 1
        self._turn = asyncio.Lock()
        self._free = 0.0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises, once its turn has come."""
        async with self._turn:
            await asyncio.sleep(max(0.0, self._free - time.monotonic()))
            return await asyncio.to_thread(self._timed, partial(function, *args, **kwargs))

    def _timed(self, function: Callable[[], T]) -> T:
        started = time.thread_time()
        try:
            return function()
        finally:
            # What it used and not how long it took: on a full machine it would wait for its own waiting.
            self._free = time.monotonic() + (time.thread_time() - started) * self._rest
