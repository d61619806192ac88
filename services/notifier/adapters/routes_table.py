"""The table `alert_routes`: the last row of a route counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from finops.notification.v1 import notification_pb2 as pb
from google.protobuf.json_format import MessageToJson, Parse

from services.common.clickhouse import ClickHouse
from services.common.log import get_logger
from services.notifier.adapters.sealing import Sealer, SealError
from services.notifier.domain.receivers import Secrets
from services.notifier.handlers.ports import StoredRoute

log = get_logger(__name__)

_COLUMNS = {
    "tenant_id": "String",
    "route_id": "String",
    "definition": "String",
    "secrets": "String",
    "deleted": "UInt8",
    "version": "UInt64",
}
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM alert_routes FINAL "  # noqa: S608 - column names of ours


class RouteTable:
    """Routes; their receivers' secrets sealed."""

    def __init__(self, clickhouse: ClickHouse, sealer: Sealer) -> None:
        self._clickhouse = clickhouse
        self._sealer = sealer

    async def fingerprint(self) -> object:
        rows = await self._clickhouse.query(
            "SELECT count(), max(version), groupBitXor(cityHash64(tenant_id, route_id, version)) "
            "FROM alert_routes FINAL"
        )
        return tuple(rows[0])

    async def load(self) -> Sequence[StoredRoute]:
        return [self._of_row(row) for row in await self._clickhouse.query(_SELECT + "WHERE deleted = 0")]

    async def find(self, tenant_id: str, route_id: str) -> StoredRoute | None:
        rows = await self._clickhouse.query(
            _SELECT + "WHERE tenant_id = {tenant:String} AND route_id = {route:String}",
            {"tenant": tenant_id, "route": route_id},
        )
        return self._of_row(rows[0]) if rows else None

    async def save(self, route: StoredRoute) -> None:
        secrets = orjson.dumps({name: dict(values) for name, values in route.secrets.items()}).decode()
        row = [
            route.tenant_id,
            route.route_id,
            MessageToJson(route.definition, indent=None),
            self._sealer.seal(secrets, _context(route.tenant_id, route.route_id)),
            int(route.deleted),
            route.version,
        ]
        await self._clickhouse.insert(
            "alert_routes", list(_COLUMNS), [[value] for value in row], column_types=list(_COLUMNS.values())
        )

    def _of_row(self, row: Sequence[Any]) -> StoredRoute:
        tenant_id, route_id, definition, sealed, deleted, version = row
        parsed = Parse(definition, pb.Route(), ignore_unknown_fields=True)
        return StoredRoute(
            tenant_id, route_id, parsed, self._secrets(tenant_id, route_id, sealed), version, bool(deleted)
        )

    def _secrets(self, tenant_id: str, route_id: str, sealed: str) -> Secrets:
        try:
            secrets: Secrets = orjson.loads(self._sealer.open(sealed, _context(tenant_id, route_id)))
        except SealError as error:
            # The route still shows; its messages fail, and say so.
            log.error("a route's secrets cannot be read", tenant=tenant_id, route=route_id, error=str(error))
            return {}
        return secrets


def _context(tenant_id: str, route_id: str) -> str:
    return f"{tenant_id}/{route_id}"
