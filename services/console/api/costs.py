"""`/costs`."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from finops.ledger.v1.ledger_pb2 import CostRow, QueryCostsResponse
from finops.ledger.v1.ledger_pb2 import UnitCosts as LedgerUnitCosts
from pydantic import ConfigDict, Field
from starlette.responses import Response

from services.common.clock import Micros, format_rfc3339
from services.common.dimensions import DIMENSIONS, TOKEN_BUCKETS, quantities
from services.common.http.problems import json_response
from services.console.api.calls import ConsoleOf, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars, time_or_none
from services.console.domain.cost_query import (
    COMPARISONS,
    GRANULARITIES,
    MAX_LIMIT,
    CostQuery,
    parse_cost_query,
)

router = APIRouter(tags=["costs"])


class MetricCost(Answer):
    """Of a unit of the caller's own business, as events told it."""

    count: int
    per_unit: Dollars | None


class UnitCosts(Answer):
    """`cost`, the effective cost, of a unit: the exact quotient, rounded half to even; null without units."""

    per_request: Dollars | None
    per_user: Dollars | None
    per_thousand_tokens: Dollars | None
    per_session: Dollars | None
    users: int = Field(description="Each once, however often; events without a user count for nobody")
    tokens: int
    sessions: int | None = Field(description="null without `sessions=true`")
    metrics: dict[str, MetricCost] = Field(description="Each of `unit_metrics`")


class Figures(Answer):
    """Sums of one group in one bucket of time."""

    time: Time | None = Field(description="Start of the bucket; null with granularity `total`")
    cost: Dollars = Field(description="Effective cost, in FOCUS terms: after all discounts")
    list_cost: Dollars = Field(description="At public list prices")
    contracted_cost: Dollars = Field(description="At the prices agreed for each unit")
    billed_cost: Dollars = Field(description="What invoices say for it")
    shadow_cost: Dollars = Field(description="What usage without a price would cost; not part of `cost`")
    requests: int
    events: int
    tokens: dict[str, int] = Field(description="Disjoint token buckets that are not zero")
    units: dict[str, int] = Field(description="Other quantities that are not zero: seats, web_searches, ...")
    unpriced_events: int = Field(description="Events with a quantity that has no price; never silently zero")
    unit_costs: UnitCosts | None = Field(default=None, description="With `unit_costs=true`")


class CostsRow(Figures):
    """One group in one bucket of time. Beside these fields it has one for each dimension of `group_by`."""

    model_config = ConfigDict(extra="allow")

    rest: bool = Field(description="All groups beyond `limit` together; its dimensions are empty")
    compared: Figures | None = Field(
        default=None,
        description="With `compare`: the same group in the other range. Buckets stand side by side in their order, "
        "hours by the clock on the wall; where this range has no such bucket, `time` of the row is null",
    )
    cost_change: Dollars | None = Field(default=None, description="`cost` minus that of `compared`")


class Span(Answer):
    """Half-open."""

    start: Time
    end: Time


class Costs(Answer):
    """Sums of cost and quantities."""

    currency: str = Field(examples=["USD"])
    start: Time
    end: Time
    as_of: Time | None = Field(description="The figures as they were known then; null: as they are known now")
    compared: Span | None = Field(description="The other range, with `compare`")
    complete_from: Time | None = Field(
        description="What was read is kept only from here on, so figures of before are less than they were; null: all "
        "is there"
    )
    rows: list[CostsRow]
    read_from: str = Field(description="Where the ledger read: rollup_daily, rollup_hourly or entries")


DIMENSION_PARAMETERS: list[dict[str, Any]] = [
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
    as_of: Annotated[
        str | None, Query(description="Date or RFC 3339 time: as the ledger knew it then. Default: as it knows it now")
    ] = None,
) -> _Asked:
    """Which usage is meant. The arguments document parameters that are read together with all others, as they came:
    every dimension is one too and may be repeated."""
    return _Asked(request.query_params.multi_items(), console.clock.now(), console.time_zone.key)


