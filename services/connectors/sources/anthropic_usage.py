"""Anthropic's usage report: tokens per hour, workspace, API key, model and tier. Reported, never spend.

https://platform.claude.com/docs/en/api/admin-api/usage-cost/get-messages-usage-report
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

from services.connectors.domain.connector import Api, Connector, Params, Unreadable, Window
from services.connectors.domain.event import Event, rfc3339, row_id, tags
from services.connectors.domain.row import Row
from services.connectors.sources import anthropic_admin

NAME = "anthropic-usage"
GROUPS = ("workspace_id", "api_key_id", "model", "service_tier", "context_window", "inference_geo")


async def pages(api: Api, window: Window, _: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """A page holds up to a week of hours."""
    asked: Params = {"bucket_width": "1h", "limit": 168, "group_by[]": GROUPS}
    path = "/v1/organizations/usage_report/messages"
    async for page in anthropic_admin.buckets(api, path, window, asked, _event):
        yield page


def _event(start: datetime, row: Row) -> Event:
    service_tier, batch = anthropic_admin.tier(row)
    written, tools = row.row("cache_creation"), row.row("server_tool_use")
    return Event(
        id=row_id(rfc3339(start), *(row.text(group) for group in GROUPS)),
        time=rfc3339(start),
        source=NAME,
        measurement="reported",
        provider="anthropic",
        model=row.text("model"),
        project=anthropic_admin.workspace(row),
        key=row.text("api_key_id"),
        service_tier=service_tier,
        batch=batch,
        region=anthropic_admin.region(row),
        tags=tags(context_window=row.text("context_window")),
        usage={
            "input_tokens": row.count("uncached_input_tokens"),
            "cache_read_tokens": row.count("cache_read_input_tokens"),
            "cache_write_tokens": written.count("ephemeral_5m_input_tokens"),
            "cache_write_1h_tokens": written.count("ephemeral_1h_input_tokens"),
            "output_tokens": row.count("output_tokens"),
            "web_searches": tools.count("web_search_requests"),
        },
    )


CONNECTOR = Connector(
    name=NAME,
    title="Anthropic usage report",
    base_url=anthropic_admin.BASE_URL,
    headers=anthropic_admin.headers,
    pages=pages,
    grain=timedelta(hours=1),
    settles_after=timedelta(hours=24),
    interval=timedelta(minutes=15),
    history=timedelta(days=30),
    requests_per_minute=anthropic_admin.REQUESTS_PER_MINUTE,
    options={},
)
