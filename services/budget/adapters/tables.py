"""The table `budgets`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.budget.v1 import budget_pb2 as pb
from google.protobuf.json_format import MessageToJson, Parse

from services.budget.domain.budget import Budget
from services.budget.domain.codec import message_of, terms_of
from services.common.clickhouse import ClickHouse

_COLUMNS: Mapping[str, str] = {
    "tenant_id": "String",
    "budget_id": "String",
    "version": "UInt64",
    "deleted": "UInt8",
    "definition": "String",
    "created_at": "DateTime64(6, 'UTC')",
    "updated_at": "DateTime64(6, 'UTC')",
    "updated_by": "String",
}
_SELECT = (
    "SELECT tenant_id, budget_id, version, deleted, definition, toUnixTimestamp64Micro(created_at), "
    "toUnixTimestamp64Micro(updated_at), updated_by FROM budgets "
)
_LATEST = " ORDER BY tenant_id, budget_id, version DESC LIMIT 1 BY tenant_id, budget_id"


class BudgetTable:
    """Definitions in ClickHouse: one row a version, the highest counts. Keeps what it has read, so that only versions
    that are new to it are read again."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._read: dict[tuple[str, str], Budget] = {}

    async def fingerprint(self) -> object:
        rows = await self._clickhouse.query(
            "SELECT count(), max(version), groupBitXor(cityHash64(tenant_id, budget_id, version)) FROM budgets"
        )
        return tuple(rows[0])

    async def load(self) -> Sequence[Budget]:
        latest = await self._clickhouse.query(
            "SELECT tenant_id, budget_id, max(version) FROM budgets GROUP BY tenant_id, budget_id"
        )
        unread = [version for tenant, budget, version in latest if not self._has((tenant, budget), version)]
        if unread:
            condition = "WHERE version >= {since:UInt64}"
            for row in await self._clickhouse.query(_SELECT + condition + _LATEST, {"since": min(unread)}):
                budget = _budget(row)
                self._read[budget.tenant_id, budget.budget_id] = budget
        return list(self._read.values())

    async def find(self, tenant_id: str, budget_id: str) -> Budget | None:
        condition = "WHERE tenant_id = {tenant:String} AND budget_id = {budget:String}"
        found = await self._clickhouse.query(_SELECT + condition + _LATEST, {"tenant": tenant_id, "budget": budget_id})
        return _budget(found[0]) if found else None

    async def save(self, budget: Budget) -> None:
        row = [
            budget.tenant_id, budget.budget_id, budget.version, int(budget.deleted),
            MessageToJson(message_of(budget.terms), preserving_proto_field_name=True, indent=None),
            budget.created, budget.updated, budget.author,
        ]  # fmt: skip
        await self._clickhouse.insert(
            "budgets", list(_COLUMNS), [[value] for value in row], column_types=list(_COLUMNS.values())
        )

    def _has(self, key: tuple[str, str], version: int) -> bool:
        read = self._read.get(key)
        return read is not None and read.version >= version


def _budget(row: Sequence[Any]) -> Budget:
    tenant_id, budget_id, version, deleted, definition, created, updated, author = row
    terms = terms_of(Parse(definition, pb.Budget(), ignore_unknown_fields=True))
    return Budget(tenant_id, budget_id, terms, created, updated, version, bool(deleted), author)
