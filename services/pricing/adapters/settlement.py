"""The ledger's sums for the settlement."""

from __future__ import annotations

from collections.abc import Sequence

from finops.ledger.v1.ledger_pb2 import (
    GRANULARITY_DAY,
    GRANULARITY_TOTAL,
    CostRow,
    Granularity,
    QueryCostsRequest,
)
from finops.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

from services.common.clock import DAY, Micros
from services.common.grpc.client import Channel, call
from services.common.money import Picos, from_proto
from services.pricing.domain.periods import months
from services.pricing.domain.posting import NAME_TAG, Posted
from services.pricing.domain.settlement import SOURCE, Use, Wanted

_USE = f'source != "{SOURCE}"'
_SETTLED = f'source = "{SOURCE}"'
_HISTORY = 3 * 366 * DAY
"""How far back postings are looked for."""
_SECONDS = 60.0


class GrpcSums:
    """QueryCosts, a month a call where rows are days."""

    def __init__(self, channel: Channel, service_key: str) -> None:
        self._channel = channel
        self._key = service_key

    async def days(self, tenant_id: str, start: Micros, end: Micros) -> Sequence[Use]:
        found: list[Use] = []
        for since, until in months(start, _midnight_after(end)):
            rows = await self._query(tenant_id, since, until, ["provider", "model"], GRANULARITY_DAY, _USE)
            found += [
                Use(row.time_unix_micros, row.group[0], row.group[1], "", _cost(row), 0, 0, prepaid=_prepaid(row))
                for row in rows
            ]
        return sorted(found)

    async def users(self, tenant_id: str, wanted: Wanted) -> Sequence[Use]:
        (start, end), bucket = wanted
        groups = ["provider", "model", "user"]
        rows = await self._query(tenant_id, start, end, groups, GRANULARITY_TOTAL, _USE)
        found = [_use(row, start, bucket) for row in rows]
        if not any(use.seats and not use.user for use in found):
            return found
        nameless = await self._query(tenant_id, start, end, groups, GRANULARITY_DAY, f'{_USE} AND user = ""')
        return [
            *(use for use in found if use.user),
            *(_use(row, row.time_unix_micros, bucket) for row in nameless),
        ]

    async def posted(self, tenant_id: str, now: Micros) -> Sequence[Posted]:
        groups = [f"tag:{NAME_TAG}", "provider", "model", "user"]
        rows = await self._query(tenant_id, *_history(now), groups, GRANULARITY_DAY, _SETTLED)
        return [
            Posted(name, row.time_unix_micros, provider, model, user, _cost(row), _billed(row))
            for row in rows
            for name, provider, model, user in [row.group]
        ]

    async def settled_tenants(self, now: Micros) -> Sequence[str]:
        rows = await self._query("", *_history(now), ["tenant"], GRANULARITY_TOTAL, _SETTLED)
        return [row.group[0] for row in rows]

    async def _query(
        self, tenant_id: str, start: Micros, end: Micros, groups: Sequence[str], by: Granularity, condition: str
    ) -> Sequence[CostRow]:
        request = QueryCostsRequest(
            start_unix_micros=start, end_unix_micros=end, group_by=groups, granularity=by, filter=condition
        )
        stub = LedgerServiceStub(self._channel.channel())
        answer = await call(stub.QueryCosts, request, key=self._key, tenant_id=tenant_id, timeout_seconds=_SECONDS)
        return answer.rows


def _use(row: CostRow, start: Micros, bucket: str) -> Use:
    provider, model, user = row.group
    return Use(start, provider, model, user, _cost(row), getattr(row.quantities, bucket), row.quantities.seats)


def _cost(row: CostRow) -> Picos:
    return from_proto(row.cost)


def _billed(row: CostRow) -> Picos:
    return from_proto(row.billed_cost)


def _prepaid(row: CostRow) -> Picos:
    """Only what was paid in advance makes the invoice say less than the cost."""
    return _cost(row) - _billed(row)


def _history(now: Micros) -> tuple[Micros, Micros]:
    return now // DAY * DAY - _HISTORY, _midnight_after(now)


def _midnight_after(time: Micros) -> Micros:
    return -(-time // DAY) * DAY
