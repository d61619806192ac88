"""`/reconciliation`: metered spend beside the bill."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from finops.ledger.v1 import ledger_pb2 as ledger
from pydantic import Field

from services.common.clock import format_rfc3339
from services.console.api.calls import ConsoleOf, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars, time_or_none
from services.console.domain.bill import BillQuery, parse_bill_query
from services.console.domain.enums import word, words

router = APIRouter(tags=["costs"])


class BillExplanation(Answer):
    """One reason for a difference."""

    cause: str = Field(description=", ".join(words(ledger.BillCause)))
    amount: Dollars = Field(description="Its part of the difference; negative where less was billed than metered")


class BillFigures(Answer):
    reported: Dollars = Field(description="By the provider's own report; never part of spend")
    metered: Dollars = Field(description="Spend: what came in as events")
    difference: Dollars = Field(description="`reported` minus `metered`: exactly the sum of `explanations`")
    explanations: list[BillExplanation]


class BillProvider(BillFigures):
    """Sums of a provider's lines."""

    provider: str
    days: int = Field(description="UTC days on which something was metered or billed")
    days_reported: int = Field(description="Those of them that a report tells of")
    last_report_time: Time | None = Field(description="When the last row of a report came in; null: never")


class BillLine(BillFigures):
    """One place on the bill of one day."""

    provider: str
    day: str = Field(description="UTC", examples=["2026-11-23"])
    project: str = Field(description="As the report names it; empty where it does not")
    key: str
    model: str = Field(description="Without the date of its snapshot")
    cost_source: str = Field(description="The report whose amounts count; empty: none tells of the day")
    usage_source: str = Field(description="The report whose tokens count beside amounts without any")


class SuspiciousUse(Answer):
    """Metered use with tokens that counts nothing, though it is neither free nor unpriced."""

    provider: str
    model: str
    service_tier: str
    source: str
    price_id: str
    events: int
    tokens: int
    first_time: Time
    last_time: Time


class Reconciliation(Answer):
    start: Time
    end: Time
    providers: list[BillProvider]
    lines: list[BillLine]
    suspicious: list[SuspiciousUse]


def _asked(
    request: Request,
    console: ConsoleOf,
    start: Annotated[
        str | None, Query(description="First UTC day, such as 2026-11-01. Default: 7 days before `end`")
    ] = None,
    end: Annotated[str | None, Query(description="UTC day to stop before. Default: today, which is not over")] = None,
    provider: Annotated[str | None, Query(description="As events name it. Default: every provider")] = None,
) -> BillQuery:
    """Which days. The arguments document parameters that are read together."""
    return parse_bill_query(request.query_params.multi_items(), console.clock.now())


@router.get("/reconciliation", summary="Spend against what providers billed, explained", responses=refusals())
async def reconciliation(
    caller: Reader, peers: PeersOf, query: Annotated[BillQuery, Depends(_asked)]
) -> Reconciliation:
    """By provider, whole UTC day, project, key and model; at most 92 days. What nothing explains is `unexplained`."""
    answer = await peers.reconcile_bill(caller, query.request())
    return Reconciliation(
        start=format_rfc3339(query.start),
        end=format_rfc3339(query.end),
        providers=[
            BillProvider(
                provider=found.provider,
                days=found.days,
                days_reported=found.days_reported,
                last_report_time=time_or_none(found.last_report_unix_micros),
                **_figures(found).model_dump(),
            )
            for found in answer.providers
        ],
        lines=[
            BillLine(
                provider=line.provider,
                day=format_rfc3339(line.day_unix_micros)[:10],
                project=line.project,
                key=line.key,
                model=line.model,
                cost_source=line.cost_source,
                usage_source=line.usage_source,
                **_figures(line).model_dump(),
            )
            for line in answer.lines
        ],
        suspicious=[
            SuspiciousUse(
                provider=found.provider,
                model=found.model,
                service_tier=found.service_tier or "standard",
                source=found.source,
                price_id=found.price_id,
                events=found.events,
                tokens=found.tokens,
                first_time=format_rfc3339(found.first_unix_micros),
                last_time=format_rfc3339(found.last_unix_micros),
            )
            for found in answer.suspicious
        ],
    )


def _figures(found: ledger.BillProvider | ledger.BillLine) -> BillFigures:
    return BillFigures(
        reported=dollars(found.reported),
        metered=dollars(found.metered),
        difference=dollars(found.difference),
        explanations=[
            BillExplanation(cause=word(ledger.BillCause, each.cause), amount=dollars(each.amount))
            for each in found.explanations
        ],
    )
