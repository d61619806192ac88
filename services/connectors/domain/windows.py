"""Which part of a source's history a poll reads, and how far it may then be taken as read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from services.connectors.domain.connector import Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floor(moment: datetime, grain: timedelta) -> datetime:
    """The start of the bucket a moment lies in."""
    return moment - (moment - _EPOCH) % grain


def ceiling(moment: datetime, grain: timedelta) -> datetime:
    """The end of the bucket a moment lies in; a moment between two buckets ends the earlier one."""
    return -((_EPOCH - moment) // grain) * grain + _EPOCH


def windows(start: datetime, end: datetime, grain: timedelta, stride: timedelta) -> Iterator[Window]:
    """From the bucket of `start` to the end of the bucket of `end`, oldest first, none wider than `stride`.

    A stride that is no multiple of the grain counts as the next smaller one, at least one bucket.
    """
    step = max(grain, floor(_EPOCH + stride, grain) - _EPOCH)
    start, end = floor(start, grain), ceiling(end, grain)
    while start < end:
        yield Window(start, min(start + step, end))
        start += step


def reread_from(through: datetime, now: datetime, settles_after: timedelta, grain: timedelta) -> datetime:
    """The first bucket that could have changed since everything was read at `through`.

    A bucket that ended at least `settles_after` before `through` was final when it was read. A `through` that lies
    ahead of the clock says nothing about what comes, so the clock counts then.
    """
    return floor(min(through, now) - settles_after, grain)


def read_through(window: Window, asked_at: datetime, behind: timedelta) -> datetime:
    """Up to when a source's history is known once a window was read.

    Not beyond the moment it was asked by the source's own clock: what it had not seen happen it could not tell. Where
    that clock is far behind, this lies before the window.

    Args:
        window: that was read.
        asked_at: by our clock, before the first request.
        behind: how far the source's clock is behind ours.
    """
    return min(window.end, asked_at - behind)
