"""Figures that stay true while somebody looks: read again every few seconds, changed in place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from services.common.errors import ApiError, UnauthenticatedError
from services.console.web.components.notices import Banner
from services.console.web.visit import SIGN_IN_AGAIN, Visit

_FIRST_LOOK_SECONDS = 1.5


class Live:
    """Calls `refresh` again and again; rests while the tab is hidden. Its banner appears where it is created."""

    def __init__(self, visit: Visit, refresh: Callable[[], Awaitable[None]]) -> None:
        self._refresh = refresh
        self._banner = Banner()
        self._busy = asyncio.Lock()
        self._timer = ui.timer(visit.console.options.refresh_seconds, self.refresh, immediate=False)
        ui.on("af_visible", self._on_visible)

    async def first(self) -> None:
        """The first reading, before the page is sent if that is quick, soon after if not."""
        try:
            async with asyncio.timeout(_FIRST_LOOK_SECONDS):
                await self.refresh()
        except TimeoutError:
            ui.timer(0.1, self.refresh, once=True)

    async def refresh(self) -> None:
        """Reads now; trouble goes to the banner, and what was shown stays."""
        async with self._busy:
            try:
                await self._refresh()
            except UnauthenticatedError:
                self._timer.deactivate()
                ui.navigate.to(SIGN_IN_AGAIN)
            except ApiError as error:
                self._banner.show(f"Figures may be old: {error.message}. Trying again every few seconds.")
            else:
                self._banner.hide()

    async def _on_visible(self, event: Any) -> None:
        if event.args:
            self._timer.activate()
            await self.refresh()
        else:
            self._timer.deactivate()
