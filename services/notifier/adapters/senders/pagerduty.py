"""PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview). An alert is an incident of
the same deduplication key, from its first event to its last."""

from __future__ import annotations

from typing import Any

import orjson

from services.common.clock import format_rfc3339
from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.domain.delivery import Attempt
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Severity, Transition

US = "https://events.pagerduty.com"
EU = "https://events.eu.pagerduty.com"
SUMMARY_LIMIT = 1_024
_SEVERITIES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical"}
_ACTIONS = {
    Transition.RESOLVED: "resolve",
    Transition.ACKNOWLEDGED: "acknowledge",
    # It knows no snooze from outside; who snoozed has seen it.
    Transition.SNOOZED: "acknowledge",
}


class PagerDuty:
    """Sends events to one integration."""

    def __init__(self, client: HttpClient, guard: Guard, address: str, routing_key: str) -> None:
        self._client = client
        self._guard = guard
        self._url = f"{address}/v2/enqueue"
        self._key = routing_key

    async def send(self, letter: Letter) -> Attempt:
        return await self._client.post(self._url, orjson.dumps(payload(letter, self._key)), self._guard)


def payload(letter: Letter, routing_key: str) -> dict[str, Any]:
    """One event."""
    message = letter.message
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": _ACTIONS.get(message.transition, "trigger"),
        "dedup_key": letter.thread,
    }
    if event["event_action"] == "trigger":
        event["client"] = "AI FinOps"
        event["payload"] = {
            "summary": letter.title[:SUMMARY_LIMIT],
            "source": message.subject or message.tenant_id,
            "severity": _SEVERITIES[letter.severity],
            "timestamp": format_rfc3339(message.event_time),
            "group": message.team or message.tenant_id,
            "class": message.name,
            "custom_details": {"body": letter.body, **dict(message.labels)},
        }
        event["links"] = [
            {"href": url, "text": text}
            for text, url in (("Open in the console", letter.link), ("Acknowledge or snooze", letter.act_link))
            if url
        ]
    return event
