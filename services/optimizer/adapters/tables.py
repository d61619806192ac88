"""The tables `seats` and `recommendations`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.recommendation.v1.recommendation_pb2 import Recommendation
from google.protobuf import json_format

from services.common import money
from services.common.clickhouse import ClickHouse
from services.optimizer.domain.lifecycle import Stored
from services.optimizer.domain.rules.idle_seats import Seat

_TIME = "DateTime64(6, 'UTC')"
_DOLLARS = "Decimal(38, 12)"
_SEAT_COLUMNS = {
    "tenant_id": "String",
    "tool": "String",
    "provider": "LowCardinality(String)",
    "plan": "LowCardinality(String)",
    "user": "String",
    "assigned": _TIME,
    "last_active": _TIME,
    "pending": "Bool",
    "seen": _TIME,
    "daily_cost": _DOLLARS,
    "priced": "Bool",
    "version": "UInt64",
}
_RECOMMENDATION_COLUMNS = {
    "tenant_id": "String",
    "name": "String",
    "rule": "LowCardinality(String)",
    "state": "LowCardinality(String)",
    "monthly_saving_low": _DOLLARS,
    "monthly_saving": _DOLLARS,
    "monthly_saving_high": _DOLLARS,
    "confidence": "Float64",
    "created_at": _TIME,
    "updated_at": _TIME,
    "message": "String",
    "revision": "UInt64",
}
_MOST_REVISIONS = 1_000


class SeatTable:
    """Every seat of every tenant, as last reported."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def put(self, seats: Sequence[tuple[Seat, int]]) -> None:
        rows = [_seat_row(seat, revision) for seat, revision in seats]
        await self._clickhouse.insert(
            "seats", list(_SEAT_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_SEAT_COLUMNS.values())
        )

    async def of_tenant(self, tenant_id: str) -> Sequence[Seat]:
        rows = await self._clickhouse.query(
            "SELECT tenant_id, tool, provider, plan, user, toUnixTimestamp64Micro(assigned), "
            "toUnixTimestamp64Micro(last_active), pending, toUnixTimestamp64Micro(seen), daily_cost, priced "
            "FROM seats FINAL WHERE tenant_id = {tenant:String}",
            {"tenant": tenant_id},
        )
        return [_seat(row) for row in rows]


class RecommendationTable:
    """Every recommendation of every tenant, as last told."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def of_tenant(self, tenant_id: str) -> Mapping[str, Stored]:
        rows = await self._clickhouse.query(
            "SELECT name, message, revision FROM recommendations FINAL WHERE tenant_id = {tenant:String}",
            {"tenant": tenant_id},
        )
        return {row[0]: _stored(row[1], row[2]) for row in rows}

    async def get(self, tenant_id: str, name: str) -> Stored | None:
        rows = await self._clickhouse.query(
            "SELECT message, revision FROM recommendations FINAL "
            "WHERE tenant_id = {tenant:String} AND name = {name:String}",
            {"tenant": tenant_id, "name": name},
        )
        return _stored(*rows[0]) if rows else None

    async def put(self, tenant_id: str, changed: Sequence[Stored]) -> None:
        rows = [_recommendation_row(stored) for stored in changed]
        await self._clickhouse.insert(
            "recommendations",
            list(_RECOMMENDATION_COLUMNS),
            list(zip(*rows, strict=True)),
            column_types=list(_RECOMMENDATION_COLUMNS.values()),
        )


def _seat_row(seat: Seat, revision: int) -> tuple[Any, ...]:
    return (
        seat.tenant_id,
        seat.tool,
        seat.provider,
        seat.plan,
        seat.user,
        seat.assigned,
        seat.last_active,
        seat.pending,
        seat.seen,
        money.to_decimal(seat.daily_cost),
        seat.priced,
        # The newest event wins, and of one event the newest revision.
        seat.seen * _MOST_REVISIONS + min(revision, _MOST_REVISIONS - 1),
    )


def _seat(row: Sequence[Any]) -> Seat:
    tenant_id, tool, provider, plan, user, assigned, last_active, pending, seen, daily_cost, priced = row
    return Seat(
        tenant_id=tenant_id,
        tool=tool,
        provider=provider,
        plan=plan,
        user=user,
        assigned=assigned,
        last_active=last_active,
        pending=bool(pending),
        seen=seen,
        daily_cost=money.from_decimal(daily_cost),
        priced=bool(priced),
    )


def _recommendation_row(stored: Stored) -> tuple[Any, ...]:
    told = stored.recommendation
    savings = (told.monthly_saving_low, told.monthly_saving, told.monthly_saving_high)
    return (
        told.tenant_id,
        told.name,
        told.rule,
        Recommendation.State.Name(told.state).removeprefix("STATE_").lower(),
        *(money.to_decimal(money.from_proto(saving)) for saving in savings),
        told.confidence,
        told.create_unix_micros,
        told.update_unix_micros,
        json_format.MessageToJson(told, indent=None, preserving_proto_field_name=True),
        stored.revision,
    )


def _stored(message: str, revision: int) -> Stored:
    return Stored(json_format.Parse(message, Recommendation()), revision)
