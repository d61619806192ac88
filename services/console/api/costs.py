"""`/costs` and `/entries`."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from finops.cost.v1.cost_pb2 import CostRecord, RatingStatus
from finops.ledger.v1.ledger_pb2 import CostRow
from finops.usage.v1.usage_pb2 import Measurement, Outcome
from pydantic import ConfigDict, Field
from starlette.responses import Response

from services.common.clock import Micros, format_rfc3339
from services.common.dimensions import DIMENSIONS, TOKEN_BUCKETS, quantities
from services.common.http.problems import json_response
from services.common.money import format_dollars
from services.console.api.calls import ConsoleOf, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars
from services.console.domain.cost_query import (
    GRANULARITIES,
    MAX_LIMIT,
    CostQuery,
    parse_cost_query,
    parse_entries_query,
)
from services.console.domain.enums import word

router = APIRouter(tags=["costs"])


class CostsRow(Answer):
    """One group in one bucket of time. Beside these fields it has one for each dimension of `group_by`."""

    model_config = ConfigDict(extra="allow")

    time: Time | None = Field(description="Start of the bucket; null with granularity `total`")
    cost: Dollars
    shadow_cost: Dollars = Field(description="What usage without a price would cost; not part of `cost`")
    requests: int
    events: int
    tokens: dict[str, int] = Field(description="Disjoint token buckets that are not zero")
    units: dict[str, int] = Field(description="Other quantities that are not zero: seats, web_searches, ...")
    unpriced_events: int = Field(description="Events with a quantity that has no price; never silently zero")


class Costs(Answer):
    """Sums of cost and quantities."""

    currency: str = Field(examples=["USD"])
    start: Time
    end: Time
    rows: list[CostsRow]
    read_from: str = Field(description="Where the ledger read: rollup_daily, rollup_hourly or entries")


class CostLine(Answer):
    """One bucket of one event."""

    bucket: str
    quantity: int
    price_per_million: Dollars
    cost: Dollars


class Entry(Answer):
    """One event's cost as of its latest revision, and how it was found."""

    id: str = Field(description="The source's own id")
    event_key: str
    source: str
    time: Time
    provider: str
    model: str
    tool: str
    team: str
    user: str
    project: str
    key: str
    environment: str
    session: str
    tags: dict[str, str]
    service_tier: str
    batch: bool
    region: str
    outcome: str
    measurement: str
    estimated: bool
    quantities: dict[str, int]
    cost: Dollars
    cost_delta: Dollars = Field(description="This revision minus the one before it")
    shadow_cost: Dollars
    status: str = Field(description="priced, partial or unpriced")
    lines: list[CostLine]
    unpriced_buckets: list[str]
    price_id: str
    price_book_version: str
    assumptions: list[str]
    revision: int


class Entries(Answer):
    """Cost entries, newest first."""

    entries: list[Entry]
    next_page_token: str = Field(description="Empty on the last page")


_DIMENSION_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "array", "items": {"type": "string"}},
        "description": f"Only this {name}; repeat it for alternatives, end it with * for a prefix",
    }
    for name in (*(d for d in DIMENSIONS if d != "tenant"), "tag:feature")
]


class _Asked(NamedTuple):
    """What the readers of a query need: see services.console.domain.cost_query."""

    parameters: list[tuple[str, str]]
    now: Micros
    default_zone: str


def _asked(
    request: Request,
    console: ConsoleOf,
    start: Annotated[
        str | None, Query(description="Date or RFC 3339 time, inclusive. Default: 30 calendar days before `end`")
    ] = None,
    end: Annotated[
        str | None, Query(description="Date or RFC 3339 time, exclusive. Default: the end of this hour")
    ] = None,
    timezone: Annotated[str | None, Query(description="IANA zone that dates, days, weeks and months start in")] = None,
    filter: Annotated[
        str | None, Query(description='`team = "search" AND (model = "gpt-4o" OR tag:feature = "answers")`')
    ] = None,
) -> _Asked:
    """Which usage is meant. The arguments document parameters that are read together with all others, as they came:
    every dimension is one too and may be repeated."""
    return _Asked(request.query_params.multi_items(), console.clock.now(), console.time_zone.key)


_AskedOf = Annotated[_Asked, Depends(_asked)]


