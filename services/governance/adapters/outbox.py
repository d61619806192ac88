"""Finishes what people's decisions entail: at once, and again after whatever kept it from finishing. A component."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.common.component import Health
from services.common.errors import UnavailableError
from services.common.log import get_logger

log = get_logger(__name__)


class Outbox:
    """Calls `settle` when woken and every few seconds."""

    def __init__(self, settle: Callable[[], Awaitable[int]], wake: asyncio.Event, every_seconds: float) -> None:
        self.name = "governance outbox"
        self._settle = settle
        self._wake = wake
        self._every_seconds = every_seconds
        self._working: asyncio.Task[None] | None = None
        self._trouble = ""

    async def start(self) -> None:
        self._working = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._working is not None:
            self._working.cancel()

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble)

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._settle()
                self._trouble = ""
            except (UnavailableError, ClickHouseError) as error:
                self._trouble = str(error)
                log.warning("decisions not told yet", error=str(error))
            except Exception as error:
                self._trouble = f"{type(error).__name__}: {error}"
                log.error("decisions not told", exc_info=error)
            try:
                async with asyncio.timeout(self._every_seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue
