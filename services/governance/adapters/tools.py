"""The table `tools`, and all of it in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from finops.governance.v1.governance_pb2 import TOOL_STATUS_SHADOW, Tool, ToolStatus

from services.common.clickhouse import ClickHouse
from services.governance.adapters.enums import text_of, value_of
from services.governance.domain.ids import TOOLS, last_part, tool_name
from services.governance.domain.usage import ToolKey
from services.governance.handlers.ports import Cursor

_COLUMNS = {
    "tenant_id": "String",
    "tool_id": "String",
    "display_name": "String",
    "category": "LowCardinality(String)",
    "owner": "String",
    "status": "LowCardinality(String)",
    "created_at": "DateTime64(6, 'UTC')",
    "updated_at": "DateTime64(6, 'UTC')",
    "version": "UInt64",
}
_SELECTED = (
    "tenant_id, tool_id, display_name, category, owner, status, "
    "toUnixTimestamp64Micro(created_at), toUnixTimestamp64Micro(updated_at)"
)


class ToolTable:
    """The registry of every tenant."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._cache: dict[ToolKey, Tool] = {}

    async def refresh(self) -> None:
        """Reads all of it, for what other processes wrote.

        Raises:
            UnavailableError: ClickHouse is away; what was read before stays.
        """
        for key, tool in map(_of_row, await self._clickhouse.query(f"SELECT {_SELECTED} FROM tools FINAL")):  # noqa: S608
            # A tool put while the query ran is newer than what it read.
            known = self._cache.get(key)
            if known is None or _version(tool) >= _version(known):
                self._cache[key] = tool

    def cached(self, key: ToolKey) -> Tool | None:
        return self._cache.get(key)

    async def fetch(self, keys: Collection[ToolKey]) -> Mapping[ToolKey, Tool]:
        found: dict[ToolKey, Tool] = {}
        for tenant_id in {key.tenant_id for key in keys}:
            rows = await self._clickhouse.query(
                f"SELECT {_SELECTED} FROM tools FINAL "  # noqa: S608 - column names only
                "WHERE tenant_id = {tenant:String} AND tool_id IN {ids:Array(String)}",
                {"tenant": tenant_id, "ids": [key.tool_id for key in keys if key.tenant_id == tenant_id]},
            )
            found.update(map(_of_row, rows))
        self._cache.update(found)
        return found

    async def put(self, tenant_id: str, tools: Sequence[Tool]) -> None:
        rows = [_row(tenant_id, tool) for tool in tools]
        await self._clickhouse.insert(
            "tools", list(_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_COLUMNS.values())
        )
        for tool in tools:
            key = ToolKey(tenant_id, last_part(tool.name, TOOLS))
            known = self._cache.get(key)
            if known is None or _version(tool) >= _version(known):
                self._cache[key] = tool

    async def page(self, tenant_id: str, status: ToolStatus, after: Cursor | None, limit: int) -> Sequence[Tool]:
        parameters: dict[str, Any] = {
            "tenant": tenant_id,
            "status": text_of(ToolStatus, status) if status else "",
            "after": after.id if after is not None else "",
            "limit": limit,
        }
        rows = await self._clickhouse.query(
            f"SELECT {_SELECTED} FROM tools FINAL "  # noqa: S608 - column names only
            "WHERE tenant_id = {tenant:String} AND tool_id > {after:String} "
            "AND ({status:String} = '' OR status = {status:String}) ORDER BY tool_id LIMIT {limit:UInt32}",
            parameters,
        )
        tools = dict(map(_of_row, rows))
        if tools:
            await self._add_usage(tenant_id, tools)
        return list(tools.values())

    async def _add_usage(self, tenant_id: str, tools: Mapping[ToolKey, Tool]) -> None:
        rows = await self._clickhouse.query(
            "SELECT tool, toUnixTimestamp64Micro(min(first_seen)), toUnixTimestamp64Micro(max(last_seen)), "
            "uniqExactIf(user, user != '') FROM tool_usage "
            "WHERE tenant_id = {tenant:String} AND tool IN {ids:Array(String)} GROUP BY tool",
            {"tenant": tenant_id, "ids": [key.tool_id for key in tools]},
        )
        for tool_id, first, last, users in rows:
            tool = tools[ToolKey(tenant_id, tool_id)]
            tool.first_seen_unix_micros, tool.last_seen_unix_micros, tool.users = first, last, users


def _version(tool: Tool) -> int:
    return 0 if tool.status == TOOL_STATUS_SHADOW else tool.update_unix_micros


def _row(tenant_id: str, tool: Tool) -> tuple[Any, ...]:
    return (
        tenant_id,
        last_part(tool.name, TOOLS),
        tool.display_name,
        tool.category,
        tool.owner,
        text_of(ToolStatus, tool.status),
        tool.create_unix_micros,
        tool.update_unix_micros,
        _version(tool),
    )


def _of_row(row: Sequence[Any]) -> tuple[ToolKey, Tool]:
    tenant_id, tool_id, display_name, category, owner, status, created, updated = row
    return ToolKey(tenant_id, tool_id), Tool(
        name=tool_name(tool_id),
        display_name=display_name,
        category=category,
        owner=owner,
        status=value_of(ToolStatus, status),
        create_unix_micros=created,
        update_unix_micros=updated,
    )
