"""The table `planned_windows`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import PlannedWindow

from services.anomaly.handlers.ports import Announced, Cursor
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros

_COLUMNS: Mapping[str, str] = {
    "tenant_id": "String",
    "name": "String",
    "series": "Map(String, String)",
    "start_unix_micros": "Int64",
    "end_unix_micros": "Int64",
    "reason": "String",
    "author": "String",
    "create_unix_micros": "Int64",
    "delete_unix_micros": "Int64",
    "update_unix_micros": "Int64",
}
_SELECT = (
    "SELECT tenant_id, name, series, start_unix_micros, end_unix_micros, reason, author, create_unix_micros, "
    "delete_unix_micros FROM planned_windows FINAL "
)


class WindowTable:
    """Implements `handlers.ports.Windows`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def since(self, moment: Micros) -> Sequence[Announced]:
        where = "WHERE end_unix_micros >= {since:Int64} ORDER BY tenant_id, name"
        return [_read(row) for row in await self._clickhouse.query(_SELECT + where, {"since": moment})]

    async def overlapping(self, tenant: str, start: Micros, end: Micros) -> Sequence[PlannedWindow]:
        where = (
            "WHERE tenant_id = {tenant:String} AND delete_unix_micros = 0 "
            "AND start_unix_micros < {end:Int64} AND end_unix_micros > {start:Int64} ORDER BY name"
        )
        parameters = {"tenant": tenant, "start": start, "end": end}
        return [_read(row).window for row in await self._clickhouse.query(_SELECT + where, parameters)]

    async def page(self, tenant: str, before: Cursor | None, limit: int) -> Sequence[PlannedWindow]:
        start, name = before if before is not None else (2**63 - 1, "")
        where = (
            "WHERE tenant_id = {tenant:String} AND delete_unix_micros = 0 "
            "AND (start_unix_micros, name) < ({start:Int64}, {name:String}) "
            "ORDER BY start_unix_micros DESC, name DESC LIMIT {limit:UInt32}"
        )
        parameters = {"tenant": tenant, "start": start, "name": name, "limit": limit}
        return [_read(row).window for row in await self._clickhouse.query(_SELECT + where, parameters)]

    async def get(self, tenant: str, name: str) -> PlannedWindow | None:
        where = "WHERE tenant_id = {tenant:String} AND name = {name:String} AND delete_unix_micros = 0"
        rows = await self._clickhouse.query(_SELECT + where, {"tenant": tenant, "name": name})
        return _read(rows[0]).window if rows else None

    async def save(self, announced: Announced, now: Micros) -> None:
        window = announced.window
        values = (
            announced.tenant, window.name, dict(window.series), window.start_unix_micros, window.end_unix_micros,
            window.reason, window.author, window.create_unix_micros, announced.deleted, now,
        )  # fmt: skip
        await self._clickhouse.insert(
            "planned_windows", list(_COLUMNS), [[value] for value in values], column_types=list(_COLUMNS.values())
        )


def _read(row: Sequence[Any]) -> Announced:
    tenant, name, series, start, end, reason, author, created, deleted = row
    window = PlannedWindow(
        name=name, series=series, start_unix_micros=start, end_unix_micros=end, reason=reason, author=author,
        create_unix_micros=created,
    )  # fmt: skip
    return Announced(tenant, window, deleted)
