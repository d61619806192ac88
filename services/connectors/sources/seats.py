"""What the sources of seats have in common: they tell who holds one now, and keep no history of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, timedelta

from services.common.clock import Clock, to_datetime
from services.connectors.domain.connector import Api, Connector, Pages, Unreadable, Window
from services.connectors.domain.event import Event

Snapshot = Callable[[Api, date, Mapping[str, str]], AsyncIterator[Sequence[Event | Unreadable]]]
"""Reads the seats as they are, as those of a UTC day, page by page, with the poller's options."""


def of_today(clock: Clock, snapshot: Snapshot) -> Pages:
    """Reads a window that today lies in; one of other days has nothing."""

    async def pages(
        api: Api, window: Window, options: Mapping[str, str]
    ) -> AsyncIterator[Sequence[Event | Unreadable]]:
        now = to_datetime(clock.now())
        if window.start <= now < window.end:
            async for page in snapshot(api, now.date(), options):
                yield page

    return pages


def connector(
    name: str,
    title: str,
    base_url: str,
    headers: Callable[[str], Mapping[str, str]],
    pages: Pages,
    requests_per_minute: int,
    options: Mapping[str, str],
) -> Connector:
    """A source of seats: of each day by itself, several times a day, so that a seat held for hours is seen."""
    return Connector(
        name=name,
        title=title,
        base_url=base_url,
        headers=headers,
        pages=pages,
        grain=timedelta(days=1),
        settles_after=timedelta(0),
        interval=timedelta(hours=6),
        history=timedelta(0),
        requests_per_minute=requests_per_minute,
        options=options,
    )
