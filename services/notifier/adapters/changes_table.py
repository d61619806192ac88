"""The table `alert_changes`: one row for each thing that happened to an alert."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.notifier.adapters import message_json
from services.notifier.domain.alert import STATES, AlertState, Change
from services.notifier.domain.message import Transition
from services.notifier.handlers.ports import AlertKey, AlertPosition

_TIME = "DateTime64(6, 'UTC')"
_COLUMNS = {
    "tenant_id": "String",
    "alert_id": "String",
    "change_id": "String",
    "transition": "LowCardinality(String)",
    "at": _TIME,
    "actor": "String",
    "comment": "String",
    "until": _TIME,
    "subject": "String",
    "message": "String",
}
_STATEFUL = "transition IN {stateful:Array(String)}"
_LAST = f"argMaxIf(transition, (at, change_id), {_STATEFUL})"
_UNTIL = f"toUnixTimestamp64Micro(argMaxIf(until, (at, change_id), {_STATEFUL}))"
_NO_STATE_CHANGED = ""
"""What `_LAST` is where an alert has updates only."""


class ChangeTable:
    """What happened to alerts."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def known(self, change_ids: Collection[str]) -> set[tuple[str, str]]:
        rows = await self._clickhouse.query(
            "SELECT DISTINCT tenant_id, change_id FROM alert_changes WHERE change_id IN {ids:Array(String)}",
            {"ids": list(change_ids)},
        )
        return {(tenant_id, change_id) for tenant_id, change_id in rows}

    async def put(self, changes: Sequence[Change]) -> None:
        rows = [_row(change) for change in changes]
        await self._clickhouse.insert(
            "alert_changes", list(_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_COLUMNS.values())
        )

    async def of_alerts(self, alerts: Collection[AlertKey]) -> Mapping[AlertKey, Sequence[Change]]:
        rows = await self._clickhouse.query(
            "SELECT tenant_id, alert_id, change_id, transition, toUnixTimestamp64Micro(at), message, actor, comment, "
            "toUnixTimestamp64Micro(until) FROM alert_changes FINAL WHERE alert_id IN {ids:Array(String)}",
            {"ids": [alert_id for _, alert_id in alerts]},
        )
        found: dict[AlertKey, list[Change]] = defaultdict(list)
        for row in rows:
            if (row[0], row[1]) in alerts:
                found[row[0], row[1]].append(_of_row(row))
        return found

    async def about(self, tenant_id: str, subject: str) -> Collection[str]:
        rows = await self._clickhouse.query(
            "SELECT alert_id FROM alert_changes FINAL "  # noqa: S608 - no values in the text
            "WHERE tenant_id = {tenant:String} AND subject = {subject:String} "
            f"GROUP BY alert_id HAVING {_LAST} NOT IN {{ended:Array(String)}}",
            {"tenant": tenant_id, "subject": subject, "ended": _transitions(AlertState.RESOLVED), **_stateful()},
        )
        return [row[0] for row in rows]

    async def page(
        self, tenant_id: str, state: AlertState | None, before: AlertPosition | None, limit: int, now: Micros
    ) -> Sequence[AlertPosition]:
        conditions = ["countIf(message != '') > 0"]
        if before is not None:
            conditions.append("(created, alert_id) < ({created:Int64}, {alert:String})")
        if state is not None:
            conditions.append(_CONDITIONS.get(state, "last IN {wanted:Array(String)}"))
        rows = await self._clickhouse.query(
            f"SELECT toUnixTimestamp64Micro(min(at)) AS created, alert_id, {_LAST} AS last, {_UNTIL} AS waits "  # noqa: S608
            "FROM alert_changes FINAL WHERE tenant_id = {tenant:String} GROUP BY alert_id "
            f"HAVING {' AND '.join(f'({condition})' for condition in conditions)} "
            "ORDER BY created DESC, alert_id DESC LIMIT {limit:UInt32}",
            {
                "tenant": tenant_id,
                "created": before.created if before else 0,
                "alert": before.alert_id if before else "",
                "wanted": [*_transitions(state), *([_NO_STATE_CHANGED] if state is AlertState.FIRING else [])],
                "now": now,
                "limit": limit,
                **_stateful(),
            },
        )
        return [AlertPosition(row[0], row[1]) for row in rows]

    async def snoozes_over(self, now: Micros) -> Sequence[tuple[AlertKey, str]]:
        rows = await self._clickhouse.query(
            f"SELECT tenant_id, alert_id, argMaxIf(change_id, (at, change_id), {_STATEFUL}) AS last_change "  # noqa: S608
            "FROM alert_changes FINAL GROUP BY tenant_id, alert_id "
            f"HAVING {_LAST} = 'snoozed' AND {_UNTIL} <= {{now:Int64}} ORDER BY tenant_id, alert_id",
            {"now": now, **_stateful()},
        )
        return [((tenant_id, alert_id), change_id) for tenant_id, alert_id, change_id in rows]


_CONDITIONS = {
    AlertState.SNOOZED: "last IN {wanted:Array(String)} AND waits > {now:Int64}",
    AlertState.FIRING: "last IN {wanted:Array(String)} OR (last = 'snoozed' AND waits <= {now:Int64})",
}


def _stateful() -> dict[str, list[str]]:
    return {"stateful": [transition.value for transition in STATES]}


def _transitions(state: AlertState | None) -> list[str]:
    return [transition.value for transition, left in STATES.items() if left is state]


def _row(change: Change) -> tuple[Any, ...]:
    return (
        change.tenant_id,
        change.alert_id,
        change.change_id,
        change.transition.value,
        change.at,
        change.actor,
        change.comment,
        change.until,
        change.message.subject if change.message else "",
        message_json.dump(change.message) if change.message else "",
    )


def _of_row(row: Sequence[Any]) -> Change:
    tenant_id, alert_id, change_id, transition, at, message, actor, comment, until = row
    told = message_json.load(message) if message else None
    return Change(tenant_id, alert_id, change_id, Transition(transition), at, told, actor, comment, until)
