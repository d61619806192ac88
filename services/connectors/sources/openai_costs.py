"""OpenAI's costs API: dollars by day, project, key and line of the invoice. Reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

from services.connectors.domain.connector import Api, Connector, Unreadable, Window
from services.connectors.domain.event import Event, dollars, rfc3339, row_id
from services.connectors.domain.row import Row
from services.connectors.sources import openai_admin

NAME = "openai-costs"

_GROUP_BY = ("project_id", "line_item", "api_key_id")


async def pages(api: Api, window: Window, options: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """The report's pages."""
    async for page in openai_admin.buckets(api, "organization/costs", window, "1d", _GROUP_BY, _event):
        yield page


def _event(row: Row, start: datetime) -> Event:
    amount = row.row("amount")
    currency = amount.text("currency").lower() or "usd"
    if currency != "usd":
        raise ValueError(f"amount.currency is {currency!r}: only US dollars are read")
    item = row.text("line_item")
    return {
        "id": row_id("costs", int(start.timestamp()), *(row.text(name) for name in _GROUP_BY)),
        "time": rfc3339(start),
        "source": NAME,
        "provider": "openai",
        "tool": "openai-api",
        "model": _model(item),
        "project": row.text("project_id"),
        "key": row.text("api_key_id"),
        "tags": {"line_item": item} if item else {},
        "usage": {},
        "measurement": "reported",
        "source_cost": dollars(amount.amount("value")),
    }


def _model(line_item: str) -> str:
    """Lines of a model read "gpt-4o-2024-08-06, input"; others, such as "web search tool calls", name none."""
    model, comma, _ = line_item.partition(", ")
    return model if comma else ""


CONNECTOR = Connector(
    name=NAME,
    title="OpenAI cost report",
    base_url=openai_admin.BASE_URL,
    headers=openai_admin.headers,
    pages=pages,
    grain=timedelta(days=1),
    settles_after=timedelta(days=5),
    interval=timedelta(hours=1),
    history=timedelta(days=30),
    requests_per_minute=openai_admin.REQUESTS_PER_MINUTE,
    options={},
    stride=timedelta(days=30),
)
