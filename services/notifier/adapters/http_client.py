"""The HTTP client of plain webhooks, as a component."""

from __future__ import annotations

import httpx

from services.common.component import Health


class HttpClient:
    """One pool of connections."""

    def __init__(self) -> None:
        self.name = "webhook client"
        self.client = httpx.AsyncClient(follow_redirects=False)

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        await self.client.aclose()

    def health(self) -> Health:
        return Health(ready=True)
