"""How fast a source may be asked: our own limit, and what its answers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass
class TokenBucket:
    """Lets requests through at a steady rate, a few at once after a pause. Times are seconds of any steady clock."""

    per_minute: int
    burst: int = 5
    _tokens: float = 0.0
    _at: float | None = None

    def wait(self, now: float) -> float:
        """Takes a token. Returns the seconds until the request it stands for may go."""
        rate, full = self.per_minute / 60, float(min(self.burst, self.per_minute))
        self._tokens = full if self._at is None else min(full, self._tokens + (now - self._at) * rate)
        self._at = now
        self._tokens -= 1
        return max(0.0, -self._tokens / rate)


def told_to_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds an answer asks us to stay away, None where it is about something else than haste.

    `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); else `X-RateLimit-Reset`, the epoch second at which a used
    up allowance is renewed, which GitHub sends with 403 as well as 429.

    Args:
        status: of the answer.
        headers: by lower-case name.
        now: by the source's clock, if it tells.
    """
    used_up = headers.get("x-ratelimit-remaining") == "0"
    if status not in (429, 503, 529) and not (status == 403 and (used_up or "retry-after" in headers)):
        return None
    after = headers.get("retry-after", "")
    if after.isdecimal() and len(after) < 10:
        return float(after)
    if after:
        try:
            moment = parsedate_to_datetime(after)
        except ValueError:
            return 0.0
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if used_up and reset.isdecimal() and len(reset) < 12:
        return max(0.0, int(reset) - now.timestamp())
    return 0.0
