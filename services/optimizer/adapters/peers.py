"""The ledger and the pricing service, over gRPC, with the platform's own key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from finops.cost.v1.cost_pb2 import Rating
from finops.ledger.v1.ledger_pb2 import GRANULARITY_DAY, QueryCostsRequest
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from finops.pricing.v1.pricing_pb2 import PriceBatchRequest
from finops.pricing.v1.pricing_pb2_grpc import PricingServiceStub
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common import money
from services.common.clock import Micros
from services.common.dimensions import quantities
from services.common.grpc.client import Channel, call
from services.optimizer.domain.rules.cheaper_model import DayUse, Workload

_BATCH = 1_000
_TIMEOUT_SECONDS = 60.0


class LedgerPeer:
    """LedgerService."""

    def __init__(self, channel: Channel, key: str) -> None:
        self._channel = channel
        self._key = key

    async def newest_days(self, start: Micros, end: Micros) -> Mapping[str, Micros]:
        request = QueryCostsRequest(
            start_unix_micros=start, end_unix_micros=end, group_by=["tenant"], granularity=GRANULARITY_DAY
        )
        newest: dict[str, Micros] = {}
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.QueryCosts, request, key=self._key, timeout_seconds=_TIMEOUT_SECONDS)
        for row in answer.rows:
            newest[row.group[0]] = max(newest.get(row.group[0], 0), row.time_unix_micros)
        return newest

    async def workloads(self, tenant_id: str, start: Micros, end: Micros) -> Sequence[Workload]:
        request = QueryCostsRequest(
            start_unix_micros=start,
            end_unix_micros=end,
            group_by=["team", "provider", "model"],
            granularity=GRANULARITY_DAY,
        )
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(
            stub.QueryCosts, request, key=self._key, tenant_id=tenant_id, timeout_seconds=_TIMEOUT_SECONDS
        )
        days: dict[tuple[str, ...], list[DayUse]] = defaultdict(list)
        for row in answer.rows:
            use = DayUse(row.time_unix_micros, money.from_proto(row.cost), quantities(row.quantities), row.events)
            days[tuple(row.group)].append(use)
        return [
            Workload(tenant_id, team, provider, model, sorted(uses, key=lambda use: use.day))
            for (team, provider, model), uses in sorted(days.items())
        ]


class PricingPeer:
    """PricingService."""

    def __init__(self, channel: Channel, key: str) -> None:
        self._channel = channel
        self._key = key

    async def price(self, tenant_id: str, events: Sequence[UsageEvent]) -> Sequence[Rating]:
        stub = PricingServiceStub(self._channel.channel())
        ratings: list[Rating] = []
        for start in range(0, len(events), _BATCH):
            request = PriceBatchRequest(events=events[start : start + _BATCH])
            answer = await call(
                stub.PriceBatch, request, key=self._key, tenant_id=tenant_id, timeout_seconds=_TIMEOUT_SECONDS
            )
            ratings += answer.ratings
        return ratings
