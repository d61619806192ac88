"""Slack's incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from __future__ import annotations

from typing import Any

import orjson

from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.domain.delivery import Attempt
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Severity

HEADER_LIMIT = 150
SECTION_LIMIT = 3_000
_SIGNS = {Severity.INFO: ":information_source:", Severity.WARNING: ":warning:", Severity.CRITICAL: ":rotating_light:"}


class Slack:
    """Posts to the channel of one webhook."""

    def __init__(self, client: HttpClient, guard: Guard, webhook_url: str) -> None:
        self._client = client
        self._guard = guard
        self._url = webhook_url

    async def send(self, letter: Letter) -> Attempt:
        return await self._client.post(self._url, orjson.dumps(payload(letter)), self._guard)


def payload(letter: Letter) -> dict[str, Any]:
    """Blocks, and a text for places that show none."""
    title = f"{_SIGNS[letter.severity]} {letter.title}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(title, HEADER_LIMIT), "emoji": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": _cut(_escaped(letter.body), SECTION_LIMIT)}},
    ]
    buttons = [
        {"type": "button", "text": {"type": "plain_text", "text": text}, "url": url}
        for text, url in (("Open", letter.link), ("Acknowledge or snooze", letter.act_link))
        if url
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _escaped(title), "blocks": blocks}


def _escaped(text: str) -> str:
    """The three characters that Slack reads as markup; links and mentions cannot be made by what a message quotes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
