"""Time as microseconds since the epoch, UTC; and who tells it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)


class Clock(Protocol):
    """Tells the time; a test brings its own."""

    def now(self) -> Micros: ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> Micros:
        return time.time_ns() // 1_000


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, now: Micros) -> None:
        self._now = now

    def now(self) -> Micros:
        return self._now

    def set(self, now: Micros) -> None:
        self._now = now

    def advance(self, micros: Micros) -> None:
        self._now += micros


def to_micros(moment: datetime) -> Micros:
    """Exact microseconds of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(micros: Micros) -> datetime:
    """Aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def parse_rfc3339(text: str) -> Micros:
    """Microseconds of an RFC 3339 time; finer digits are cut.

    Raises:
        ValueError: not a time, or one without an offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an RFC 3339 time such as 2026-11-23T12:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: end it with Z or +01:00")
    try:
        return to_micros(moment)
    except OverflowError:
        raise ValueError(f"{text!r} is out of range") from None


def format_rfc3339(micros: Micros) -> str:
    """2026-11-23T12:00:00Z, with six decimals where it is no whole second.

    Raises:
        OverflowError: beyond the years 1 to 9999.
    """
    seconds, fraction = divmod(micros, SECOND)
    return f"{_whole(seconds)}.{fraction:06d}Z" if fraction else f"{_whole(seconds)}Z"


@lru_cache(maxsize=4_096)
def _whole(seconds: int) -> str:
    """Remembered, since events that are written together share their seconds."""
    return (_NAIVE_EPOCH + timedelta(seconds=seconds)).isoformat()
