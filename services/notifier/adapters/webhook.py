"""Plain webhooks: JSON over HTTP, signed, with a key to deduplicate on."""

from __future__ import annotations

import hashlib
import hmac

import httpx

from services.common.clock import SECOND, Clock
from services.notifier.adapters import payload
from services.notifier.domain.delivery import Attempt, Key, Notification, Outcome

SIGNATURE_HEADER = "X-AIFinOps-Signature"

_RETRIED = frozenset({408, 425, 429, 500, 503})
_AMBIGUOUS = frozenset({502, 504})


class Webhook:
    """Posts to one URL."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, secret: str, console_url: str, timeout_seconds: float, clock: Clock
    ) -> None:
        self._client = client
        self._url = url
        self._secret = secret.encode()
        self._console_url = console_url
        self._timeout = timeout_seconds
        self._clock = clock

    async def send(self, notification: Notification) -> Attempt:
        body = payload.body(notification.message, self._console_url)
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(notification.key)}
        if self._secret:
            headers[SIGNATURE_HEADER] = signature(self._secret, self._clock.now() // SECOND, body)
        try:
            answer = await self._client.post(self._url, content=body, headers=headers, timeout=self._timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Attempt(Outcome.REFUSED, type(error).__name__)
        except httpx.HTTPError as error:
            # The request, or a part of it, was on its way.
            return Attempt(Outcome.UNCERTAIN, type(error).__name__)
        except httpx.InvalidURL:
            return Attempt(Outcome.REJECTED, "the destination's url is not a URL")
        return Attempt(outcome(answer.status_code), "" if answer.is_success else f"HTTP {answer.status_code}")


def outcome(status: int) -> Outcome:
    """What an HTTP status says about delivery. A gateway's 502 or 504 leaves open whether the receiver got it."""
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in _AMBIGUOUS:
        return Outcome.UNCERTAIN
    return Outcome.REFUSED if status in _RETRIED else Outcome.REJECTED


def idempotency_key(key: Key) -> str:
    """The same for every attempt of one notification."""
    return hashlib.blake2b(
        "\0".join((key.tenant_id, key.event_id, key.destination)).encode(), digest_size=16
    ).hexdigest()


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`, so that an old request cannot be replayed later."""
    mac = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"
