"""Opsgenie's Alert API (https://docs.opsgenie.com/docs/alert-api). An alert there has ours as alias, from its first
event to its last."""

from __future__ import annotations

from typing import Any

import orjson

from services.common.clock import format_rfc3339
from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.domain.delivery import Attempt
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Severity, Transition

US = "https://api.opsgenie.com"
EU = "https://api.eu.opsgenie.com"
MESSAGE_LIMIT = 130
DESCRIPTION_LIMIT = 15_000
_PRIORITIES = {Severity.INFO: "P5", Severity.WARNING: "P3", Severity.CRITICAL: "P1"}
_ACTIONS = {
    Transition.RESOLVED: "close",
    Transition.ACKNOWLEDGED: "acknowledge",
    Transition.SNOOZED: "acknowledge",
}


class Opsgenie:
    """Speaks to one API integration."""

    def __init__(self, client: HttpClient, guard: Guard, address: str, api_key: str) -> None:
        self._client = client
        self._guard = guard
        self._url = f"{address}/v2/alerts"
        self._headers = {"Authorization": f"GenieKey {api_key}"}

    async def send(self, letter: Letter) -> Attempt:
        action = _ACTIONS.get(letter.message.transition)
        if action is None:
            return await self._client.post(self._url, orjson.dumps(payload(letter)), self._guard, self._headers)
        url = f"{self._url}/{letter.thread}/{action}?identifierType=alias"
        note = {"note": letter.body[:DESCRIPTION_LIMIT], "source": "AI FinOps"}
        return await self._client.post(url, orjson.dumps(note), self._guard, self._headers)


def payload(letter: Letter) -> dict[str, Any]:
    """An alert to create; the same alias again counts as its repetition."""
    message = letter.message
    return {
        "message": letter.title[:MESSAGE_LIMIT],
        "alias": letter.thread,
        "description": letter.text()[:DESCRIPTION_LIMIT],
        "priority": _PRIORITIES[letter.severity],
        "source": "AI FinOps",
        "entity": message.subject,
        "tags": [message.kind.value, message.name],
        "details": {"tenant": message.tenant_id, "time": format_rfc3339(message.event_time), **dict(message.labels)},
    }
