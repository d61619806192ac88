"""Work that is done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.common.component import Health
from services.common.errors import ApiError
from services.common.log import get_logger

log = get_logger(__name__)

LONGEST_PAUSE_SECONDS = 5.0


class Worker:
    """Calls `work` every `seconds`, or as soon as `wake` is set; after a failure it waits longer each time. A
    component.

    `essential`: while it fails the process is not ready.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        seconds: float,
        wake: asyncio.Event | None = None,
        essential: bool = False,
    ) -> None:
        self.name = name
        self._work = work
        self._seconds = seconds
        self._wake = wake or asyncio.Event()
        self._essential = essential
        self._trouble = "not done yet"
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def health(self) -> Health:
        return Health(ready=not (self._essential and self._trouble), detail=self._trouble)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = self._seconds
            try:
                await self._work()
            except Exception as error:
                self._failures += 1
                pause = min(LONGEST_PAUSE_SECONDS, self._seconds * 2**self._failures)
                self._trouble = f"{self.name}: {error}"
                log.warning(
                    "will be tried again", work=self.name, error=str(error), exc_info=not isinstance(error, ApiError)
                )
                await asyncio.sleep(pause)
                continue
            self._failures, self._trouble = 0, ""
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                pass


class Closing:
    """Calls `close` when the process stops. A component; the last one of a service stops first."""

    def __init__(self, name: str, close: Callable[[], None]) -> None:
        self.name = name
        self._close = close

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        self._close()

    def health(self) -> Health:
        return Health(ready=True)
