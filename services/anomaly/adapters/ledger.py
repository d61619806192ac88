"""History over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.ledger.v1.ledger_pb2 import (
    GRANULARITY_DAY,
    GRANULARITY_HOUR,
    CostRow,
    GetPositionsRequest,
    Granularity,
    LogScope,
    QueryCostsRequest,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.anomaly.domain.series import PAIR, TENANT, Totals, hour_of, is_seat_fee, totals_of
from services.anomaly.handlers.ports import HourlySum, Positions, Scope
from services.common.clock import HOUR, Micros
from services.common.dimensions import BOOKED_SOURCES
from services.common.errors import ResourceExhaustedError
from services.common.grpc.client import Channel, call
from services.common.money import from_proto

USED = " AND ".join(f'source != "{source}"' for source in sorted(BOOKED_SOURCES))
_PATIENCE_SECONDS = 60.0


class LedgerHistory:
    """Implements `handlers.ports.History`. A service key that names no tenant asks for all of them."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def positions(self, incarnation: str) -> Positions:
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.GetPositions, GetPositionsRequest(incarnation=incarnation), key=self._key)
        return Positions(dict(answer.costs_offsets), dict(answer.usage_offsets))

    async def busy_days(self, scope: Scope, start: Micros, end: Micros) -> Mapping[str, Sequence[Micros]]:
        days: dict[str, list[Micros]] = {}
        for row in await self._query(scope, [], GRANULARITY_DAY, start, end):
            days.setdefault(_tenant(scope, row), []).append(row.time_unix_micros)
        return {tenant: sorted(times) for tenant, times in sorted(days.items())}

    async def hourly(self, scope: Scope, dimension: str, start: Micros, end: Micros) -> Sequence[HourlySum]:
        # Grouped by model too, which for a seat is its plan: seat fees then stand in rows of their own, to be left out.
        parts = [] if dimension == TENANT else dimension.split(PAIR)
        group_by = list(dict.fromkeys([*parts, "model"]))
        try:
            rows = await self._query(scope, group_by, GRANULARITY_HOUR, start, end)
        except ResourceExhaustedError:
            # More than one message holds: in two halves.
            middle = start + (end - start) // 2 // HOUR * HOUR
            if middle == start:
                raise
            earlier = await self.hourly(scope, dimension, start, middle)
            return [*earlier, *await self.hourly(scope, dimension, middle, end)]
        return [
            HourlySum(
                _tenant(scope, row), _labels(scope, parts, row), hour_of(row.time_unix_micros), row_totals(row),
                frozenset(row.activity.users),
            )
            for row in rows
            if not is_seat_fee(row.quantities)
        ]  # fmt: skip

    async def _query(
        self, scope: Scope, group_by: Sequence[str], granularity: Granularity, start: Micros, end: Micros
    ) -> Sequence[CostRow]:
        stub = LedgerServiceStub(self._channel.channel())
        request = QueryCostsRequest(
            start_unix_micros=start,
            end_unix_micros=end,
            group_by=group_by if scope.tenant else [TENANT, *group_by],
            granularity=granularity,
            activity=granularity == GRANULARITY_HOUR,
            filter=f"{USED} AND ({scope.filter})" if scope.filter else USED,
        )
        if scope.incarnation:
            request.log_scope.CopyFrom(
                LogScope(
                    incarnation=scope.incarnation, through_offsets=scope.positions, include_other_incarnations=True
                )
            )
        answer = await call(
            stub.QueryCosts, request, key=self._key, tenant_id=scope.tenant, timeout_seconds=_PATIENCE_SECONDS
        )
        return answer.rows


def _tenant(scope: Scope, row: CostRow) -> str:
    return scope.tenant or row.group[0]


def _labels(scope: Scope, parts: Sequence[str], row: CostRow) -> dict[str, str]:
    return dict(zip(parts, row.group if scope.tenant else row.group[1:], strict=False))


def row_totals(row: CostRow) -> Totals:
    cost = from_proto(row.cost) + from_proto(row.shadow_cost)
    return totals_of(cost, row.quantities.requests, row.events, row.quantities, row.activity.failed_requests)
