"""The table `alert_deliveries`: the last row of a delivery counts."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.common.clickhouse import ClickHouse
from services.common.clock import Micros
from services.notifier.adapters import message_json
from services.notifier.domain.delivery import OPEN, Delivery, Key, Origin, State
from services.notifier.handlers.ports import AlertKey

_TIME = "DateTime64(6, 'UTC')"
_COLUMNS = {
    "tenant_id": "String",
    "alert_id": "String",
    "event_id": "String",
    "destination": "String",
    "transition": "LowCardinality(String)",
    "message": "String",
    "origin_topic": "LowCardinality(String)",
    "origin_partition": "UInt32",
    "origin_offset": "Int64",
    "origin_key": "String",
    "origin_value": "String",
    "state": "LowCardinality(String)",
    "attempts": "UInt32",
    "next_attempt_at": _TIME,
    "bundle": "String",
    "detail": "String",
    "created_at": _TIME,
    "updated_at": _TIME,
    "version": "UInt64",
}
_READ = [name for name in _COLUMNS if name not in ("tenant_id", "alert_id", "event_id", "transition", "version")]
_SELECTED = ", ".join(f"toUnixTimestamp64Micro({n})" if _COLUMNS[n] == _TIME else n for n in _READ)
_SELECT = f"SELECT {_SELECTED} FROM alert_deliveries FINAL "  # noqa: S608 - column names of ours


class DeliveryTable:
    """Every message to every receiver."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def known(self, event_ids: Collection[str]) -> set[Key]:
        rows = await self._clickhouse.query(
            "SELECT DISTINCT tenant_id, event_id, destination FROM alert_deliveries "
            "WHERE event_id IN {ids:Array(String)}",
            {"ids": list(event_ids)},
        )
        return {Key(*row) for row in rows}

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        rows = [_row(delivery) for delivery in deliveries]
        await self._clickhouse.insert(
            "alert_deliveries", list(_COLUMNS), list(zip(*rows, strict=True)), column_types=list(_COLUMNS.values())
        )

    async def open(self, created_after: Micros) -> Sequence[Delivery]:
        rows = await self._clickhouse.query(
            _SELECT + "WHERE state IN {states:Array(String)} "
            "AND created_at >= fromUnixTimestamp64Micro({after:Int64}, 'UTC') ORDER BY created_at, event_id",
            {"states": sorted(OPEN), "after": max(0, created_after)},
        )
        return [_of_row(row) for row in rows]

    async def of_alert(self, tenant_id: str, alert_id: str) -> Sequence[Delivery]:
        rows = await self._clickhouse.query(
            _SELECT
            + "WHERE tenant_id = {tenant:String} AND alert_id = {alert:String} ORDER BY created_at, destination",
            {"tenant": tenant_id, "alert": alert_id},
        )
        return [_of_row(row) for row in rows]

    async def told(self, alerts: Collection[AlertKey]) -> Mapping[AlertKey, set[str]]:
        rows = await self._clickhouse.query(
            "SELECT DISTINCT tenant_id, alert_id, destination FROM alert_deliveries FINAL "
            "WHERE alert_id IN {ids:Array(String)} AND state NOT IN {never:Array(String)}",
            {"ids": [alert_id for _, alert_id in alerts], "never": [State.STALE, State.SUPPRESSED]},
        )
        found: dict[AlertKey, set[str]] = defaultdict(set)
        for tenant_id, alert_id, destination in rows:
            if (tenant_id, alert_id) in alerts:
                found[tenant_id, alert_id].add(destination)
        return found


def _row(delivery: Delivery) -> tuple[Any, ...]:
    message, origin = delivery.message, delivery.origin
    return (
        message.tenant_id,
        message.alert_id,
        message.event_id,
        delivery.destination,
        message.transition.value,
        message_json.dump(message),
        origin.topic,
        origin.partition,
        origin.offset,
        base64.b64encode(origin.key).decode(),
        base64.b64encode(origin.value).decode(),
        delivery.state.value,
        delivery.attempts,
        delivery.next_attempt,
        delivery.bundle,
        delivery.detail,
        delivery.created,
        delivery.updated,
        delivery.updated,
    )


def _of_row(row: Sequence[Any]) -> Delivery:
    value = dict(zip(_READ, row, strict=True))
    return Delivery(
        message=message_json.load(value["message"]),
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
        bundle=value["bundle"],
    )
