"""The table `audit_entries`: only ever inserted into."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from finops.governance.v1.governance_pb2 import AuditEntry

from services.common.clickhouse import ClickHouse
from services.governance.handlers.ports import Cursor

_COLUMNS = {
    "tenant_id": "String",
    "id": "String",
    "time": "DateTime64(6, 'UTC')",
    "actor": "String",
    "action": "LowCardinality(String)",
    "subject": "String",
    "detail": "String",
}


class AuditTable:
    """The audit trail of every tenant."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def append(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
        rows = [(tenant_id, e.id, e.time_unix_micros, e.actor, e.action, e.subject, e.detail) for e in entries]
        await self._clickhouse.insert(
            "audit_entries", list(_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_COLUMNS.values())
        )

    async def known(self, tenant_id: str, ids: Collection[str]) -> set[str]:
        rows = await self._clickhouse.query(
            "SELECT DISTINCT id FROM audit_entries WHERE tenant_id = {tenant:String} AND id IN {ids:Array(String)}",
            {"tenant": tenant_id, "ids": list(ids)},
        )
        return {row[0] for row in rows}

    async def page(self, tenant_id: str, before: Cursor | None, limit: int) -> Sequence[AuditEntry]:
        time, identifier = before if before is not None else (2**63 - 1, "")
        rows = await self._clickhouse.query(
            "SELECT id, toUnixTimestamp64Micro(min(time)) AS at, argMin(actor, time), argMin(action, time), "
            "argMin(subject, time), argMin(detail, time) FROM audit_entries WHERE tenant_id = {tenant:String} "
            "GROUP BY id HAVING (at, id) < ({time:Int64}, {id:String}) ORDER BY at DESC, id DESC LIMIT {limit:UInt32}",
            {"tenant": tenant_id, "time": time, "id": identifier, "limit": limit},
        )
        return [
            AuditEntry(id=row[0], time_unix_micros=row[1], actor=row[2], action=row[3], subject=row[4], detail=row[5])
            for row in rows
        ]
