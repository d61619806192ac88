"""Answering questions about costs. Every answer is limited to what the caller's key may see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import (
    Activity,
    CostRow,
    GetPositionsRequest,
    GetPositionsResponse,
    HasEventsRequest,
    HasEventsResponse,
    KnownEvent,
    ListCostEntriesRequest,
    ListCostEntriesResponse,
    QueryCostsRequest,
    QueryCostsResponse,
)

from services.common.auth import Principal, Role
from services.common.clock import Micros
from services.common.errors import InvalidArgumentError, PermissionDeniedError
from services.common.filters import Filter
from services.common.paging import Listing, page_size
from services.ledger.domain.answer import Counts, RowKey, key_of, price_units, side_by_side
from services.ledger.domain.entry import KEY_BYTES
from services.ledger.domain.query import CostQuery, Cursor, Range, ReadFrom, read_listing, read_query, source_of

MAX_KEYS = 5_000

MAX_COMPARED_ROWS = 50_000
"""Of two ranges together: set side by side they fill a gRPC message."""

PLATFORM_TENANT = "aifinops"
"""Tenant of a service key that acts for nobody in particular: it sees every tenant."""


class CostReader(Protocol):
    """Reads the ledger. `tenant_id` None: every tenant. Raises UnavailableError while the database is away."""

    async def costs(self, query: CostQuery, source: ReadFrom) -> list[CostRow]: ...

    async def users(self, query: CostQuery, source: ReadFrom) -> Mapping[RowKey, int]:
        """How many users have events, for each row of `costs` that has any."""
        ...

    async def complete_from(self, source: ReadFrom) -> Micros:
        """From when on a table has all its rows; 0: none ever expired."""
        ...

    async def sessions(self, query: CostQuery) -> Mapping[RowKey, int]: ...

    async def activity(self, query: CostQuery) -> Mapping[RowKey, Activity]:
        """What failed and who asked, for each row of `costs` that has any."""
        ...

    async def entries(
        self, tenant_id: str | None, span: Range, parsed: Filter, as_of: Micros, after: Cursor | None, rows: int
    ) -> list[tuple[Cursor, CostRecord]]: ...

    async def known(self, tenant_id: str | None, event_keys: Sequence[bytes], booked: bool) -> list[KnownEvent]:
        """`booked`: also under which dimensions."""
        ...

    async def positions(self, incarnation: str) -> tuple[Mapping[int, int], Mapping[int, int]]: ...

    async def sole(self, incarnation: str) -> bool: ...


class QueryMeasures(Protocol):
    """What is counted about answers."""

    def answered(self, read_from: str, seconds: float) -> None: ...


def tenant_of(principal: Principal) -> str | None:
    """The tenant a caller's questions are limited to; None for the platform itself."""
    if principal.role is Role.SERVICE and principal.tenant_id == PLATFORM_TENANT:
        return None
    return principal.tenant_id


class LedgerQueries:
    """The use cases behind LedgerService."""

    def __init__(self, reader: CostReader, measures: QueryMeasures) -> None:
        self._reader = reader
        self._measures = measures

    async def query_costs(self, request: QueryCostsRequest, principal: Principal) -> QueryCostsResponse:
        """Sums of metered cost; `include_reported` adds the rows a provider reported, which nobody else should."""
        tenant_id = tenant_of(principal)
        if tenant_id is not None and "tenant" in request.group_by:
            raise PermissionDeniedError("group_by tenant is for the platform's own key, acting for no tenant")
        query = read_query(request, tenant_id)
        source = source_of(query)
        started = time.perf_counter()
        if query.comparison is None:
            answer = QueryCostsResponse(rows=await self._rows(query, source), read_from=source.value)
        else:
            answer = await self._compared(query, query.comparison, source)
        kept = await self._reader.complete_from(ReadFrom.ENTRIES if query.sessions or query.activity else source)
        if min(span.start for span in (query.range, query.comparison) if span is not None) < kept:
            answer.complete_from_unix_micros = kept
        self._measures.answered(source.value, time.perf_counter() - started)
        return answer

    async def _compared(self, query: CostQuery, before: Range, source: ReadFrom) -> QueryCostsResponse:
        both = await asyncio.gather(self._rows(query, source), self._rows(query.compared(), source))
        if sum(map(len, both)) > MAX_COMPARED_ROWS:
            raise InvalidArgumentError.of(
                "group_by",
                f"the two ranges have more than {MAX_COMPARED_ROWS} rows: shorten them, group by less or set limit",
            )
        return QueryCostsResponse(
            rows=side_by_side(query, *both),
            read_from=source.value,
            compared_start_unix_micros=before.start,
            compared_end_unix_micros=before.end,
        )

    async def _rows(self, query: CostQuery, source: ReadFrom) -> list[CostRow]:
        if not query.activity:
            return await self._priced(query, source)
        rows, activity = await asyncio.gather(self._priced(query, source), self._reader.activity(query))
        for row in rows:
            found = activity.get(key_of(row))
            if found is not None:
                row.activity.CopyFrom(found)
        return rows

    async def _priced(self, query: CostQuery, source: ReadFrom) -> list[CostRow]:
        if not query.unit_costs:
            return await self._reader.costs(query, source)
        if not query.sessions:
            rows, users = await asyncio.gather(self._reader.costs(query, source), self._reader.users(query, source))
            price_units(rows, Counts(users), query.metrics)
            return rows
        rows, users, sessions = await asyncio.gather(
            self._reader.costs(query, source), self._reader.users(query, source), self._reader.sessions(query)
        )
        price_units(rows, Counts(users, sessions), query.metrics)
        return rows

    async def list_entries(self, request: ListCostEntriesRequest, principal: Principal) -> ListCostEntriesResponse:
        """Metered entries, every revision, newest first; also those that moved their event away from what is asked."""
        tenant_id = tenant_of(principal)
        size = page_size(request.page_size)
        as_of = request.as_of_unix_micros
        span, parsed = read_listing(request.start_unix_micros, request.end_unix_micros, request.filter, as_of)
        listing = Listing(Cursor, "entries", tenant_id, span.start, span.end, request.filter, as_of)
        after = listing.after(request.page_token)
        found = await self._reader.entries(tenant_id, span, parsed, as_of, after, size + 1)
        shown, token = listing.page(found, size, lambda entry: entry[0])
        return ListCostEntriesResponse(entries=[record for _, record in shown], next_page_token=token)

    async def has_events(self, request: HasEventsRequest, principal: Principal) -> HasEventsResponse:
        """The latest revision of each of the keys that is known."""
        if len(request.event_keys) > MAX_KEYS:
            raise InvalidArgumentError.of("event_keys", f"{len(request.event_keys)} keys, at most {MAX_KEYS} in a call")
        for index, key in enumerate(request.event_keys):
            if len(key) != KEY_BYTES:
                raise InvalidArgumentError.of(f"event_keys[{index}]", f"{len(key)} bytes, not {KEY_BYTES}")
        keys = list(dict.fromkeys(request.event_keys))
        known = await self._reader.known(tenant_of(principal), keys, request.include_booked)
        return HasEventsResponse(known=known)

    async def positions(self, request: GetPositionsRequest) -> GetPositionsResponse:
        """How far the log of an incarnation is in the ledger: everything up to there can be read."""
        if not request.incarnation:
            raise InvalidArgumentError.of("incarnation", "is empty: name the life of the log that is meant")
        costs, usage = await self._reader.positions(request.incarnation)
        sole = await self._reader.sole(request.incarnation)
        return GetPositionsResponse(costs_offsets=dict(costs), usage_offsets=dict(usage), sole_incarnation=sole)
