"""The table `notifications`: the last row of a notification counts."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from typing import Any

from services.common.clickhouse import ClickHouse
from services.notifier.domain.delivery import Key, Notification, Origin, State
from services.notifier.domain.message import Kind, Message, Severity
from services.notifier.handlers.ports import Source

_TIME = "DateTime64(6, 'UTC')"
_COLUMNS = {
    "tenant_id": "String",
    "event_id": "String",
    "destination": "String",
    "kind": "LowCardinality(String)",
    "severity": "LowCardinality(String)",
    "title": "String",
    "body": "String",
    "page": "String",
    "event_time": _TIME,
    "origin_topic": "LowCardinality(String)",
    "origin_partition": "UInt32",
    "origin_offset": "Int64",
    "origin_key": "String",
    "origin_value": "String",
    "state": "LowCardinality(String)",
    "attempts": "UInt32",
    "next_attempt_at": _TIME,
    "detail": "String",
    "created_at": _TIME,
    "updated_at": _TIME,
    "version": "UInt64",
}
_SELECTED = ", ".join(f"toUnixTimestamp64Micro({n})" if t == _TIME else n for n, t in _COLUMNS.items())


class NotificationTable:
    """Every message to every destination."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def known(self, event_ids: Collection[str]) -> set[Key]:
        rows = await self._clickhouse.query(
            "SELECT DISTINCT tenant_id, event_id, destination FROM notifications WHERE event_id IN {ids:Array(String)}",
            {"ids": list(event_ids)},
        )
        return {Key(*row) for row in rows}

    async def put(self, notifications: Sequence[Notification]) -> None:
        rows = [_row(notification) for notification in notifications]
        await self._clickhouse.insert(
            "notifications", list(_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_COLUMNS.values())
        )

    async def open(self, sources: Collection[Source]) -> Sequence[Notification]:
        rows = await self._clickhouse.query(
            f"SELECT {_SELECTED} FROM notifications FINAL "  # noqa: S608 - column names only
            "WHERE state IN {states:Array(String)} AND origin_topic IN {topics:Array(String)} ORDER BY created_at",
            {"states": [State.PENDING.value, State.SENDING.value], "topics": sorted({topic for topic, _ in sources})},
        )
        found = map(_of_row, rows)
        return [n for n in found if (n.origin.topic, n.origin.partition) in sources]


def _row(notification: Notification) -> tuple[Any, ...]:
    message, origin = notification.message, notification.origin
    return (
        message.tenant_id,
        message.event_id,
        notification.destination,
        message.kind.value,
        message.severity.label,
        message.title,
        message.body,
        message.page,
        message.event_time,
        origin.topic,
        origin.partition,
        origin.offset,
        base64.b64encode(origin.key).decode(),
        base64.b64encode(origin.value).decode(),
        notification.state.value,
        notification.attempts,
        notification.next_attempt,
        notification.detail,
        notification.created,
        notification.updated,
        notification.updated,
    )


def _of_row(row: Sequence[Any]) -> Notification:
    value = dict(zip(_COLUMNS, row, strict=True))
    return Notification(
        message=Message(
            tenant_id=value["tenant_id"],
            event_id=value["event_id"],
            kind=Kind(value["kind"]),
            severity=Severity[value["severity"].upper()],
            title=value["title"],
            body=value["body"],
            event_time=value["event_time"],
            page=value["page"],
        ),
        destination=value["destination"],
        origin=Origin(
            topic=value["origin_topic"],
            partition=value["origin_partition"],
            offset=value["origin_offset"],
            key=base64.b64decode(value["origin_key"]),
            value=base64.b64decode(value["origin_value"]),
        ),
        state=State(value["state"]),
        attempts=value["attempts"],
        next_attempt=value["next_attempt_at"],
        detail=value["detail"],
        created=value["created_at"],
        updated=value["updated_at"],
    )