@router.get(
    "/costs",
    summary="Sums of cost and quantities, grouped and filtered",
    response_model=Costs,
    responses=refusals(),
    openapi_extra={"parameters": _DIMENSION_PARAMETERS},
)
async def costs(
    asked: _AskedOf,
    caller: Reader,
    peers: PeersOf,
    group_by: Annotated[
        str | None, Query(description="Up to four of: " + ", ".join(DIMENSIONS) + ", tag:<name>")
    ] = None,
    granularity: Annotated[str, Query(json_schema_extra={"enum": list(GRANULARITIES)})] = "total",
    limit: Annotated[str, Query(description=f"Largest groups only, up to {MAX_LIMIT:,}; 0: all")] = "0",
) -> Response:
    """Spend is metered usage only; a provider's own reports never add to it. Usage without a price has
    `unpriced_events` and a `shadow_cost`."""
    query = parse_cost_query(*asked)
    answer = await peers.query_costs(caller, query.request())
    # Thousands of rows: written as they are rather than through a model.
    return json_response(
        {
            "currency": "USD",
            "start": format_rfc3339(query.period.start),
            "end": format_rfc3339(query.period.end),
            "rows": [_row(query, row) for row in answer.rows],
            "read_from": answer.read_from,
        }
    )


@router.get(
    "/entries",
    summary="The cost entries behind a figure",
    response_model=Entries,
    responses=refusals(),
    openapi_extra={"parameters": _DIMENSION_PARAMETERS},
)
async def entries(
    asked: _AskedOf,
    caller: Reader,
    peers: PeersOf,
    page_size: Annotated[str, Query(description="1 to 1,000")] = "100",
    page_token: Annotated[str, Query(description="`next_page_token` of the page before")] = "",
) -> Entries:
    """Newest first, each with its quantities, the price of each bucket, and what was assumed."""
    query = parse_entries_query(*asked)
    answer = await peers.list_cost_entries(caller, query.request())
    return Entries(entries=[_entry(record) for record in answer.entries], next_page_token=answer.next_page_token)


def _row(query: CostQuery, row: CostRow) -> dict[str, Any]:
    counted = quantities(row.quantities)
    return {
        **dict(zip(query.group_by, row.group, strict=True)),
        "time": None if query.granularity == "total" else format_rfc3339(row.time_unix_micros),
        "cost": dollars(row.cost),
        "shadow_cost": dollars(row.shadow_cost),
        "requests": counted.pop("requests", 0),
        "events": row.events,
        "tokens": {name: counted.pop(name) for name in TOKEN_BUCKETS if name in counted},
        "units": counted,
        "unpriced_events": row.unpriced_events,
    }


def _entry(record: CostRecord) -> Entry:
    usage, rating = record.usage, record.rating
    return Entry(
        id=usage.source_event_id,
        event_key=usage.event_key.hex(),
        source=usage.source,
        time=format_rfc3339(usage.time_unix_micros),
        provider=usage.provider,
        model=usage.model,
        tool=usage.tool,
        team=usage.team,
        user=usage.user,
        project=usage.project,
        key=usage.key,
        environment=usage.environment,
        session=usage.session,
        tags=dict(usage.tags),
        service_tier=usage.service_tier or "standard",
        batch=usage.batch,
        region=usage.region,
        outcome="billed" if not usage.outcome else word(Outcome, usage.outcome),
        measurement="metered" if not usage.measurement else word(Measurement, usage.measurement),
        estimated=usage.estimated,
        quantities=quantities(usage.quantities),
        cost=format_dollars(rating.cost_picos),
        cost_delta=format_dollars(record.cost_delta_picos),
        shadow_cost=format_dollars(rating.shadow_cost_picos),
        status=word(RatingStatus, rating.status),
        lines=[
            CostLine(
                bucket=line.bucket,
                quantity=line.quantity,
                price_per_million=format_dollars(line.price_picos_per_million),
                cost=format_dollars(line.cost_picos),
            )
            for line in rating.lines
        ],
        unpriced_buckets=list(rating.unpriced_buckets),
        price_id=rating.price_id,
        price_book_version=rating.price_book_version,
        assumptions=list(rating.assumptions),
        revision=record.revision,
    )
