"""Which rows ingest has already, as they are now: a source's last days are read again and again, and seldom differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.connectors.domain.event import Event

_KEPT_FOR = timedelta(days=1)
_MOST = 500_000


class SentRows:
    """What this process saw accepted, of the rows of its last polls.

    It only saves work: whoever forgets it sends rows again that ingest drops. It is wrong where somebody else sent
    another version of a row in between, so it begins anew each day, and whenever a poller was another replica's.
    """

    def __init__(self) -> None:
        self._before: dict[str, bytes] = {}
        self._now: dict[str, bytes] = {}
        self._since: datetime | None = None

    def begin(self, now: datetime) -> None:
        """A poll begins."""
        if self._since is None or not timedelta(0) <= now - self._since < _KEPT_FOR:
            self.forget()
            self._since = now

    def unsent(self, events: Sequence[Event]) -> list[Event]:
        """Those that ingest does not have like this; from here on it is not known what it has of them."""
        found = []
        for event in events:
            name, content = event["id"], _content(event)
            if self._now.get(name, self._before.get(name)) == content:
                self._now[name] = content
            else:
                self._now.pop(name, None)
                self._before.pop(name, None)
                found.append(event)
        return found

    def accepted(self, events: Iterable[Event]) -> None:
        """Ingest has these."""
        for event in events:
            if len(self._now) < _MOST:
                self._now[event["id"]] = _content(event)

    def end(self) -> None:
        """A poll was read whole: rows that were not in it will not come again."""
        self._before, self._now = self._now, {}

    def forget(self) -> None:
        """Everything is sent again."""
        self._before, self._now, self._since = {}, {}, None


def _content(event: Event) -> bytes:
    return hashlib.blake2b(json.dumps(event, sort_keys=True).encode(), digest_size=16).digest()
