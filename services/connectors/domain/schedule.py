"""When a poller is due, and which replica it falls to."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=10)


def share_of(name: str, shares: int) -> int:
    """The share a poller belongs to, of so many: the same on every replica (CRC-32)."""
    return zlib.crc32(name.encode()) % shares


def until_due(polled_at: datetime | None, now: datetime, interval: timedelta) -> timedelta:
    """From nothing to an interval: how long until the next poll. A poll that lies in the future was not."""
    if polled_at is None or polled_at > now:
        return timedelta(0)
    return max(timedelta(0), polled_at + interval - now)


def after_failure(failures: int, interval: timedelta, random: Callable[[], float]) -> timedelta:
    """How long to wait after so many failures in a row: doubling up to 10 minutes, never longer than the interval, the
    last quarter at random so that pollers which failed together do not return together."""
    pause = min(_FIRST_PAUSE * (1 << min(failures - 1, 10)), _LONGEST_PAUSE, interval)
    return pause * (0.75 + 0.25 * random())
