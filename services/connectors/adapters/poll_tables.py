"""The tables of checkpoints and of rejected rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from clickhouse_connect.driver.exceptions import ClickHouseError

from services.common.clickhouse import ClickHouse
from services.common.clock import to_datetime, to_micros
from services.common.errors import UnavailableError
from services.connectors.domain.poller import Checkpoint
from services.connectors.handlers.poll_ports import Refused

_TIME = "DateTime64(6, 'UTC')"
_CHECKPOINT = {
    "poller": "String",
    "reads": "String",
    "since": _TIME,
    "through": _TIME,
    "polled_at": _TIME,
    "rows": "UInt64",
    "version": "UInt64",
}
_REJECTION = {
    "poller": "String",
    "event_id": "String",
    "code": "String",
    "message": "String",
    "event": "String",
    "rejected_at": _TIME,
}
_SELECTED = ", ".join(f"toUnixTimestamp64Micro({n})" if t == _TIME else n for n, t in _CHECKPOINT.items())


class CheckpointTable:
    """`connector_checkpoints`: the row of the highest version counts."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def load(self, poller: str) -> Checkpoint | None:
        rows = await _asked(
            self._clickhouse,
            f"SELECT {_SELECTED} FROM connector_checkpoints "  # noqa: S608 - column names only
            "WHERE poller = {poller:String} ORDER BY version DESC LIMIT 1",
            {"poller": poller},
        )
        return _checkpoint(rows[0]) if rows else None

    async def all(self) -> list[Checkpoint]:
        """Of every poller there ever was, by name."""
        rows = await _asked(
            self._clickhouse,
            f"SELECT {_SELECTED} FROM connector_checkpoints "  # noqa: S608 - column names only
            "ORDER BY poller, version DESC LIMIT 1 BY poller",
            {},
        )
        return [_checkpoint(row) for row in rows]

    async def save(self, checkpoint: Checkpoint) -> None:
        row: list[Any] = [
            checkpoint.poller,
            checkpoint.reads,
            to_micros(checkpoint.since),
            to_micros(checkpoint.through),
            to_micros(checkpoint.polled_at),
            checkpoint.rows,
            checkpoint.version,
        ]
        await _insert(self._clickhouse, "connector_checkpoints", _CHECKPOINT, [row])


class RejectionTable:
    """`connector_rejections`: the last rejection of a row counts."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def keep(self, poller: str, refused: Sequence[Refused], at: datetime) -> None:
        rows = [
            [
                poller,
                each.event_id,
                each.code,
                each.message,
                orjson.dumps(each.event).decode() if each.event is not None else "",
                to_micros(at),
            ]
            for each in refused
        ]
        await _insert(self._clickhouse, "connector_rejections", _REJECTION, rows)

    async def counts(self) -> dict[str, int]:
        """How many rows of each poller are kept."""
        rows = await _asked(
            self._clickhouse, "SELECT poller, uniqExact(event_id) FROM connector_rejections GROUP BY poller", {}
        )
        return {str(poller): int(count) for poller, count in rows}


def _checkpoint(row: Sequence[Any]) -> Checkpoint:
    poller, reads, since, through, polled_at, rows, version = row
    return Checkpoint(
        poller, reads, to_datetime(since), to_datetime(through), to_datetime(polled_at), int(rows), int(version)
    )


async def _asked(clickhouse: ClickHouse, sql: str, parameters: dict[str, Any]) -> list[Sequence[Any]]:
    try:
        return await clickhouse.query(sql, parameters)
    except ClickHouseError as error:
        raise _unusable(error) from error


async def _insert(clickhouse: ClickHouse, table: str, columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
    try:
        await clickhouse.insert(
            table, list(columns), list(zip(*rows, strict=True)), column_types=list(columns.values())
        )
    except ClickHouseError as error:
        raise _unusable(error) from error


def _unusable(error: ClickHouseError) -> UnavailableError:
    said = (str(error).splitlines() or [""])[0][:300]
    return UnavailableError(f"ClickHouse refuses the connectors' tables; was `aifinops migrate` run? It says: {said}")
