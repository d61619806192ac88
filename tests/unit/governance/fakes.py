"""In-memory tables and log; they keep what is put, as ClickHouse and Kafka would."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_REQUESTED,
    TOOL_STATUS_SHADOW,
    Approval,
    ApprovalState,
    AuditEntry,
    GovernanceEvent,
    Tool,
    ToolStatus,
)

from services.common.errors import UnavailableError
from services.governance.domain.usage import Span, ToolKey, UserKey
from services.governance.handlers.ports import Cursor


class MemoryTools:
    def __init__(self) -> None:
        self.rows: dict[ToolKey, Tool] = {}

    def cached(self, key: ToolKey) -> Tool | None:
        return None

    async def fetch(self, keys: Collection[ToolKey]) -> Mapping[ToolKey, Tool]:
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def put(self, tenant_id: str, tools: Sequence[Tool]) -> None:
        for tool in tools:
            key = ToolKey(tenant_id, tool.name.removeprefix("tools/"))
            known = self.rows.get(key)
            version = 0 if tool.status == TOOL_STATUS_SHADOW else tool.update_unix_micros
            known_version = -1 if known is None or known.status == TOOL_STATUS_SHADOW else known.update_unix_micros
            if version >= known_version:
                self.rows[key] = tool

    async def page(self, tenant_id: str, status: ToolStatus, after: Cursor | None, limit: int) -> Sequence[Tool]:
        found = [(k.tool_id, t) for k, t in self.rows.items() if k.tenant_id == tenant_id and status in (0, t.status)]
        return [tool for tool_id, tool in sorted(found, key=lambda f: f[0]) if after is None or tool_id > after.id][
            :limit
        ]


class MemoryApprovals:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[Approval, int]] = {}

    async def get(self, tenant_id: str, approval_id: str) -> Approval | None:
        row = self.rows.get((tenant_id, approval_id))
        return row[0] if row else None

    async def waiting_for(self, tenant_id: str, tool_id: str) -> Approval | None:
        for (tenant, _), (approval, _) in self.rows.items():
            if (
                tenant == tenant_id
                and approval.tool == f"tools/{tool_id}"
                and approval.state == APPROVAL_STATE_REQUESTED
            ):
                return approval
        return None

    async def put(self, tenant_id: str, approval: Approval, stage: int) -> None:
        self.rows[tenant_id, approval.name.removeprefix("approvals/")] = (approval, stage)

    async def page(self, tenant_id: str, state: ApprovalState, before: Cursor | None, limit: int) -> Sequence[Approval]:
        found = [
            (a.create_unix_micros, i, a)
            for (t, i), (a, _) in self.rows.items()
            if t == tenant_id and state in (0, a.state)
        ]
        found.sort(key=lambda f: f[:2], reverse=True)
        return [a for created, i, a in found if before is None or (created, i) < before][:limit]

    async def unpublished(self) -> Sequence[tuple[str, Approval, int]]:
        return [(tenant, approval, stage) for (tenant, _), (approval, stage) in self.rows.items() if stage < 2]


class MemoryTrail:
    def __init__(self) -> None:
        self.entries: list[tuple[str, AuditEntry]] = []
        self.away = False

    async def append(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
        if self.away:
            raise UnavailableError("ClickHouse: told to be away")
        self.entries += [(tenant_id, entry) for entry in entries]

    async def known(self, tenant_id: str, ids: Collection[str]) -> set[str]:
        return {entry.id for tenant, entry in self.entries if tenant == tenant_id and entry.id in ids}

    async def page(self, tenant_id: str, before: Cursor | None, limit: int) -> Sequence[AuditEntry]:
        found = sorted((e.time_unix_micros, e.id, e) for t, e in self.entries if t == tenant_id)[::-1]
        return [e for at, i, e in found if before is None or (at, i) < before][:limit]

    def actions(self) -> list[str]:
        return [entry.action for _, entry in self.entries]


class MemoryUsage:
    def __init__(self) -> None:
        self.writes: list[Mapping[UserKey, Span]] = []

    async def put(self, spans: Mapping[UserKey, Span]) -> None:
        self.writes.append(dict(spans))


class MemoryEvents:
    """The log; `forget` loses nothing, since the log itself is asked."""

    def __init__(self) -> None:
        self.log: list[GovernanceEvent] = []
        self.away = False

    async def publish(self, events: Sequence[GovernanceEvent]) -> None:
        if self.away:
            raise UnavailableError("Kafka: told to be away")
        known = {event.event_id for event in self.log}
        self.log += [event for event in events if event.event_id not in known]

    def forget(self) -> None:
        return None
