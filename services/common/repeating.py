"""Work that is done again and again, for as long as a process lives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from services.common.component import Health
from services.common.errors import ApiError
from services.common.log import get_logger

log = get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0


class Repeating:
    """Does `work` at the start, every `seconds` after it was done, and as soon as `wake` is set. A component.

    Whatever fails is tried again, soon at first, then every five seconds.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        seconds: float,
        wake: asyncio.Event | None = None,
        rest_seconds: float = 0.0,
        essential: bool = False,
        last: bool = False,
    ) -> None:
        """`rest_seconds`: that long after it was done even a `wake` waits, so that many of them are work once.
        `essential`: the process is not ready while this fails, nor before it was done once. `last`: once more when it
        stops."""
        self.name = name
        self._work = work
        self._seconds = seconds
        self._wake = wake or asyncio.Event()
        self._rest = rest_seconds
        self._essential = essential
        self._last = last
        self._trouble = f"{name}: not done yet"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            if self._last:
                await self._once_more()

    def health(self) -> Health:
        return Health(ready=not (self._essential and self._trouble), detail=self._trouble)

    async def _once_more(self) -> None:
        try:
            await self._work()
        except Exception as error:
            log.warning(
                "not done at the end", work=self.name, error=str(error), exc_info=not isinstance(error, ApiError)
            )

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            self._wake.clear()
            try:
                await self._work()
            except Exception as error:
                self._trouble = f"{self.name}: {error or type(error).__name__}"
                log.warning(
                    "will be tried again", work=self.name, error=str(error), exc_info=not isinstance(error, ApiError)
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                continue
            pause, self._trouble = _FIRST_PAUSE_SECONDS, ""
            if self._rest:
                await asyncio.sleep(self._rest)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._seconds - self._rest)):
                    await self._wake.wait()
