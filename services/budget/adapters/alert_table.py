"""The table `budget_alerts`: what was told of thresholds, for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.budget.v1.budget_pb2 import BudgetAlert

from services.budget.domain.alerts import Told, told_by
from services.budget.domain.terms import Basis
from services.budget.domain.thresholds import Event, ThresholdKey
from services.common import money
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros, to_datetime

_TIME = "DateTime64(6, 'UTC')"

_COLUMNS: Mapping[str, str] = {
    "alert_id": "String",
    "tenant_id": "String",
    "budget_id": "String",
    "budget_created_at": _TIME,
    "period_start": _TIME,
    "period_end": _TIME,
    "rolling": "UInt8",
    "member": "Nullable(String)",
    "basis": "UInt8",
    "threshold_percent": "UInt16",
    "window_hours": "UInt16",
    "occurrence": "UInt32",
    "event": "String",
    "spend": "Decimal(38, 12)",
    "limit": "Decimal(38, 12)",
    "told_at": _TIME,
}


class AlertTable:
    """Alerts in ClickHouse; the same alert written twice is one row."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def load(self, period_end_after: Micros) -> Sequence[tuple[Told, Micros]]:
        rows = await self._clickhouse.query(
            "SELECT tenant_id, budget_id, toUnixTimestamp64Micro(budget_created_at), "
            "if(rolling, 0, toUnixTimestamp64Micro(period_start)), member, basis, threshold_percent, window_hours, "
            "occurrence, event, toUnixTimestamp64Micro(min(told_at)) FROM budget_alerts "
            "WHERE period_end > fromUnixTimestamp64Micro({after:Int64}, 'UTC') "
            "GROUP BY alert_id, tenant_id, budget_id, budget_created_at, rolling, period_start, member, basis, "
            "threshold_percent, window_hours, occurrence, event ORDER BY min(told_at)",
            {"after": period_end_after},
        )
        return [_told(row) for row in rows]

    async def save(self, alerts: Sequence[BudgetAlert]) -> None:
        rows = [_row(alert, told) for alert in alerts if (told := told_by(alert)) is not None]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await self._clickhouse.insert(
                "budget_alerts", list(_COLUMNS), columns, column_types=list(_COLUMNS.values())
            )


def _row(alert: BudgetAlert, told: Told) -> list[Any]:
    key = told.key
    return [
        alert.alert_id, key.tenant_id, key.budget_id, to_datetime(key.created),
        to_datetime(alert.period_start_unix_micros), to_datetime(alert.period_end_unix_micros),
        int(not key.period_start), key.member, int(key.basis), key.percent, key.window_hours, told.occurrence,
        told.event.value, money.to_decimal(money.from_proto(alert.spend)),
        money.to_decimal(money.from_proto(alert.limit)), to_datetime(alert.time_unix_micros),
    ]  # fmt: skip


def _told(row: Sequence[Any]) -> tuple[Told, Micros]:
    tenant_id, budget_id, created, start, member, basis, percent, hours, occurrence, event, time = row
    key = ThresholdKey(tenant_id, budget_id, created, start, member, Basis(basis), percent, hours)
    return Told(key, occurrence, Event(event)), time
