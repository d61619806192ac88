"""Which events there are now, and which of them have no price. Limited to what the caller's key may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import (
    ListEventsRequest,
    ListEventsResponse,
    ListUnpricedRequest,
    ListUnpricedResponse,
    UnpricedUse,
)

from services.common.auth import Principal
from services.common.errors import InvalidArgumentError
from services.common.filters import Filter
from services.common.paging import MAX_PAGE_SIZE, Listing, page_size
from services.ledger.domain.entry import KEY_BYTES
from services.ledger.domain.latest import EventCursor, Standing
from services.ledger.domain.query import Range, read_listing
from services.ledger.domain.unpriced import GroupCursor
from services.ledger.handlers.queries import tenant_of


class EventReader(Protocol):
    """Reads events. `tenant_id` None: every tenant. Raises UnavailableError while the database is away."""

    async def events(
        self,
        tenant_id: str | None,
        span: Range,
        parsed: Filter,
        only_unpriced: bool,
        after: EventCursor | None,
        rows: int,
        keys: Sequence[bytes] = (),
    ) -> tuple[list[Standing], int]:
        """Events in about so many rows of the ledger, by tenant and time; how many of them were read whole. Fewer than
        there are tells that more follow. `keys`: only these; none: all."""
        ...


class UnpricedReader(Protocol):
    """Reads the queue. `tenant_id` None: every tenant. Raises UnavailableError while the database is away."""

    async def groups(self, tenant_id: str | None, after: GroupCursor | None, rows: int) -> list[UnpricedUse]:
        """By tenant, provider, model and service tier."""
        ...


def event_listing(tenant_id: str | None, span: Range, filter_text: str, only_unpriced: bool) -> Listing[EventCursor]:
    """The list of these events, whether they are told as messages or as columns."""
    return Listing(EventCursor, "events", tenant_id, span.start, span.end, filter_text, only_unpriced)


class EventQueries:
    """The use cases behind ListEvents and ListUnpriced."""

    def __init__(self, events: EventReader, unpriced: UnpricedReader) -> None:
        self._events = events
        self._unpriced = unpriced

    async def list_events(self, request: ListEventsRequest, principal: Principal) -> ListEventsResponse:
        """A page of metered events, each as its latest revision left it."""
        tenant_id, size = tenant_of(principal), page_size(request.page_size)
        span, parsed = read_listing(request.start_unix_micros, request.end_unix_micros, request.filter)
        unpriced, keys = request.only_unpriced, request.event_keys
        _check(keys)
        listing = event_listing(tenant_id, span, request.filter, unpriced)
        after = listing.after(request.page_token)
        found, whole = await self._events.events(tenant_id, span, parsed, unpriced, after, size + 1, keys)
        shown, token = listing.page(found, whole, lambda standing: standing.event)
        records = (standing.record for standing in shown)
        return ListEventsResponse(
            events=[CostRecord.FromString(record) for record in records if record is not None], next_page_token=token
        )

    async def list_unpriced(self, request: ListUnpricedRequest, principal: Principal) -> ListUnpricedResponse:
        """A page of the queue."""
        tenant_id, size = tenant_of(principal), page_size(request.page_size)
        listing = Listing(GroupCursor, "unpriced", tenant_id)
        found = await self._unpriced.groups(tenant_id, listing.after(request.page_token), size + 1)
        shown, token = listing.page(
            found, size, lambda use: GroupCursor(use.tenant_id, use.provider, use.model, use.service_tier)
        )
        return ListUnpricedResponse(groups=shown, next_page_token=token)


def _check(keys: Sequence[bytes]) -> None:
    if len(keys) > MAX_PAGE_SIZE:
        raise InvalidArgumentError.of("event_keys", f"{len(keys):,} of them: send at most {MAX_PAGE_SIZE:,}")
    if any(len(key) != KEY_BYTES for key in keys):
        raise InvalidArgumentError.of("event_keys", f"an event key has {KEY_BYTES} bytes")
