"""The table `labels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.anomaly.v1.anomaly_pb2 import Anomaly, ChannelPrecision, Label

from services.anomaly.handlers.ports import Labelled
from services.common.clickhouse import ClickHouse
from services.common.clock import Micros

_COLUMNS: Mapping[str, str] = {
    "tenant_id": "String",
    "name": "String",
    "verdict": "LowCardinality(String)",
    "author": "String",
    "note": "String",
    "label_unix_micros": "Int64",
    "update_unix_micros": "Int64",
}


class LabelTable:
    """Implements `handlers.ports.Labels`."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def since(self, moment: Micros) -> Sequence[Labelled]:
        rows = await self._clickhouse.query(
            "SELECT tenant_id, name, verdict, author, note, label_unix_micros FROM labels FINAL "
            "WHERE label_unix_micros >= {since:Int64} AND verdict != 'VERDICT_UNSPECIFIED' "
            "ORDER BY label_unix_micros, tenant_id, name",
            {"since": moment},
        )
        return [Labelled(row[0], row[1], _label(row[2:])) for row in rows]

    async def of(self, tenant: str, names: Sequence[str]) -> Mapping[str, Label]:
        rows = await self._clickhouse.query(
            "SELECT name, verdict, author, note, label_unix_micros FROM labels FINAL "
            "WHERE tenant_id = {tenant:String} AND name IN {names:Array(String)} "
            "AND verdict != 'VERDICT_UNSPECIFIED'",
            {"tenant": tenant, "names": list(names)},
        )
        return {row[0]: _label(row[1:]) for row in rows}

    async def save(self, labelled: Labelled, now: Micros) -> None:
        label = labelled.label
        verdict = Label.Verdict.Name(label.verdict)
        values = (labelled.tenant, labelled.name, verdict, label.author, label.note, label.label_unix_micros, now)
        await self._clickhouse.insert(
            "labels", list(_COLUMNS), [[value] for value in values], column_types=list(_COLUMNS.values())
        )

    async def precision(self, tenant: str, start: Micros, end: Micros) -> Sequence[ChannelPrecision]:
        rows = await self._clickhouse.query(
            "SELECT a.channel, count(), countIf(l.verdict = 'VERDICT_CONFIRMED'), "
            "countIf(l.verdict = 'VERDICT_EXPECTED'), countIf(l.verdict = 'VERDICT_FALSE') "
            "FROM (SELECT channel, name FROM anomalies FINAL WHERE tenant_id = {tenant:String} "
            "AND start_unix_micros >= {start:Int64} AND start_unix_micros < {end:Int64}) AS a "
            "LEFT JOIN (SELECT name, verdict FROM labels FINAL WHERE tenant_id = {tenant:String}) AS l "
            "ON a.name = l.name GROUP BY a.channel",
            {"tenant": tenant, "start": start, "end": end},
        )
        found = [
            ChannelPrecision(channel=channel, told=told, confirmed=yes, expected=expected, false_alarms=no)
            for channel, told, yes, expected, no in rows
            # A newer version may have written channels this one does not know.
            if channel in Anomaly.Channel.keys()  # noqa: SIM118 - an enum of protobuf, not a mapping
        ]
        return sorted(found, key=lambda each: each.channel)


def _label(row: Sequence[Any]) -> Label:
    verdict, author, note, moment = row
    return Label(verdict=verdict, author=author, note=note, label_unix_micros=moment)
