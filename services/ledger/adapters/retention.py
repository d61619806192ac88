"""Rows that expire, in ClickHouse. A rollup keeps what it summed up when the entries behind it are gone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.common.log import get_logger
from services.ledger.adapters.sql import ROLLUP_TABLES
from services.ledger.domain.query import ReadFrom
from services.ledger.domain.retention import Told, complete_from

log = get_logger(__name__)

_TABLES: Mapping[ReadFrom, tuple[str, str]] = {
    ReadFrom.ENTRIES: ("cost_entries", "toDateTime(time, 'UTC')"),
    **{source: (table, "start") for source, table in ROLLUP_TABLES.items()},
}
"""Each table, and SQL of the time that the days are counted from."""

_TTL = re.compile(r"\bTTL\b.*?toIntervalDay\((\d+)\)")


class ClickHouseRetention:
    """What each table was told to keep, and telling it."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def apply(self, days: Mapping[ReadFrom, int]) -> list[ReadFrom]:
        """Lets tables keep their rows for so many days; 0: for ever. Returns those for which that is new.

        Raises:
            UnavailableError: ClickHouse is away; repeat it.
        """
        history = await self._history()
        changed: list[ReadFrom] = []
        for source, kept in days.items():
            table, time = _TABLES[source]
            noted = history.get(source, [Told(0, 0)])[-1].days
            if noted != kept:
                # Written down first: whoever compares tables must never miss that rows expire.
                await self._clickhouse.command(
                    "INSERT INTO ledger_retention (source, days) VALUES ({source:String}, {days:UInt32})",
                    {"source": source.value, "days": kept},
                )
            if await self._in_force(table) == kept:
                continue
            ttl = f"MODIFY TTL {time} + INTERVAL {kept:d} DAY" if kept else "REMOVE TTL"
            await self._clickhouse.command(f"ALTER TABLE {table} {ttl}")
            log.info("retention changed", table=table, days=kept)
            changed.append(source)
        return changed

    async def complete_from(self) -> Mapping[ReadFrom, Micros]:
        """For each table the moment from which on it has all its rows; 0: none ever expired.

        Raises:
            UnavailableError: ClickHouse is away.
        """
        history = await self._history()
        if not history:
            return dict.fromkeys(ReadFrom, 0)
        [[now]] = await self._clickhouse.query("SELECT toUnixTimestamp64Micro(now64(6, 'UTC'))")
        return {source: complete_from(history.get(source, []), int(now)) for source in ReadFrom}

    async def _history(self) -> dict[ReadFrom, list[Told]]:
        rows = await self._clickhouse.query(
            "SELECT source, days, toUnixTimestamp64Micro(applied_at) FROM ledger_retention ORDER BY applied_at"
        )
        history: dict[ReadFrom, list[Told]] = {}
        for source, days, at in rows:
            history.setdefault(ReadFrom(source), []).append(Told(days, at))
        return history

    async def _in_force(self, table: str) -> int:
        [[engine]] = await self._clickhouse.query(
            "SELECT engine_full FROM system.tables WHERE database = {database:String} AND name = {table:String}",
            {"database": self._clickhouse.database, "table": table},
        )
        found = _TTL.search(engine)
        return int(found[1]) if found else 0
