"""The table `approvals`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finops.governance.v1.governance_pb2 import APPROVAL_STATE_REQUESTED, Approval, ApprovalState

from services.common.clickhouse import ClickHouse
from services.governance.adapters.enums import text_of, value_of
from services.governance.domain.ids import APPROVALS, approval_name, last_part, tool_name
from services.governance.domain.ids import TOOLS as TOOLS_COLLECTION
from services.governance.handlers.ports import PUBLISHED, Cursor

_COLUMNS = {
    "tenant_id": "String",
    "approval_id": "String",
    "tool_id": "String",
    "display_name": "String",
    "category": "LowCardinality(String)",
    "requester": "String",
    "justification": "String",
    "state": "LowCardinality(String)",
    "decided_by": "String",
    "reason": "String",
    "created_at": "DateTime64(6, 'UTC')",
    "decided_at": "DateTime64(6, 'UTC')",
    "stage": "UInt8",
    "version": "UInt64",
}
_FROM = (
    "SELECT tenant_id, approval_id, tool_id, display_name, category, requester, justification, state, decided_by, "
    "reason, toUnixTimestamp64Micro(created_at), toUnixTimestamp64Micro(decided_at), stage FROM approvals FINAL "
)


class ApprovalTable:
    """Requests and decisions of every tenant."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def get(self, tenant_id: str, approval_id: str) -> Approval | None:
        return await self._first(
            "WHERE tenant_id = {tenant:String} AND approval_id = {id:String}", {"tenant": tenant_id, "id": approval_id}
        )

    async def waiting_for(self, tenant_id: str, tool_id: str) -> Approval | None:
        return await self._first(
            "WHERE tenant_id = {tenant:String} AND tool_id = {tool:String} AND state = {state:String} LIMIT 1",
            {"tenant": tenant_id, "tool": tool_id, "state": text_of(ApprovalState, APPROVAL_STATE_REQUESTED)},
        )

    async def put(self, tenant_id: str, approval: Approval, stage: int) -> None:
        row = _row(tenant_id, approval, stage)
        await self._clickhouse.insert(
            "approvals", list(_COLUMNS), [[value] for value in row], column_types=list(_COLUMNS.values())
        )

    async def page(self, tenant_id: str, state: ApprovalState, before: Cursor | None, limit: int) -> Sequence[Approval]:
        time, identifier = before if before is not None else (2**63 - 1, "")
        rows = await self._clickhouse.query(
            f"{_FROM}WHERE tenant_id = {{tenant:String}} AND ({{state:String}} = '' OR state = {{state:String}}) "
            "AND (toUnixTimestamp64Micro(created_at), approval_id) < ({time:Int64}, {id:String}) "
            "ORDER BY created_at DESC, approval_id DESC LIMIT {limit:UInt32}",
            {
                "tenant": tenant_id,
                "state": text_of(ApprovalState, state) if state else "",
                "time": time,
                "id": identifier,
                "limit": limit,
            },
        )
        return [_of_row(row) for row in rows]

    async def unpublished(self) -> Sequence[tuple[str, Approval, int]]:
        rows = await self._clickhouse.query(
            f"{_FROM}WHERE stage < {{published:UInt8}} ORDER BY version", {"published": PUBLISHED}
        )
        return [(row[0], _of_row(row), row[-1]) for row in rows]

    async def _first(self, where: str, parameters: dict[str, Any]) -> Approval | None:
        rows = await self._clickhouse.query(_FROM + where, parameters)
        return _of_row(rows[0]) if rows else None


def _row(tenant_id: str, approval: Approval, stage: int) -> tuple[Any, ...]:
    return (
        tenant_id,
        last_part(approval.name, APPROVALS),
        last_part(approval.tool, TOOLS_COLLECTION),
        approval.display_name,
        approval.category,
        approval.requester,
        approval.justification,
        text_of(ApprovalState, approval.state),
        approval.decided_by,
        approval.reason,
        approval.create_unix_micros,
        approval.decide_unix_micros,
        stage,
        # A later step, and within a step a later stage, replaces what was before.
        (approval.decide_unix_micros or approval.create_unix_micros) * 4 + stage,
    )


def _of_row(row: Sequence[Any]) -> Approval:
    return Approval(
        name=approval_name(row[1]),
        tool=tool_name(row[2]),
        display_name=row[3],
        category=row[4],
        requester=row[5],
        justification=row[6],
        state=value_of(ApprovalState, row[7]),
        decided_by=row[8],
        reason=row[9],
        create_unix_micros=row[10],
        decide_unix_micros=row[11],
    )
