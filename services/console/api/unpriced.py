"""`/unpriced`: the queue of use without a price."""

from __future__ import annotations

from fastapi import APIRouter
from finops.ledger.v1 import ledger_pb2 as ledger
from pydantic import Field

from services.common.clock import format_rfc3339
from services.common.dimensions import quantities
from services.console.api.calls import PageSize, PeersOf, Reader, refusals
from services.console.api.models import Answer, Dollars, Time, dollars

router = APIRouter(tags=["costs"])


class UnpricedUse(Answer):
    """Use of a model that has no price, or none for some of its buckets."""

    provider: str
    model: str
    service_tier: str
    buckets: list[str] = Field(description="Those without a price", examples=[["input_tokens", "output_tokens"]])
    events: int
    quantities: dict[str, int] = Field(description="Of all this use in the hours that hold some without a price")
    shadow_cost: Dollars = Field(description="What budgets count it as")
    first_hour: Time = Field(description="Start of the first hour that holds some")
    last_hour: Time


class Unpriced(Answer):
    groups: list[UnpricedUse]
    next_page_token: str


@router.get("/unpriced", summary="Use without a price, by provider, model and tier", responses=refusals())
async def list_unpriced(caller: Reader, peers: PeersOf, page_size: PageSize = 100, page_token: str = "") -> Unpriced:
    """What there is to price, how much it is and since when. It is re-rated by itself once its price appears."""
    answer = await peers.list_unpriced(caller, ledger.ListUnpricedRequest(page_size=page_size, page_token=page_token))
    return Unpriced(groups=[_shown(group) for group in answer.groups], next_page_token=answer.next_page_token)


def _shown(group: ledger.UnpricedUse) -> UnpricedUse:
    return UnpricedUse(
        provider=group.provider,
        model=group.model,
        service_tier=group.service_tier,
        buckets=list(group.buckets),
        events=group.events,
        quantities=quantities(group.quantities),
        shadow_cost=dollars(group.shadow_cost),
        first_hour=format_rfc3339(group.first_hour_unix_micros),
        last_hour=format_rfc3339(group.last_hour_unix_micros),
    )
