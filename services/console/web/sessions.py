"""Who is signed in: an opaque, signed cookie; the API key behind it stays in this process's memory."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from services.common.clock import SECOND, Clock, Micros

COOKIE = "aifinops_session"
MAX_SESSIONS = 10_000


@dataclass
class Session:
    """A signed-in browser."""

    key: str = field(repr=False)
    used: Micros


class Sessions:
    """Sessions by cookie. One that is unused for `hours` ends; so does the oldest when there are too many."""

    def __init__(self, secret: str, hours: float, clock: Clock) -> None:
        self._secret = secret.encode()
        self._lifetime = int(hours * 3_600 * SECOND)
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def open(self, key: str) -> str:
        """Signs a key in; returns the cookie's value."""
        token = secrets.token_urlsafe(32)
        self._sessions[token] = Session(key, self._clock.now())
        while len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return f"{token}.{self._signature(token)}"

    def key_of(self, cookie: str) -> str | None:
        """The API key behind a cookie, and a new lease for its session; None if it is forged, closed or too old."""
        token = self._token(cookie)
        session = self._sessions.get(token)
        if session is None:
            return None
        now = self._clock.now()
        if now - session.used > self._lifetime:
            del self._sessions[token]
            return None
        session.used = now
        self._sessions.move_to_end(token)
        return session.key

    def close(self, cookie: str) -> None:
        """Signs out."""
        self._sessions.pop(self._token(cookie), None)

    def _token(self, cookie: str) -> str:
        token, _, signature = cookie.partition(".")
        return token if hmac.compare_digest(signature.encode(), self._signature(token).encode()) else ""

    def _signature(self, token: str) -> str:
        return hmac.new(self._secret, token.encode(), hashlib.sha256).hexdigest()
