"""LedgerService over gRPC."""

from __future__ import annotations

from typing import Any

from finops.ledger.v1.ledger_pb2 import (
    GetPositionsRequest,
    GetPositionsResponse,
    HasEventsRequest,
    HasEventsResponse,
    ListCostEntriesRequest,
    ListCostEntriesResponse,
    ListEventColumnsRequest,
    ListEventColumnsResponse,
    ListEventsRequest,
    ListEventsResponse,
    ListUnpricedRequest,
    ListUnpricedResponse,
    QueryCostsRequest,
    QueryCostsResponse,
    ReconcileBillRequest,
    ReconcileBillResponse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceServicer

from services.common import auth
from services.common.auth import Access
from services.ledger.handlers.bill import BillQueries
from services.ledger.handlers.event_columns import EventColumnQueries
from services.ledger.handlers.events import EventQueries
from services.ledger.handlers.queries import LedgerQueries


class LedgerServicer(LedgerServiceServicer):
    """Finds out who calls and hands over to the use case."""

    def __init__(
        self, queries: LedgerQueries, events: EventQueries, columns: EventColumnQueries, bills: BillQueries
    ) -> None:
        self._queries = queries
        self._events = events
        self._columns = columns
        self._bills = bills

    async def QueryCosts(self, request: QueryCostsRequest, context: Any) -> QueryCostsResponse:  # noqa: N802
        return await self._queries.query_costs(request, auth.current(Access.READ))

    async def ListCostEntries(self, request: ListCostEntriesRequest, context: Any) -> ListCostEntriesResponse:  # noqa: N802
        return await self._queries.list_entries(request, auth.current(Access.READ))

    async def HasEvents(self, request: HasEventsRequest, context: Any) -> HasEventsResponse:  # noqa: N802
        return await self._queries.has_events(request, auth.current(Access.INTERNAL))

    async def GetPositions(self, request: GetPositionsRequest, context: Any) -> GetPositionsResponse:  # noqa: N802
        auth.current(Access.INTERNAL)
        return await self._queries.positions(request)

    async def ListEvents(self, request: ListEventsRequest, context: Any) -> ListEventsResponse:  # noqa: N802
        return await self._events.list_events(request, auth.current(Access.READ))

    async def ListEventColumns(self, request: ListEventColumnsRequest, context: Any) -> ListEventColumnsResponse:  # noqa: N802
        return await self._columns.list_columns(request, auth.current(Access.READ))

    async def ListUnpriced(self, request: ListUnpricedRequest, context: Any) -> ListUnpricedResponse:  # noqa: N802
        return await self._events.list_unpriced(request, auth.current(Access.READ))

    async def ReconcileBill(self, request: ReconcileBillRequest, context: Any) -> ReconcileBillResponse:  # noqa: N802
        return await self._bills.reconcile_bill(request, auth.current(Access.READ))
