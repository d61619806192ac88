"""Cursor's seats: who is a paying member of the team today. Metered: a seat is the spend.

https://cursor.com/docs/account/teams/admin-api, "Get Team Members"
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from functools import partial

from services.common.clock import Clock, SystemClock
from services.connectors.domain.connector import Api, Pages, Unreadable
from services.connectors.domain.event import Event, row_id, tags
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.sources import cursor, seats

NAME = "cursor-seats"
PLAN = "plan"

_FREE_ROLES = frozenset({"free-owner"})
"""Administers the team without a seat."""


def snapshots(clock: Clock) -> Pages:
    """Reads the members of today."""
    return seats.of_today(clock, _snapshot)


async def _snapshot(api: Api, day: date, options: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    members = listed(document((await api.get("/teams/members")).body, "Cursor"), "teamMembers", "Cursor")
    found = [read(member, partial(_event, day, options[PLAN]), f"member {n}") for n, member in enumerate(members, 1)]
    yield [seat for seat in found if seat is not None]


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


CONNECTOR = seats.connector(
    name=NAME,
    title="Cursor seats",
    base_url=cursor.BASE_URL,
    headers=cursor.headers,
    pages=snapshots(SystemClock()),
    requests_per_minute=cursor.REQUESTS_PER_MINUTE,
    options={PLAN: "what its seats are, such as cursor-teams: the API does not tell, and the price depends on it"},
)
