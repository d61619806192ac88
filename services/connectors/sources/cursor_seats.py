"""Cursor's seats: who is a paying member of the team today. Metered: a seat is the spend.

https://cursor.com/docs/account/teams/admin-api, "Get Team Members"
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from services.common.clock import Clock, SystemClock, to_datetime
from services.connectors.domain.connector import Api, Connector, Pages, Unreadable, Window
from services.connectors.domain.event import Event, row_id, tags
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.sources import cursor

NAME = "cursor-seats"
PLAN = "plan"

_FREE_ROLES = frozenset({"free-owner"})
"""Administers the team without a seat."""


def snapshots(clock: Clock) -> Pages:
    """Reads the members of today. Cursor keeps no history of them, so a window of other days has none."""

    async def pages(
        api: Api, window: Window, options: Mapping[str, str]
    ) -> AsyncIterator[Sequence[Event | Unreadable]]:
        now = to_datetime(clock.now())
        if not window.start <= now < window.end:
            return
        members = listed(document((await api.get("/teams/members")).body, "Cursor"), "teamMembers", "Cursor")
        seats = [
            read(member, partial(_event, now.date(), options[PLAN]), f"member {n}")
            for n, member in enumerate(members, 1)
        ]
        yield [seat for seat in seats if seat is not None]

    return pages


def _event(day: date, plan: str, row: Row) -> Event | None:
    """None: a member without a seat. Cursor tells neither since when one is held nor when it was last used."""
    if row.flag("isRemoved") or row.label("role") in _FREE_ROLES:
        return None
    email = row.needed("email")
    return Event(
        id=row_id(row.text("id") or email, day),
        time=f"{day}T00:00:00Z",
        source=NAME,
        provider=cursor.PROVIDER,
        model=plan,
        tool=cursor.TOOL,
        user=email,
        tags=tags(role=row.label("role")),
        usage={"seats": 1},
        seat={},
    )


CONNECTOR = Connector(
    name=NAME,
    title="Cursor seats",
    base_url=cursor.BASE_URL,
    headers=cursor.headers,
    pages=snapshots(SystemClock()),
    grain=timedelta(days=1),
    settles_after=timedelta(0),
    interval=timedelta(hours=6),
    history=timedelta(0),
    requests_per_minute=cursor.REQUESTS_PER_MINUTE,
    options={PLAN: "what its seats are, such as cursor-teams: the API does not tell, and the price depends on it"},
)
