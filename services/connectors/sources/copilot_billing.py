"""GitHub Copilot's bill: AI credits and premium requests by model, and seat fees, per day. Reported, never spend.

https://docs.github.com/en/rest/billing/usage
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any

from services.connectors.domain.connector import Api, Connector, Unreadable, Window
from services.connectors.domain.event import Event, dollars, rfc3339, row_id, tags
from services.connectors.domain.row import Row, document, listed, read
from services.connectors.domain.twins import Twins
from services.connectors.sources import github

NAME = "copilot-billing"

BY_MODEL = ("ai_credit/usage", "premium_request/usage")
"""Each tells of its own era: premium requests until May 2026, credits from June."""
ALL_PRODUCTS = "usage"
"""Every line of the bill but by repository instead of model; of it we take what the others leave out."""


async def pages(api: Api, window: Window, options: Mapping[str, str]) -> AsyncIterator[Sequence[Event | Unreadable]]:
    """A day at a time: the reports by model add up whatever period they are asked for."""
    organization = options[github.ORGANIZATION]
    bill = f"/organizations/{github.path_name(organization)}/settings/billing"
    day = window.start
    while day < window.end:
        twins = Twins()
        for report in (*BY_MODEL, ALL_PRODUCTS):
            answer = await api.get(f"{bill}/{report}", {"year": day.year, "month": day.month, "day": day.day})
            items = listed(document(answer.body, "GitHub"), "usageItems", "GitHub")
            if report == ALL_PRODUCTS:
                items = [item for item in items if _is_seat_fee(item)]
            yield [
                read(item, partial(_event, day, organization, twins), f"{day.date()} {report} row {n}")
                for n, item in enumerate(items, 1)
            ]
        day += timedelta(days=1)


def _is_seat_fee(item: Any) -> bool:
    """Copilot by users and months; GitHub spells the unit `user-months`, `UserMonths` or `User`."""
    try:
        row = Row(item)
        return row.text("product").lower() == "copilot" and row.text("unitType").lower().startswith("user")
    except ValueError:
        return False


def _event(day: datetime, organization: str, twins: Twins, row: Row) -> Event:
    sku, unit, model = row.needed("sku"), row.text("unitType"), row.text("model")
    return Event(
        id=twins.name(row_id(organization.lower(), day.date(), row.text("product"), sku, model, unit)),
        time=rfc3339(day),
        source=NAME,
        measurement="reported",
        provider=github.PROVIDER,
        model=model,
        tool=github.TOOL,
        tags=tags(organization=organization, sku=sku, unit=unit),
        usage=_usage(row, unit.lower()),
        source_cost=dollars(row.amount("netAmount")),
    )


def _usage(row: Row, unit: str) -> Mapping[str, str]:
    """Credits that were used, also those the plan includes.

    A premium request is a credit too, not a request: one request uses from a quarter to dozens of them, by its model.
    """
    if not ("credit" in unit or "request" in unit or "ai-unit" in unit):
        return {}
    used = row.amount("grossQuantity").quantize(Decimal("1e-6"), ROUND_HALF_EVEN)
    return {"credits": format(used, "f")}


CONNECTOR = Connector(
    name=NAME,
    title="GitHub Copilot billing",
    base_url=github.BASE_URL,
    headers=github.headers,
    pages=pages,
    grain=timedelta(days=1),
    settles_after=timedelta(days=3),
    interval=timedelta(hours=6),
    history=timedelta(days=30),
    requests_per_minute=github.REQUESTS_PER_MINUTE,
    options=github.OPTIONS,
)
