"""The table `anomalies`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import Anomaly
from google.protobuf.json_format import MessageToJson, Parse

from services.anomaly.handlers.ports import Cursor
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.common.money import from_proto, to_decimal

_COLUMNS: Mapping[str, str] = {
    "tenant_id": "String",
    "name": "String",
    "state": "LowCardinality(String)",
    "channel": "LowCardinality(String)",
    "severity": "LowCardinality(String)",
    "series": "Map(String, String)",
    "start_unix_micros": "Int64",
    "end_unix_micros": "Int64",
    "create_unix_micros": "Int64",
    "update_unix_micros": "Int64",
    "impact_usd": "Decimal(38, 12)",
    "summary": "String",
    "anomaly": "String",
}


class AnomalyTable:
    """Implements `handlers.ports.Archive`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def told(self, since: Micros) -> Sequence[Anomaly]:
        rows = await self._clickhouse.query(
            "SELECT anomaly FROM anomalies FINAL WHERE end_unix_micros > {since:Int64} OR state = 'STATE_OPEN' "
            "ORDER BY start_unix_micros, name",
            {"since": since},
        )
        return [_read(row) for row in rows]

    async def save(self, anomalies: Sequence[Anomaly]) -> None:
        rows = [_row(anomaly) for anomaly in anomalies]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await self._clickhouse.insert("anomalies", list(_COLUMNS), columns, column_types=list(_COLUMNS.values()))

    async def page(self, tenant: str, state: Anomaly.State, before: Cursor | None, limit: int) -> Sequence[Anomaly]:
        start, name = before if before is not None else (2**63 - 1, "")
        rows = await self._clickhouse.query(
            "SELECT anomaly FROM anomalies FINAL WHERE tenant_id = {tenant:String} "
            "AND ({state:String} = '' OR state = {state:String}) "
            "AND (start_unix_micros, name) < ({start:Int64}, {name:String}) "
            "ORDER BY start_unix_micros DESC, name DESC LIMIT {limit:UInt32}",
            {"tenant": tenant, "state": _state(state), "start": start, "name": name, "limit": limit},
        )
        return [_read(row) for row in rows]

    async def get(self, tenant: str, name: str) -> Anomaly | None:
        rows = await self._clickhouse.query(
            "SELECT anomaly FROM anomalies FINAL WHERE tenant_id = {tenant:String} AND name = {name:String}",
            {"tenant": tenant, "name": name},
        )
        return _read(rows[0]) if rows else None


def _state(state: Anomaly.State) -> str:
    return "" if state == Anomaly.STATE_UNSPECIFIED else Anomaly.State.Name(state)


def _read(row: Sequence[Any]) -> Anomaly:
    # A newer version may have written fields this one does not know.
    return Parse(row[0], Anomaly(), ignore_unknown_fields=True)


def _row(anomaly: Anomaly) -> Sequence[Any]:
    return (
        anomaly.tenant_id,
        anomaly.name,
        Anomaly.State.Name(anomaly.state),
        Anomaly.Channel.Name(anomaly.channel),
        Anomaly.Severity.Name(anomaly.severity),
        dict(anomaly.series),
        anomaly.start_unix_micros,
        anomaly.end_unix_micros,
        anomaly.create_unix_micros,
        anomaly.update_unix_micros,
        to_decimal(from_proto(anomaly.impact)),
        anomaly.summary,
        MessageToJson(anomaly, indent=None),
    )
