"""What the handlers need from the outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from finops.governance.v1.governance_pb2 import Approval, ApprovalState, AuditEntry, GovernanceEvent, Tool, ToolStatus

from services.common.clock import Micros
from services.governance.domain.usage import Span, ToolKey, UserKey

RECORDED, APPLIED, PUBLISHED = 0, 1, 2
"""Stages of an approval's step: written itself; its tool and audit entry too; its event too."""


class Cursor(NamedTuple):
    """Where a page ends. Tools are in the order of their ids alone: their time is 0."""

    time: Micros
    id: str


class Tools(Protocol):
    """The registry."""

    def cached(self, key: ToolKey) -> Tool | None:
        """As last read; None also where another process registered it a moment ago."""
        ...

    async def fetch(self, keys: Collection[ToolKey]) -> Mapping[ToolKey, Tool]:
        """As stored now, without usage."""
        ...

    async def put(self, tenant_id: str, tools: Sequence[Tool]) -> None:
        """Stores them; an older change never replaces a newer one, nor a finding a decision."""
        ...

    async def page(self, tenant_id: str, status: ToolStatus, after: Cursor | None, limit: int) -> Sequence[Tool]:
        """By id, with what usage tells of each."""
        ...


class Approvals(Protocol):
    """Requests and decisions."""

    async def get(self, tenant_id: str, approval_id: str) -> Approval | None: ...

    async def waiting_for(self, tenant_id: str, tool_id: str) -> Approval | None:
        """The undecided approval of this tool."""
        ...

    async def put(self, tenant_id: str, approval: Approval, stage: int) -> None: ...

    async def page(self, tenant_id: str, state: ApprovalState, before: Cursor | None, limit: int) -> Sequence[Approval]:
        """Newest first."""
        ...

    async def unpublished(self) -> Sequence[tuple[str, Approval, int]]:
        """Tenant, approval and stage of every step that is not PUBLISHED."""
        ...


class AuditTrail(Protocol):
    """Entries are only ever added."""

    async def append(self, tenant_id: str, entries: Sequence[AuditEntry]) -> None: ...

    async def known(self, tenant_id: str, ids: Collection[str]) -> set[str]:
        """Which of these ids have an entry."""
        ...

    async def page(self, tenant_id: str, before: Cursor | None, limit: int) -> Sequence[AuditEntry]:
        """Newest first; of entries with one id the first written counts."""
        ...


class ToolUsage(Protocol):
    """First and last use by tool and user."""

    async def put(self, spans: Mapping[UserKey, Span]) -> None:
        """Widens what is stored; repeating it changes nothing."""
        ...


class Events(Protocol):
    """finops.governance.v1"""

    async def publish(self, events: Sequence[GovernanceEvent]) -> None:
        """Writes durably those whose ids were not written before.

        Raises:
            UnavailableError: Kafka is away.
        """
        ...

    def forget(self) -> None:
        """Reads again, before the next write, which ids were written: another process may have added some."""
        ...
