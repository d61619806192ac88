"""Anthropic's cost report: dollars per day, workspace and line item. Reported, never spend.

Priority Tier is not in it: what is committed there shows in the usage report only.
https://platform.claude.com/docs/en/api/admin-api/usage-cost/get-cost-report
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from services.connectors.domain.connector import Api, Connector, Params, Unreadable, Window
from services.connectors.domain.event import Event, dollars_of_cents, rfc3339, row_id, tags
from services.connectors.domain.row import Row
from services.connectors.domain.twins import Twins
from services.connectors.sources import anthropic_admin

NAME = "anthropic-costs"
GROUPS = ("workspace_id", "description")
"""Grouped by description, the report also tells what it read out of it: model, tier, kind of token."""


async def pages(api: Api, window: Window, _: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """A page holds up to a month of days."""
    asked: Params = {"bucket_width": "1d", "limit": 31, "group_by[]": GROUPS}
    path = "/v1/organizations/cost_report"
    async for page in anthropic_admin.buckets(api, path, window, asked, partial(_event, Twins())):
        yield page


def _event(twins: Twins, start: datetime, row: Row) -> Event:
    if row.text("currency").upper() not in ("", "USD"):
        raise ValueError(f"currency is {row.text('currency')}: only US dollars are taken")
    service_tier, batch = anthropic_admin.tier(row)
    return Event(
        id=twins.name(row_id(start.date(), *(row.text(group) for group in GROUPS))),
        time=rfc3339(start),
        source=NAME,
        measurement="reported",
        provider="anthropic",
        model=row.label("model"),
        project=anthropic_admin.workspace(row),
        service_tier=service_tier,
        batch=batch,
        region=anthropic_admin.region(row),
        tags=tags(
            line_item=row.text("description"),
            cost_type=row.label("cost_type"),
            token_type=row.label("token_type"),
            context_window=row.label("context_window"),
        ),
        usage={},
        source_cost=dollars_of_cents(row.amount("amount")),
    )


CONNECTOR = Connector(
    name=NAME,
    title="Anthropic cost report",
    base_url=anthropic_admin.BASE_URL,
    headers=anthropic_admin.headers,
    pages=pages,
    grain=timedelta(days=1),
    settles_after=timedelta(days=3),
    interval=timedelta(hours=1),
    history=timedelta(days=30),
    requests_per_minute=anthropic_admin.REQUESTS_PER_MINUTE,
    options={},
    stride=timedelta(days=31),
)
