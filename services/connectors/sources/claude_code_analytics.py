"""Claude Code analytics: tokens and estimated cost per day, person and model. Reported, never spend.

https://platform.claude.com/docs/en/manage-claude/claude-code-analytics-api
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

NAME = "claude-code-analytics"


async def pages(api: Api, window: Window, _: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """The API tells one day at a time."""
    day = window.start
    while day < window.end:
        params: Params = {"starting_at": day.date().isoformat(), "limit": 1000}
        twins, row = Twins(), 0
        async for records in anthropic_admin.pages(api, "/v1/organizations/usage_report/claude_code", params):
            found: list[Event | Unreadable] = []
            for record in records:
                row += 1
                found += _of_record(day, record, f"{day.date()} row {row}", twins)
            yield found
        day += timedelta(days=1)


def _of_record(day: datetime, record: object, name: str, twins: Twins) -> Sequence[Event | Unreadable]:
    """One event for each model the person used that day."""
    try:
        person = Row(record)
        models = person.items("model_breakdown")
    except ValueError as error:
        return [Unreadable(name, str(error))]
    return [read(used, partial(_event, day, person, twins), f"{name} model {n}") for n, used in enumerate(models, 1)]


def _event(day: datetime, person: Row, twins: Twins, used: Row) -> Event:
    actor, tokens = person.row("actor"), used.row("tokens")
    email, key = actor.text("email_address"), actor.text("api_key_name")
    if not email and not key:
        raise ValueError("actor has neither email_address nor api_key_name")
    place = [person.text(name) for name in ("organization_id", "customer_type", "subscription_type", "terminal_type")]
    model = used.text("model")
    event = Event(
        id=twins.name(row_id(day.date(), *place, email, key, model)),
        time=rfc3339(day),
        source=NAME,
        measurement="reported",
        provider="anthropic",
        model=model,
        tool="claude-code",
        user=email,
        key=key,
        tags=tags(customer_type=person.text("customer_type"), terminal_type=person.text("terminal_type")),
        usage={
            "input_tokens": tokens.count("input"),
            "cache_read_tokens": tokens.count("cache_read"),
            "cache_write_tokens": tokens.count("cache_creation"),
            "output_tokens": tokens.count("output"),
        },
    )
    # Within a subscription the estimate is what the API would have charged; nobody pays it.
    if person.text("customer_type") != "subscription" and used.has("estimated_cost"):
        estimate = used.row("estimated_cost")
        if estimate.text("currency").upper() not in ("", "USD"):
            raise ValueError(f"estimated_cost.currency is {estimate.text('currency')}: only US dollars are taken")
        event["source_cost"] = dollars_of_cents(estimate.amount("amount"))
    return event


CONNECTOR = Connector(
    name=NAME,
    title="Claude Code analytics",
    base_url=anthropic_admin.BASE_URL,
    headers=anthropic_admin.headers,
    pages=pages,
    grain=timedelta(days=1),
    settles_after=timedelta(days=1),
    interval=timedelta(hours=1),
    history=timedelta(days=30),
    requests_per_minute=anthropic_admin.REQUESTS_PER_MINUTE,
    options={},
)
