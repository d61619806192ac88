"""Cursor's usage events: every request, its tokens and what it was charged. Metered: nothing else tells of that spend.

https://cursor.com/docs/account/teams/admin-api, "Get Usage Events Data"
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from services.common.clock import to_micros
from services.connectors.domain.connector import Api, Connector, SourceRefusedError, Unreadable, Window
from services.connectors.domain.event import Event, dollars_of_cents, rfc3339, row_id, tags
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.domain.twins import Twins
from services.connectors.sources import cursor

NAME = "cursor-usage"
PAGE_SIZE = 500


async def pages(api: Api, window: Window, _: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """A window is told at once: its rows can only be told apart together.

    Cursor gives an event no id. Who, with which model and when (to the millisecond) tells nearly all of them apart;
    those that share all three are numbered, in the order of their content. The content is no part of the id: what
    Cursor corrects later has to be a revision of the event, not another one.
    """
    twins = Twins()
    rows = enumerate(await _rows(api, window), 1)
    told = [read(row, partial(_event, window, twins), f"row {number}") for number, row in rows]
    yield [event for event in told if event is not None]


async def _rows(api: Api, window: Window) -> list[Any]:
    """Every row once, sorted by content.

    Pages count from the newest event. One that comes in while we read pushes others from a page we have onto one we are
    about to get, and we meet them twice; the total that comes with each page shows it. Then a row counts as often as it
    is on one page.
    """
    contents: dict[str, Any] = {}
    all_pages: Counter[str] = Counter()
    fullest_page: Counter[str] = Counter()
    totals: set[int | None] = set()
    number, more = 0, True
    while more:
        number += 1
        answer = await _page(api, window, number)
        rows = listed(answer, "usageEvents", "Cursor")
        content = [json.dumps(row, sort_keys=True, default=str) for row in rows]
        page = Counter(content)
        told, pagination = answer.raw("totalUsageEventsCount"), answer.raw("pagination")
        total = told if type(told) is int else None
        more = bool(rows) and isinstance(pagination, dict) and pagination.get("hasNextPage") is True
        if more and (page.keys() <= contents.keys() if total is None else all_pages.total() >= total):
            raise SourceRefusedError("Cursor's pages go on beyond the total it tells: try again later")
        contents.update(zip(content, rows, strict=True))
        all_pages += page
        fullest_page |= page
        totals.add(total)
    counts = all_pages if totals == {all_pages.total()} else fullest_page
    return [contents[content] for content in sorted(counts.elements())]


async def _page(api: Api, window: Window, number: int) -> Row:
    body = {
        "startDate": to_micros(window.start) // 1000,
        "endDate": to_micros(window.end) // 1000,
        "page": number,
        "pageSize": PAGE_SIZE,
    }
    return document((await api.post("/teams/filtered-usage-events", body)).body, "Cursor")


def _event(window: Window, twins: Twins, row: Row) -> Event | None:
    """None: of another window. Whether Cursor counts an end to a period is not documented."""
    moment = row.moment_of_millis("timestamp")
    if not window.start <= moment < window.end:
        return None
    user, model = row.text("userEmail"), row.text("model")
    event = Event(
        id=twins.name(row_id(to_micros(moment) // 1000, user, model)),
        time=rfc3339(moment),
        source=NAME,
        provider=cursor.PROVIDER,
        model=model,
        tool=cursor.TOOL,
        user=user,
        session=row.label("conversationId"),
        tags=tags(
            kind=row.label("kind"),
            max_mode="true" if row.raw("maxMode") is True else "",
            headless="true" if row.raw("isHeadless") is True else "",
        ),
        usage=_usage(row),
    )
    if row.has("isChargeable") and not row.flag("isChargeable"):
        # Within the plan, whose price the seat carries; chargedCents then tells what it would have cost.
        event["billed_cost"] = "0"
    elif row.has("chargedCents"):
        cents = row.amount("chargedCents")
        if cents < 0:
            raise ValueError(f"chargedCents is {cents}: a use cannot give money back")
        event["billed_cost"] = dollars_of_cents(cents)
    return event


def _usage(row: Row) -> Mapping[str, int]:
    """Cursor's buckets are disjoint: input excludes both kinds of cache."""
    tokens = row.row("tokenUsage")
    return {
        "requests": 1,
        "input_tokens": tokens.count("inputTokens"),
        "cache_read_tokens": tokens.count("cacheReadTokens"),
        "cache_write_tokens": tokens.count("cacheWriteTokens"),
        "output_tokens": tokens.count("outputTokens"),
    }


CONNECTOR = Connector(
    name=NAME,
    title="Cursor usage events",
    base_url=cursor.BASE_URL,
    headers=cursor.headers,
    pages=pages,
    grain=timedelta(hours=1),
    settles_after=timedelta(hours=24),
    interval=timedelta(hours=1),
    history=timedelta(days=30),
    requests_per_minute=cursor.REQUESTS_PER_MINUTE,
    options={},
    stride=timedelta(days=1),
)
