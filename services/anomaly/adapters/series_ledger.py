"""What the ledger knows of one series, over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import CauseEvent
from finops.cost.v1.cost_pb2 import CostRecord
from finops.ledger.v1.ledger_pb2 import (
    GRANULARITY_DAY,
    GRANULARITY_HOUR,
    GRANULARITY_TOTAL,
    CostRow,
    ListEventsRequest,
    QueryCostsRequest,
    QueryCostsResponse,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.anomaly.adapters.ledger import USED, row_totals
from services.anomaly.domain.cause.compared import Slice
from services.anomaly.domain.cause.weeks import Span
from services.anomaly.domain.series import NOTHING, TENANT, Hour, Totals, hour_of, is_seat_fee
from services.common.clock import Micros
from services.common.filters import literal
from services.common.grpc.client import Channel, call
from services.common.money import to_proto


class SeriesLedger:
    """Implements `handlers.causes.CauseLedger` and `handlers.band.HourlyLedger`, for one tenant at a time."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def first_day(self, tenant: str, series: Mapping[str, str], span: Span) -> Micros | None:
        answer = await self._query(tenant, series, span, granularity=GRANULARITY_DAY)
        return min((row.time_unix_micros for row in answer.rows if row.events > 0), default=None)

    async def slices(
        self, tenant: str, series: Mapping[str, str], dimensions: Sequence[str], span: Span, most: int
    ) -> Sequence[Slice]:
        answer = await self._query(
            tenant, series, span, group_by=dimensions, granularity=GRANULARITY_TOTAL, limit=most, with_rest=True
        )
        return [_slice(row) for row in answer.rows if not is_seat_fee(row.quantities)]

    async def hourly(self, tenant: str, series: Mapping[str, str], span: Span) -> Mapping[Hour, Totals]:
        # By model, which for a seat is its plan: seat fees then stand in rows of their own, to be left out.
        answer = await self._query(
            tenant, series, span, group_by=["model"], granularity=GRANULARITY_HOUR, activity=True
        )
        sums: dict[Hour, Totals] = {}
        for row in answer.rows:
            if not is_seat_fee(row.quantities):
                hour = hour_of(row.time_unix_micros)
                sums[hour] = sums.get(hour, NOTHING).plus(row_totals(row))
        return sums

    async def first_events(self, tenant: str, series: Mapping[str, str], span: Span, most: int) -> Sequence[CauseEvent]:
        request = ListEventsRequest(
            start_unix_micros=span.start, end_unix_micros=span.end, filter=_condition(series), page_size=most
        )
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.ListEvents, request, key=self._key, tenant_id=tenant)
        return [_event(record) for record in answer.events[:most]]

    async def _query(self, tenant: str, series: Mapping[str, str], span: Span, **more: Any) -> QueryCostsResponse:
        request = QueryCostsRequest(
            start_unix_micros=span.start, end_unix_micros=span.end, filter=_condition(series), **more
        )
        stub = LedgerServiceStub(self._channel.channel())
        return await call(stub.QueryCosts, request, key=self._key, tenant_id=tenant)


def _condition(series: Mapping[str, str]) -> str:
    named = (f"{name} = {literal(value)}" for name, value in sorted(series.items()) if name != TENANT)
    return " AND ".join((USED, *named))


def _slice(row: CostRow) -> Slice:
    return Slice(tuple(row.group), row_totals(row), row.rest)


def _event(record: CostRecord) -> CauseEvent:
    usage, rating = record.usage, record.rating
    return CauseEvent(
        source=usage.source, source_event_id=usage.source_event_id, time_unix_micros=usage.time_unix_micros,
        cost=to_proto(rating.cost_picos + rating.shadow_cost_picos),
    )  # fmt: skip
