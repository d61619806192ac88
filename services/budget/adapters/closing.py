"""What is closed when a process stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.common.component import Health


class Closing:
    """Calls `close` when the process stops. A component; the last one of a service stops first."""

    def __init__(self, name: str, close: Callable[[], Awaitable[None] | None]) -> None:
        self.name = name
        self._close = close

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        closing = self._close()
        if closing is not None:
            await closing

    def health(self) -> Health:
        return Health(ready=True)
