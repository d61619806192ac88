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
from services.connectors.domain.row import Row, read
from services.connectors.domain.twins import Twins
from services.connectors.sources import anthropic_admin

NAME = "anthropic-costs"
GROUPS = ("workspace_id", "description")
"""Grouped by description, the report also tells what it read out of it: model, tier, kind of token."""


async def pages(api: Api, window: Window, _: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """A page holds up to a month of days."""
    params: Params = {
        "starting_at": rfc3339(window.start),
        "ending_at": rfc3339(window.end),
        "bucket_width": "1d",
        "limit": 31,
        "group_by[]": GROUPS,
    }
    twins = Twins()
    async for buckets in anthropic_admin.pages(api, "/v1/organizations/cost_report", params):
        yield [event for bucket in buckets for event in _of_bucket(bucket, window, twins)]


def _of_bucket(bucket: object, window: Window, twins: Twins) -> Sequence[Event | Unreadable]:
    try:
        day = Row(bucket)
        start, results = day.moment("starting_at"), day.items("results")
    except ValueError as error:
        return [Unreadable("a day", str(error))]
    if not window.start <= start < window.end:
        return []
    name = start.date().isoformat()
    return [read(result, partial(_event, start, twins), f"{name} row {n}") for n, result in enumerate(results)]


def _event(start: datetime, twins: Twins, row: Row) -> Event:
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
