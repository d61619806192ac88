"""Something done now and then. A component."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.common.component import Health
from services.common.log import get_logger

log = get_logger(__name__)


class Ticker:
    """Calls `work` every so often; a failure is logged, and the next call comes in its time."""

    def __init__(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self._seconds = seconds
        self._work = work
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def health(self) -> Health:
        running = self._task is not None and not self._task.done()
        return Health(ready=running, alive=self._task is None or running, detail="" if running else "not running")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self._work()
            except Exception as error:
                log.warning("did not get through; trying again in time", task=self.name, error=str(error))
