"""One POST, and what its answer says about delivery."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx

from services.common.clock import SECOND, Clock, Micros, to_micros
from services.common.component import Health
from services.notifier.adapters.senders.guard import ForbiddenAddressError, Guard
from services.notifier.domain.delivery import Attempt, Outcome

_RETRIED = frozenset({408, 425, 429, 500, 503})
_AMBIGUOUS = frozenset({502, 504})
_SHOWN = 500
"""Characters of an answer that are kept."""


class HttpClient:
    """One pool of connections. A component."""

    def __init__(self, timeout_seconds: float, clock: Clock) -> None:
        self.name = "receivers' HTTP client"
        self._client = httpx.AsyncClient(follow_redirects=False, timeout=timeout_seconds)
        self._clock = clock

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        await self._client.aclose()

    def health(self) -> Health:
        return Health(ready=True)

    async def post(self, url: str, body: bytes, guard: Guard, headers: Mapping[str, str] | None = None) -> Attempt:
        """Never raises. Neither the URL nor the headers appear in what it returns."""
        try:
            request = self._client.build_request(
                "POST", url, content=body, headers={"Content-Type": "application/json", **(headers or {})}
            )
            answer = await self._client.send(await guard.pinned(request))
        except ForbiddenAddressError as error:
            return Attempt(Outcome.REJECTED, str(error))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, OSError) as error:
            return Attempt(Outcome.REFUSED, type(error).__name__)
        except httpx.HTTPError as error:
            # The request, or a part of it, was on its way.
            return Attempt(Outcome.UNCERTAIN, type(error).__name__)
        except (httpx.InvalidURL, ValueError):
            return Attempt(Outcome.REJECTED, "its url is not a URL")
        said = answer.text[:_SHOWN].strip()
        detail = "" if answer.is_success else f"HTTP {answer.status_code}"
        shown = f"HTTP {answer.status_code} {said}".strip()
        return Attempt(outcome(answer.status_code), detail, shown, self._retry_after(answer))

    def _retry_after(self, answer: httpx.Response) -> Micros:
        """RFC 9110, section 10.2.3: seconds, or a date."""
        text = answer.headers.get("Retry-After", "")
        if text.isdecimal():
            return int(text[:9]) * SECOND
        try:
            return max(0, to_micros(parsedate_to_datetime(text)) - self._clock.now()) if text else 0
        except (ValueError, TypeError, OverflowError):
            return 0


def outcome(status: int) -> Outcome:
    """What an HTTP status says about delivery. A gateway's 502 or 504 leaves open whether the receiver got it."""
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status in _AMBIGUOUS:
        return Outcome.UNCERTAIN
    return Outcome.REFUSED if status in _RETRIED else Outcome.REJECTED
