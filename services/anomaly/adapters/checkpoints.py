"""The table `anomaly_checkpoints`: a partition for each checkpoint, so that an old one is dropped as a whole."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from services.common.clickhouse import ClickHouse

_COLUMNS = {
    "checkpoint": "Int64",
    "section": "LowCardinality(String)",
    "tenant_id": "String",
    "number": "UInt32",
    "content": "String",
}
_HEAD = "head"


class CheckpointTable:
    """Implements `handlers.checkpoint.Store`. A checkpoint without its head was not finished."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def put(self, checkpoint: int, section: str, number: int, piece: bytes) -> None:
        await self._insert(checkpoint, section, number, piece)

    async def finish(self, checkpoint: int, head: str) -> None:
        await self._insert(checkpoint, _HEAD, 0, head.encode())
        others = await self._clickhouse.query(
            "SELECT DISTINCT checkpoint FROM anomaly_checkpoints WHERE checkpoint != {checkpoint:Int64}",
            {"checkpoint": checkpoint},
        )
        for (other,) in others:
            await self._clickhouse.command(f"ALTER TABLE anomaly_checkpoints DROP PARTITION {int(other)}")

    async def latest(self) -> tuple[int, str] | None:
        rows = await self._clickhouse.query(
            "SELECT checkpoint, content FROM anomaly_checkpoints WHERE section = {head:String} "
            "ORDER BY checkpoint DESC LIMIT 1",
            {"head": _HEAD},
        )
        return (rows[0][0], rows[0][1]) if rows else None

    async def pieces(self, checkpoint: int, section: str) -> Sequence[bytes]:
        rows = await self._clickhouse.query(
            "SELECT base64Encode(content) FROM anomaly_checkpoints "
            "WHERE checkpoint = {checkpoint:Int64} AND section = {section:String} AND tenant_id = {tenant:String} "
            "ORDER BY number",
            {"checkpoint": checkpoint} | _named(section),
        )
        return [b64decode(row[0]) for row in rows]

    async def _insert(self, checkpoint: int, section: str, number: int, content: bytes) -> None:
        await self._clickhouse.insert(
            "anomaly_checkpoints",
            list(_COLUMNS),
            [[checkpoint], *([name] for name in _named(section).values()), [number], [content]],
            column_types=list(_COLUMNS.values()),
        )


def _named(section: str) -> dict[str, str]:
    """`watch:acme` is a tenant's, and goes when the tenant is deleted."""
    kind, _, tenant = section.partition(":")
    return {"section": kind, "tenant": tenant}
