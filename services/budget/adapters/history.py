"""A spend's past from the ledger: its hours, and its seats."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from finops.ledger.v1.ledger_pb2 import Granularity, QueryCostsRequest, QueryCostsResponse
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.budget.handlers.commitments import SeatDay
from services.common import money
from services.common.clock import HOUR, Micros
from services.common.forecast.hours import HourlySpend
from services.common.grpc.client import Channel, call
from services.common.money import PICOS_PER_DOLLAR, Picos

if TYPE_CHECKING:
    from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceAsyncStub

QUERY_SECONDS = 60.0


class LedgerHistory:
    """Asks LedgerService with the services' own key."""

    def __init__(self, channel: Channel, key: str) -> None:
        self._channel = channel
        self._key = key

    async def hourly(self, tenant_id: str, scope_filter: str, start: Micros, end: Micros) -> HourlySpend:
        request = QueryCostsRequest(
            start_unix_micros=start,
            end_unix_micros=end,
            granularity=Granularity.GRANULARITY_HOUR,
            filter=scope_filter,
        )
        answer = await self._query(tenant_id, request)
        # Thousands of rows take longer than a decision may wait.
        return await asyncio.to_thread(_hours, answer, start, end)

    async def daily(
        self, tenant_id: str, scope_filter: str, start: Micros, end: Micros, *, per: str
    ) -> Sequence[SeatDay]:
        request = QueryCostsRequest(
            start_unix_micros=start,
            end_unix_micros=end,
            # Seats are told under their plan as model, by themselves.
            group_by=list(dict.fromkeys(["source", "provider", "model", *([per] if per else [])])),
            granularity=Granularity.GRANULARITY_DAY,
            filter=scope_filter,
        )
        days: defaultdict[Micros, dict[str | None, Picos]] = defaultdict(dict)
        for row in (await self._query(tenant_id, request)).rows:
            if row.quantities.seats:
                day, cost = days[row.time_unix_micros], money.from_proto(row.cost) + money.from_proto(row.shadow_cost)
                members = [row.group[list(request.group_by).index(per)]] if per else []
                for member in (None, *members):
                    day[member] = day.get(member, 0) + cost
        return list(days.values())

    async def _query(self, tenant_id: str, request: QueryCostsRequest) -> QueryCostsResponse:
        stub: LedgerServiceAsyncStub = self._channel.stub(LedgerServiceStub)
        return await call(stub.QueryCosts, request, key=self._key, tenant_id=tenant_id, timeout_seconds=QUERY_SECONDS)


def _hours(answer: QueryCostsResponse, start: Micros, end: Micros) -> HourlySpend:
    values = np.zeros(-(-(end - start) // HOUR))
    for row in answer.rows:
        cost, shadow = row.cost, row.shadow_cost
        picos = (cost.units + shadow.units) * PICOS_PER_DOLLAR + cost.picos + shadow.picos
        values[(row.time_unix_micros - start) // HOUR] += picos
    return HourlySpend(start, values)
