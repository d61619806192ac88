"""The table `tool_usage`: it keeps the smallest first and the largest last use, so that rows may come twice."""

from __future__ import annotations

from collections.abc import Mapping

from services.common.clickhouse import ClickHouse
from services.governance.domain.usage import Span, UserKey

_COLUMNS = {
    "tenant_id": "String",
    "tool": "String",
    "user": "String",
    "first_seen": "DateTime64(6, 'UTC')",
    "last_seen": "DateTime64(6, 'UTC')",
}


class ToolUsageTable:
    """First and last use by tenant, tool and user."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def put(self, spans: Mapping[UserKey, Span]) -> None:
        rows = [(*key, *span) for key, span in spans.items()]
        await self._clickhouse.insert(
            "tool_usage", list(_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_COLUMNS.values())
        )
