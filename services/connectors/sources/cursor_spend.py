"""Cursor's spend: what each member was charged on top of the plan in this billing cycle. Reported, never spend.

https://cursor.com/docs/account/teams/admin-api, "Get Spending Data"
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from services.common.clock import Clock, SystemClock, to_datetime
from services.connectors.domain.connector import Api, Connector, Pages, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event, dollars_of_cents, rfc3339, row_id, tags
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.sources import cursor

NAME = "cursor-spend"
PAGE_SIZE = 100


def cycles(clock: Clock) -> Pages:
    """Reads the cycle of today. Cursor tells no other, so a window of other days has none."""

    async def pages(api: Api, window: Window, _: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
        if not window.start <= to_datetime(clock.now()) < window.end:
            return
        number, last = 1, 1
        while number <= last:
            body = {"page": number, "pageSize": PAGE_SIZE, "sortBy": "user", "sortDirection": "asc"}
            answer = document((await api.post("/teams/spend", body)).body, "Cursor")
            members = listed(answer, "teamMemberSpend", "Cursor")
            try:
                start, last = answer.moment_of_millis("subscriptionCycleStart"), answer.count("totalPages")
            except ValueError as error:
                raise SourceRefusedError(f"Cursor's answer does not tell the billing cycle: {error}") from None
            yield [
                read(member, partial(_event, start), f"page {number} member {n}") for n, member in enumerate(members, 1)
            ]
            number = number + 1 if members else last + 1

    return pages


def _event(start: datetime, row: Row) -> Event:
    return Event(
        # One event a cycle: as the figure grows, its growth is a revision at the cycle's start.
        id=row_id(rfc3339(start), row.text("userId") or row.needed("email")),
        time=rfc3339(start),
        source=NAME,
        measurement="reported",
        provider=cursor.PROVIDER,
        tool=cursor.TOOL,
        user=row.label("email"),
        tags=tags(role=row.label("role")),
        usage={},
        # spendCents leaves out what the plan includes, as isChargeable does in the usage events.
        source_cost=dollars_of_cents(row.amount("spendCents")),
    )


CONNECTOR = Connector(
    name=NAME,
    title="Cursor spend by member",
    base_url=cursor.BASE_URL,
    headers=cursor.headers,
    pages=cycles(SystemClock()),
    grain=timedelta(days=1),
    settles_after=timedelta(0),
    interval=timedelta(hours=1),
    history=timedelta(0),
    requests_per_minute=cursor.REQUESTS_PER_MINUTE,
    options={},
)
