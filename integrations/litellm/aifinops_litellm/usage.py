"""Tells the platform of every request's usage, so that its cost takes the place of its hold.

LiteLLM's own `generic_api` callback empties its queue after a batch was sent, also of what came meanwhile (1.106.2),
and gives up on a batch that is refused. Here an event leaves the queue once the platform has it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.safe_json_dumps import safe_dumps

from aifinops_litellm.settings import PREFIX

log = logging.getLogger("aifinops")

MOST_WAITING = 50_000
"""Events kept while the platform is away; beyond it the oldest are dropped, and told of."""
BATCH = 200
GATHER_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
_CONTENT = ("messages", "response", "vector_store_request_metadata", "guardrail_information", "error_information")
"""What the platform would drop at its door."""


class UsageCallback(CustomLogger):
    """Sends events in the order they came, again and again until they are accepted."""

    def __init__(self, ingest: str, key: str) -> None:
        """`ingest`: the platform's URL, http://host:port; `key`: an API key that may send events."""
        super().__init__()
        self._url = f"{ingest.rstrip('/')}/v1/litellm"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._waiting: deque[str] = deque()
        self._batch = 0
        """How many of those that wait are being sent: the first ones."""
        self._sending: asyncio.Task[None] | None = None

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self._add(kwargs)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self._add(kwargs)

    def _add(self, kwargs: Mapping[str, Any]) -> None:
        payload = kwargs.get("standard_logging_object")
        if not isinstance(payload, Mapping):
            return
        self._waiting.append(safe_dumps(_without_content(payload)))
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._batch -= 1
            log.error("the platform has been away too long: the oldest usage event is lost")
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """Until nothing waits."""
        pause = GATHER_SECONDS
        async with httpx.AsyncClient(headers=self._headers, timeout=10, trust_env=False) as client:
            while self._waiting:
                await asyncio.sleep(pause)
                self._batch = min(BATCH, len(self._waiting))
                if await self._accepted(client, [self._waiting[place] for place in range(self._batch)]):
                    for _ in range(self._batch):
                        self._waiting.popleft()
                    pause = GATHER_SECONDS
                else:
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _accepted(self, client: httpx.AsyncClient, batch: list[str]) -> bool:
        """Whether the batch needs not be sent again."""
        try:
            answer = await client.post(self._url, content=f"[{','.join(batch)}]")
        except httpx.HTTPError as error:
            log.warning("usage events wait: %s %s", type(error).__name__, error)
            return False
        if answer.status_code in (401, 403, 429) or answer.status_code >= 500:
            # A key may be wrong for a while, too.
            log.warning("usage events wait: %s %s", answer.status_code, answer.text[:200])
            return False
        if answer.status_code >= 400 or answer.json().get("rejected"):
            log.error("usage events were refused: %s %s", answer.status_code, answer.text[:500])
        return True


def _without_content(payload: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in payload.items() if name not in _CONTENT}
    response = payload.get("response")
    if isinstance(response, Mapping) and response.get("service_tier"):
        kept["response"] = {"service_tier": response["service_tier"]}
    return kept


def __getattr__(name: str) -> UsageCallback:
    """`events` is what a proxy's configuration names; it is made when it is asked for, from the environment."""
    if name != "events":
        raise AttributeError(name)
    for needed in ("INGEST", "KEY"):
        if not os.environ.get(PREFIX + needed, "").strip():
            raise ValueError(f"{PREFIX}{needed} is not set")
    made = UsageCallback(os.environ[f"{PREFIX}INGEST"].strip(), os.environ[f"{PREFIX}KEY"].strip())
    globals()[name] = made
    return made
