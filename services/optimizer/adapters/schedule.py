"""Runs the rules every few minutes, and sooner after seats changed. A component."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.common.component import Health
from services.common.errors import ApiError
from services.common.kafka.leading import Leadership
from services.common.log import get_logger
from services.optimizer.adapters.metrics import RUN_SECONDS
from services.optimizer.domain.lifecycle import Change

log = get_logger(__name__)

_RETRY_SECONDS = 10.0
_POLL_SECONDS = 0.5


class Schedule:
    """Decides when to run. A failing run is repeated soon; it leaves every recommendation as it is."""

    def __init__(
        self,
        run: Callable[[], Awaitable[Sequence[Change]]],
        leadership: Leadership,
        *,
        interval_seconds: float,
        first_run_seconds: float,
        min_interval_seconds: float,
    ) -> None:
        self.name = "optimizer schedule"
        self._run = run
        self._leadership = leadership
        self._interval = interval_seconds
        self._first_run = first_run_seconds
        self._min_interval = min_interval_seconds
        self._due = 0.0
        self._earliest = 0.0
        self._working: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._due = self._earliest = time.monotonic() + self._first_run
        self._working = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._working is not None:
            self._working.cancel()

    def health(self) -> Health:
        ended = self._working is not None and self._working.done()
        return Health(ready=not ended, alive=not ended, detail="the schedule ended" if ended else "")

    def hasten(self) -> None:
        """Something changed: runs as soon as the least interval allows."""
        self._due = self._earliest

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(min(_POLL_SECONDS, self._min_interval))
            if not self._leadership.held or time.monotonic() < self._due:
                continue
            started = time.monotonic()
            # Set before the run: what changes during it hastens the next one.
            self._due, self._earliest = started + self._interval, started + self._min_interval
            outcome = await self._run_once()
            RUN_SECONDS.labels(outcome).observe(time.monotonic() - started)
            if outcome == "failed":
                self._due = min(self._due, time.monotonic() + _RETRY_SECONDS)

    async def _run_once(self) -> str:
        try:
            changes = await self._run()
        except (ApiError, ClickHouseError) as error:
            log.warning("rules not run", error=str(error))
            return "failed"
        except Exception as error:
            log.error("rules not run", exc_info=error)
            return "failed"
        if changes:
            log.info("recommendations changed", changes=len(changes))
        return "done"
