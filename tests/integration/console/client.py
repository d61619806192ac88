"""Calls over REST, and what a refusal looks like."""

from __future__ import annotations

from typing import Any

import httpx

from tests.e2e.console_backend import Running

API = "/api/v1"


class As:
    """Calls as one key."""

    def __init__(self, running: Running, http: httpx.AsyncClient, tenant: str = "acme", role: str = "viewer") -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {running.keys[tenant][role]}"}

    async def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self._headers, **options.pop("headers", {})}
        return await self._http.request(method, API + path, headers=headers, **options)

    async def get(self, path: str, **parameters: Any) -> Any:
        answer = await self("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


def problem(answer: httpx.Response, status: int, code: str) -> list[str]:
    """Checks a refusal's shape; the fields it names."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    return [detail["field"] for detail in error["details"]]