def _truth(description: str) -> Any:
    return Query(description=description, json_schema_extra={"enum": ["true", "false"]})


AskedOf = Annotated[_Asked, Depends(_asked)]


@router.get(
    "/costs",
    summary="Sums of cost and quantities, grouped and filtered",
    response_model=Costs,
    responses=refusals(),
    openapi_extra={"parameters": DIMENSION_PARAMETERS},
)
async def costs(
    asked: AskedOf,
    caller: Reader,
    peers: PeersOf,
    group_by: Annotated[
        str | None, Query(description="Up to four of: " + ", ".join(DIMENSIONS) + ", tag:<name>")
    ] = None,
    granularity: Annotated[str, Query(json_schema_extra={"enum": list(GRANULARITIES)})] = "total",
    limit: Annotated[str, Query(description=f"Largest groups only, up to {MAX_LIMIT:,}; 0: all")] = "0",
    with_rest: Annotated[str, _truth("One more row, in each bucket, for all groups beyond `limit`")] = "false",
    compare: Annotated[
        str | None,
        Query(description=f"Set each row beside another range: {', '.join(COMPARISONS)}, or start/end"),
    ] = None,
    unit_costs: Annotated[str, _truth("Cost of a request, of a user, of a thousand tokens")] = "false",
    sessions: Annotated[str, _truth("With `unit_costs`: sessions too, which takes longer")] = "false",
    unit_metrics: Annotated[
        str | None, Query(description="With `unit_costs`: up to 8 names of your own metrics, such as orders,tickets")
    ] = None,
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
            "as_of": time_or_none(query.as_of),
            "compared": _span(answer),
            "complete_from": time_or_none(answer.complete_from_unix_micros),
            "rows": [_row(query, row) for row in answer.rows],
            "read_from": answer.read_from,
        }
    )


def _span(answer: QueryCostsResponse) -> dict[str, str] | None:
    if not answer.compared_end_unix_micros:
        return None
    return {
        "start": format_rfc3339(answer.compared_start_unix_micros),
        "end": format_rfc3339(answer.compared_end_unix_micros),
    }


def _row(query: CostQuery, row: CostRow) -> dict[str, Any]:
    shown = {**dict(zip(query.group_by, row.group, strict=True)), **_figures(query, row), "rest": row.rest}
    if query.compare:
        shown |= {"compared": _figures(query, row.compared), "cost_change": dollars(row.cost_change)}
    return shown


def _figures(query: CostQuery, row: CostRow) -> dict[str, Any]:
    counted = quantities(row.quantities)
    shown = {
        "time": time_or_none(row.time_unix_micros),
        "cost": dollars(row.cost),
        "list_cost": dollars(row.list_cost),
        "contracted_cost": dollars(row.contracted_cost),
        "billed_cost": dollars(row.billed_cost),
        "shadow_cost": dollars(row.shadow_cost),
        "requests": counted.pop("requests", 0),
        "events": row.events,
        "tokens": {name: counted.pop(name) for name in TOKEN_BUCKETS if name in counted},
        "units": counted,
        "unpriced_events": row.unpriced_events,
    }
    return shown | {"unit_costs": _unit_costs(query, row.units)} if query.unit_costs else shown


def _unit_costs(query: CostQuery, units: LedgerUnitCosts) -> dict[str, Any]:
    return {
        **{
            name: dollars(getattr(units, name)) if units.HasField(name) else None
            for name in ("per_request", "per_user", "per_thousand_tokens", "per_session")
        },
        "users": units.users,
        "tokens": units.tokens,
        "sessions": units.sessions if query.sessions else None,
        "metrics": _metrics(query, units),
    }


def _metrics(query: CostQuery, units: LedgerUnitCosts) -> dict[str, Any]:
    """A group that only the compared range has counts none of them."""
    found = {
        metric.name: {
            "count": metric.count,
            "per_unit": dollars(metric.per_unit) if metric.HasField("per_unit") else None,
        }
        for metric in units.metrics
    }
    return {name: found.get(name, {"count": 0, "per_unit": None}) for name in query.unit_metrics}
