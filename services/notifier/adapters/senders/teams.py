"""Microsoft Teams: workflows that post a card when a webhook request is received
(https://learn.microsoft.com/connectors/teams, https://adaptivecards.io)."""

from __future__ import annotations

from typing import Any

import orjson

from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.domain.delivery import Attempt
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Severity

BODY_LIMIT = 20_000
"""Of a card of at most 28 KB."""
_COLOURS = {Severity.INFO: "accent", Severity.WARNING: "warning", Severity.CRITICAL: "attention"}


class Teams:
    """Posts to the channel of one workflow."""

    def __init__(self, client: HttpClient, guard: Guard, webhook_url: str) -> None:
        self._client = client
        self._guard = guard
        self._url = webhook_url

    async def send(self, letter: Letter) -> Attempt:
        return await self._client.post(self._url, orjson.dumps(payload(letter)), self._guard)


def payload(letter: Letter) -> dict[str, Any]:
    """One adaptive card."""
    paragraphs = [{"type": "TextBlock", "text": line, "wrap": True} for line in letter.body[:BODY_LIMIT].splitlines()]
    title = {
        "type": "TextBlock",
        "text": letter.title,
        "weight": "bolder",
        "size": "medium",
        "color": _COLOURS[letter.severity],
        "wrap": True,
    }
    actions = [
        {"type": "Action.OpenUrl", "title": text, "url": url}
        for text, url in (("Open", letter.link), ("Acknowledge or snooze", letter.act_link))
        if url
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *paragraphs],
        "actions": actions,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}
