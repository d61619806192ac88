"""`/entries`: what is behind a figure."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from finops.cost.v1.cost_pb2 import Booked, CostRecord, Rating, RatingStatus
from finops.usage.v1.usage_pb2 import Correction, CorrectionKind, Measurement, Outcome, UsageEvent
from pydantic import Field

from services.common import cost_lines
from services.common.clock import format_rfc3339
from services.common.dimensions import quantities
from services.common.money import format_dollars
from services.console.api.calls import PeersOf, Reader, refusals
from services.console.api.costs import DIMENSION_PARAMETERS, AskedOf
from services.console.api.models import Answer, Dollars, Time
from services.console.domain.cost_query import parse_entries_query
from services.console.domain.enums import word

router = APIRouter(tags=["costs"])

_DIMENSIONS = ("provider", "model", "tool", "team", "user", "project", "key", "environment")


class CostLine(Answer):
    """One bucket of one event."""

    bucket: str
    quantity: int
    price_per_million: Dollars
    list_price_per_million: Dollars | None = Field(description="Where a contract's price counts instead; else null")
    cost: Dollars


class EntryCorrection(Answer):
    """Why the platform or its operator booked an event anew although its source sent nothing new."""

    kind: str = Field(
        description="late_price, price_corrected, contract_changed, manual_adjustment, reattribution or settlement"
    )
    author: str = Field(description="Name of an API key, or of the worker that found the need")
    reason: str
    time: Time
    run_id: str = Field(description="The run it belongs to, such as one re-rating; empty for a single one")


class EntryBooked(Answer):
    """What the revision before counted, and where: a revision that moved its event took all of this back."""

    time: Time
    provider: str
    model: str
    tool: str
    team: str
    user: str
    project: str
    key: str
    environment: str
    tags: dict[str, str]
    service_tier: str
    cost: Dollars
    list_cost: Dollars
    contracted_cost: Dollars
    billed_cost: Dollars
    shadow_cost: Dollars


class Entry(Answer):
    """One revision of an event's cost, and how it was found."""

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
    metrics: dict[str, int] = Field(description="What the use stands for in your own business, such as orders")
    cost: Dollars = Field(description="Effective cost, in FOCUS terms: after all discounts")
    list_cost: Dollars
    contracted_cost: Dollars
    billed_cost: Dollars
    cost_delta: Dollars = Field(description="This revision minus the one before it")
    shadow_cost: Dollars
    status: str = Field(description="priced, partial or unpriced")
    lines: list[CostLine]
    unpriced_buckets: list[str]
    price_id: str
    price_book_version: str
    assumptions: list[str]
    revision: int
    correction: EntryCorrection | None = Field(description="null: the source itself sent this")
    previous: EntryBooked | None = Field(description="Set where this revision moved the event")


class Entries(Answer):
    """Cost entries, newest first."""

    entries: list[Entry]
    next_page_token: str = Field(description="Empty on the last page")


@router.get(
    "/entries",
    summary="The cost entries behind a figure",
    response_model=Entries,
    responses=refusals(),
    openapi_extra={"parameters": DIMENSION_PARAMETERS},
)
async def entries(
    asked: AskedOf,
    caller: Reader,
    peers: PeersOf,
    page_size: Annotated[str, Query(description="1 to 1,000")] = "100",
    page_token: Annotated[str, Query(description="`next_page_token` of the page before")] = "",
) -> Entries:
    """Newest first, each with its quantities, the price of each bucket, and what was assumed."""
    query = parse_entries_query(*asked)
    answer = await peers.list_cost_entries(caller, query.request())
    return Entries(entries=[_entry(record) for record in answer.entries], next_page_token=answer.next_page_token)


def _entry(record: CostRecord) -> Entry:
    usage, rating = record.usage, record.rating
    return Entry(
        id=usage.source_event_id,
        event_key=usage.event_key.hex(),
        source=usage.source,
        session=usage.session,
        **_attribution(usage),
        batch=usage.batch,
        region=usage.region,
        outcome="billed" if not usage.outcome else word(Outcome, usage.outcome),
        measurement="metered" if not usage.measurement else word(Measurement, usage.measurement),
        estimated=usage.estimated,
        quantities=quantities(usage.quantities),
        metrics=dict(usage.quantities.business_metrics),
        cost=format_dollars(rating.cost_picos),
        list_cost=_view(rating, "list_cost_picos"),
        contracted_cost=_view(rating, "contracted_cost_picos"),
        billed_cost=_view(rating, "billed_cost_picos"),
        cost_delta=format_dollars(record.cost_delta_picos),
        shadow_cost=format_dollars(rating.shadow_cost_picos),
        status=word(RatingStatus, rating.status),
        lines=[
            CostLine(
                bucket=line.bucket,
                quantity=line.quantity,
                price_per_million=format_dollars(cost_lines.price(line)),
                list_price_per_million=None
                if (listed := cost_lines.list_price(line)) is None
                else format_dollars(listed),
                cost=format_dollars(line.cost_picos),
            )
            for line in rating.lines
        ],
        unpriced_buckets=list(rating.unpriced_buckets),
        price_id=rating.price_id,
        price_book_version=rating.price_book_version,
        assumptions=list(rating.assumptions),
        revision=record.revision,
        correction=_correction(usage.correction) if usage.HasField("correction") else None,
        previous=_booked(record.previous) if record.HasField("previous") else None,
    )


def _attribution(usage: UsageEvent) -> dict[str, Any]:
    """When it happened, and what it counts under."""
    return {
        "time": format_rfc3339(usage.time_unix_micros),
        **{name: getattr(usage, name) for name in _DIMENSIONS},
        "tags": dict(usage.tags),
        "service_tier": usage.service_tier or "standard",
    }


def _view(rating: Rating, view: str) -> str:
    """Of one of the views of cost; one that is absent is the effective cost."""
    return format_dollars(getattr(rating, view) if rating.HasField(view) else rating.cost_picos)


def _correction(correction: Correction) -> EntryCorrection:
    return EntryCorrection(
        kind=word(CorrectionKind, correction.kind),
        author=correction.author,
        reason=correction.reason,
        time=format_rfc3339(correction.recorded_unix_micros),
        run_id=correction.run_id,
    )


def _booked(booked: Booked) -> EntryBooked:
    usage = booked.usage
    return EntryBooked(
        **_attribution(usage),
        cost=format_dollars(booked.cost_picos),
        list_cost=format_dollars(booked.list_cost_picos),
        contracted_cost=format_dollars(booked.contracted_cost_picos),
        billed_cost=format_dollars(booked.billed_cost_picos),
        shadow_cost=format_dollars(booked.shadow_cost_picos),
    )
