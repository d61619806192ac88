"""The table `budgets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.budget.domain.budget import Budget, Enforcement, Terms
from services.budget.domain.periods import Period
from services.common import money
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros, to_datetime, to_micros

_TIME = "DateTime64(6, 'UTC')"

_BUDGETS: Mapping[str, str] = {
    "tenant_id": "String",
    "budget_id": "String",
    "display_name": "String",
    "filter": "String",
    "amount": "Decimal(38, 12)",
    "period": "UInt8",
    "time_zone": "String",
    "thresholds": "Array(UInt16)",
    "enforcement": "UInt8",
    "created_at": _TIME,
    "updated_at": _TIME,
    "deleted": "UInt8",
    "version": "UInt64",
}
_SELECT = f"SELECT {', '.join(_BUDGETS)} FROM budgets FINAL"  # noqa: S608 - column names of ours


class BudgetTable:
    """Definitions in ClickHouse: one row a version, the highest counts."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def fingerprint(self) -> object:
        rows = await self._clickhouse.query(
            "SELECT count(), max(version), groupBitXor(cityHash64(tenant_id, budget_id, version)) FROM budgets"
        )
        return tuple(rows[0])

    async def load(self) -> Sequence[Budget]:
        return [_budget(row) for row in await self._clickhouse.query(_SELECT)]

    async def find(self, tenant_id: str, budget_id: str) -> Budget | None:
        rows = await self._clickhouse.query(
            _SELECT + " WHERE tenant_id = {tenant:String} AND budget_id = {budget:String}",
            {"tenant": tenant_id, "budget": budget_id},
        )
        return _budget(rows[0]) if rows else None

    async def save(self, budget: Budget) -> None:
        terms = budget.terms
        row = [
            budget.tenant_id, budget.budget_id, terms.display_name, terms.filter, money.to_decimal(terms.amount),
            int(terms.period), terms.time_zone, list(terms.thresholds), int(terms.enforcement),
            to_datetime(budget.created), to_datetime(budget.updated), int(budget.deleted), budget.version,
        ]  # fmt: skip
        await _insert(self._clickhouse, "budgets", _BUDGETS, [row])


async def _insert(
    clickhouse: ClickHouse, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]
) -> None:
    data = [list(column) for column in zip(*rows, strict=True)]
    await clickhouse.insert(table, list(columns), data, column_types=list(columns.values()))


def _budget(row: Sequence[Any]) -> Budget:
    (tenant_id, budget_id, display_name, scope_filter, amount, period, zone, thresholds, enforcement,
     created, updated, deleted, version) = row  # fmt: skip
    terms = Terms(
        display_name,
        scope_filter,
        money.from_decimal(amount),
        Period(period),
        zone,
        tuple(thresholds),
        Enforcement(enforcement),
    )
    return Budget(tenant_id, budget_id, terms, _micros(created), _micros(updated), version, bool(deleted))


def _micros(moment: datetime) -> Micros:
    """Exact, whether the driver gives the column's UTC times with their zone or bare."""
    return to_micros(moment if moment.tzinfo is not None else moment.replace(tzinfo=to_datetime(0).tzinfo))
