"""Plain webhooks: JSON over HTTP, signed, with a key to deduplicate on."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from services.common.clock import SECOND, Clock, format_rfc3339
from services.notifier.adapters.senders.guard import Guard
from services.notifier.adapters.senders.http import HttpClient
from services.notifier.domain.delivery import Attempt
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Message

SIGNATURE_HEADER = "X-AIFinOps-Signature"


class Webhook:
    """Posts to one URL."""

    def __init__(self, client: HttpClient, guard: Guard, clock: Clock, url: str, secret: str) -> None:
        self._client = client
        self._guard = guard
        self._clock = clock
        self._url = url
        self._secret = secret.encode()

    async def send(self, letter: Letter) -> Attempt:
        body = payload(letter)
        headers = {"Idempotency-Key": letter.key}
        if self._secret:
            headers[SIGNATURE_HEADER] = signature(self._secret, self._clock.now() // SECOND, body)
        return await self._client.post(self._url, body, self._guard, headers)


def payload(letter: Letter) -> bytes:
    """One event's fields, with the alert's links; of several in one message, each under `messages`."""
    if len(letter.messages) > 1:
        return orjson.dumps(
            {
                "title": letter.title,
                "body": letter.body,
                "severity": letter.severity.label,
                "tenant": letter.message.tenant_id,
                "link": letter.link,
                "messages": [_fields(message) for message in letter.messages],
            }
        )
    return orjson.dumps(
        {
            **_fields(letter.message),
            "title": letter.title,
            "body": letter.body,
            "link": letter.link,
            "act_link": letter.act_link,
        }
    )


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`, so that an old request cannot be replayed later."""
    mac = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"


def _fields(message: Message) -> dict[str, Any]:
    return {
        "id": message.event_id,
        "alert": f"notifications/{message.alert_id}",
        "kind": message.kind.value,
        "event": message.name,
        "transition": message.transition.value,
        "severity": message.severity.label,
        "tenant": message.tenant_id,
        "subject": message.subject,
        "team": message.team,
        "labels": dict(message.labels),
        "title": message.title,
        "body": message.body,
        "facts": {fact.name: fact.value for fact in message.facts},
        "advice": message.advice,
        "time": format_rfc3339(message.event_time),
    }
