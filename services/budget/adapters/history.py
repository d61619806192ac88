"""A spend's past from the ledger's hourly rollup."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from finops.ledger.v1.ledger_pb2 import Granularity, QueryCostsRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.budget.domain.forecast.hours import HourlySpend
from services.common import money
from services.common.clock import HOUR, Micros
from services.common.grpc.client import Channel, call

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
        stub: LedgerServiceAsyncStub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.QueryCosts, request, key=self._key, tenant_id=tenant_id, timeout_seconds=QUERY_SECONDS)
        values = np.zeros(-(-(end - start) // HOUR))
        for row in answer.rows:
            values[(row.time_unix_micros - start) // HOUR] += money.from_proto(row.cost) + money.from_proto(
                row.shadow_cost
            )
        return HourlySpend(start, values)
