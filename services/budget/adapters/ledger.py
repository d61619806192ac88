"""The ledger over gRPC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from finops.ledger.v1.ledger_pb2 import GetPositionsRequest, Granularity, LogScope, QueryCostsRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.budget.domain.periods import Window
from services.budget.domain.sums import Amounts
from services.budget.handlers.ports import LedgerPositions
from services.common import money
from services.common.grpc.client import Channel, call

if TYPE_CHECKING:
    from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceAsyncStub

QUERY_SECONDS = 60.0
"""A rebuild may read entries, not rollups; nobody waits for it."""


class LedgerClient:
    """Asks LedgerService with the services' own key."""

    def __init__(self, channel: Channel, key: str) -> None:
        self._channel = channel
        self._key = key

    async def positions(self, incarnation: str) -> LedgerPositions:
        answer = await call(self._stub().GetPositions, GetPositionsRequest(incarnation=incarnation), key=self._key)
        return LedgerPositions(dict(answer.costs_offsets), dict(answer.usage_offsets))

    async def spend(
        self,
        tenant_id: str,
        scope_filter: str,
        window: Window,
        incarnation: str,
        through: Mapping[int, int],
        *,
        per: str,
        other_incarnations: bool,
    ) -> Mapping[int, Mapping[str | None, Amounts]]:
        request = QueryCostsRequest(
            start_unix_micros=window.start,
            end_unix_micros=window.end,
            group_by=["log_partition", per] if per else ["log_partition"],
            granularity=Granularity.GRANULARITY_TOTAL,
            filter=scope_filter,
            log_scope=LogScope(
                incarnation=incarnation, through_offsets=through, include_other_incarnations=other_incarnations
            ),
        )
        answer = await call(
            self._stub().QueryCosts, request, key=self._key, tenant_id=tenant_id, timeout_seconds=QUERY_SECONDS
        )
        found: defaultdict[int, dict[str | None, Amounts]] = defaultdict(dict)
        for row in answer.rows:
            sums = found[int(row.group[0])]
            actual, shadow = money.from_proto(row.cost), money.from_proto(row.shadow_cost)
            before = sums.get(None, (0, 0))
            sums[None] = (before[0] + actual, before[1] + shadow)
            if per:
                sums[row.group[1]] = (actual, shadow)
        return found

    def _stub(self) -> LedgerServiceAsyncStub:
        stub: LedgerServiceAsyncStub = self._channel.stub(LedgerServiceStub)
        return stub
