"""Which events there are now, as columns. Limited to what the caller's key may see."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from finops.ledger.v1.ledger_pb2 import EventKind, ListEventColumnsRequest, ListEventColumnsResponse

from services.common.auth import Principal
from services.common.filters import Filter
from services.common.paging import page_size
from services.ledger.domain.event_columns import COSTS, Changes, EventColumns, Ints, Kind, Whole, event_columns
from services.ledger.domain.latest import EventCursor
from services.ledger.domain.query import Range, read_listing
from services.ledger.handlers.events import event_listing
from services.ledger.handlers.queries import tenant_of

DEFAULT_PAGE_SIZE = 10_000
MAX_PAGE_SIZE = 20_000
"""With every column in use four megabytes."""


class ColumnReader(Protocol):
    """Reads events. `tenant_id` None: every tenant. Raises UnavailableError while the database is away."""

    async def changes(
        self,
        tenant_id: str | None,
        span: Range,
        parsed: Filter,
        only_unpriced: bool,
        after: EventCursor | None,
        rows: int,
    ) -> tuple[Changes, Whole]:
        """So many rows of the ledger, by tenant and time, and how many of them are of events that were read whole; more
        where one event has more. Fewer rows than asked for: no more follow."""
        ...


class EventColumnQueries:
    """The use case behind ListEventColumns."""

    def __init__(self, reader: ColumnReader) -> None:
        self._reader = reader

    async def list_columns(self, request: ListEventColumnsRequest, principal: Principal) -> ListEventColumnsResponse:
        """A page of metered events, each as its latest revision left it."""
        tenant_id = tenant_of(principal)
        rows = page_size(request.page_size, default=DEFAULT_PAGE_SIZE, most=MAX_PAGE_SIZE) + 1
        span, parsed = read_listing(request.start_unix_micros, request.end_unix_micros, request.filter)
        unpriced = request.only_unpriced
        listing = event_listing(tenant_id, span, request.filter, unpriced)
        after = listing.after(request.page_token)
        changes, whole = await self._reader.changes(tenant_id, span, parsed, unpriced, after, rows)
        answer = _answer(changes, event_columns(changes, whole.rows, only_unpriced=unpriced))
        if len(changes) >= rows and whole.last is not None:
            answer.next_page_token = listing.token(whole.last)
        return answer


def _answer(changes: Changes, events: EventColumns) -> ListEventColumnsResponse:
    seats = events.quantities.get("seats")
    apart = events.unsure if seats is None else events.unsure | (seats != 0)
    # Twice as many kinds as the changes have: with what columns tell, and without.
    codes = changes.kind[events.rows] * 2 + apart
    used = np.flatnonzero(np.bincount(codes, minlength=1)) if len(codes) else codes
    keys = np.frombuffer(changes.event_keys, dtype="V16")[events.rows]
    answer = ListEventColumnsResponse(
        kinds=[_kind(changes.kinds[code // 2], bool(code % 2)) for code in used.tolist()],
        kind=_packed(np.searchsorted(used, codes)),
        event_keys=keys.tobytes(),
        time_unix_micros=_packed(changes.times[events.rows]),
        quantities={bucket: _packed(column) for bucket, column in events.quantities.items() if column.any()},
    )
    cost = changes.costs["cost_picos"][events.rows]
    for name in COSTS:
        column = changes.costs[name][events.rows]
        usual = cost if name in COSTS[2:] else 0
        if not np.array_equal(column, np.broadcast_to(usual, column.shape)):
            setattr(answer, name, _packed(column))
    return answer


def _kind(kind: Kind, apart: bool) -> EventKind:
    return EventKind(
        tenant_id=kind.tenant_id,
        provider=kind.provider,
        model=kind.model,
        service_tier=kind.service_tier,
        batch=kind.batch,
        region=kind.region,
        outcome=kind.outcome,  # type: ignore[arg-type]  # A number of the enumeration, as the ledger holds it.
        unpriced_buckets=[bucket for bucket in kind.unpriced_buckets.split(",") if bucket],
        apart=apart or kind.billed,
    )


def _packed(column: Ints) -> bytes:
    return column.astype("<i8", copy=False).tobytes()
