"""The API keys a process knows: those of its settings, and those in ClickHouse, read again every few seconds.

While ClickHouse is away the keys last read stay valid, so that ingest goes on accepting events.
"""

from __future__ import annotations

import asyncio
import time

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.common import auth
from services.common.auth import ApiKey, Principal, Role
from services.common.clickhouse import ClickHouse
from services.common.clock import Clock, SystemClock
from services.common.component import Health
from services.common.errors import NotFoundError, UnauthenticatedError, UnavailableError
from services.common.log import get_logger
from services.common.settings import AuthSettings

log = get_logger(__name__)

_LOOKUP_SECONDS = 0.25

_COLUMNS = ["key_id", "key_hash", "tenant_id", "role", "name", "created_at", "created_by", "revoked", "version"]
_TYPES = ["String", "String", "String", "LowCardinality(String)", "String", "DateTime64(6, 'UTC')", "String",
          "UInt8", "UInt64"]  # fmt: skip


class KeyRing:
    """Tells who presents a key. A component."""

    def __init__(self, settings: AuthSettings, clickhouse: ClickHouse, clock: Clock | None = None) -> None:
        self.name = "api keys"
        self._clickhouse = clickhouse
        self._clock = clock or SystemClock()
        self._refresh_seconds = settings.refresh_seconds
        self._fixed = {key.key_id: key for key in _keys_of(settings)}
        self._keys: dict[str, ApiKey] = dict(self._fixed)
        self._refreshing: asyncio.Task[None] | None = None
        self._trouble = "API keys not read yet"
        self._last_lookup = 0.0

    async def start(self) -> None:
        await self._clickhouse.start()
        self._refreshing = asyncio.create_task(self._refresh_forever())

    async def stop(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
        await self._clickhouse.stop()

    def health(self) -> Health:
        return Health(ready=not self._trouble, detail=self._trouble)

    async def authenticate(self, authorization: str | None, acting_for: str = "") -> Principal:
        """Who sent this `Authorization` header.

        Raises:
            UnauthenticatedError, PermissionDeniedError: see `auth.verify`.
        """
        token = auth.bearer_token(authorization)
        try:
            return auth.verify(token, self._keys, acting_for)
        except UnauthenticatedError:
            # A key made a moment ago elsewhere is looked up at once; a flood of wrong keys is not passed on.
            now = time.monotonic()
            if self._trouble or now - self._last_lookup < _LOOKUP_SECONDS:
                raise
            self._last_lookup = now
        await self._refresh()
        return auth.verify(token, self._keys, acting_for)

    async def create(self, tenant_id: str, role: Role, name: str, created_by: str) -> tuple[str, ApiKey]:
        """A new stored key and its text, which is not kept."""
        text, key = auth.new_api_key(tenant_id, role, name)
        await self._store(key, created_by, revoked=False)
        self._keys[key.key_id] = key
        return text, key

    async def revoke(self, tenant_id: str, key_id: str, revoked_by: str) -> None:
        """Makes a key invalid: here at once, in other processes within `refresh_seconds`.

        Raises:
            NotFoundError: the tenant has no such key, or it is one of the settings'.
        """
        key = self._keys.get(key_id)
        if key is None or key.tenant_id != tenant_id or key_id in self._fixed:
            raise NotFoundError(f"no API key {key_id!r} that can be revoked here")
        await self._store(key, revoked_by, revoked=True)
        self._keys.pop(key_id, None)

    def of_tenant(self, tenant_id: str) -> list[ApiKey]:
        """The tenant's valid keys, without the platform's own."""
        keys = [k for k in self._keys.values() if k.tenant_id == tenant_id and k.role is not Role.SERVICE]
        return sorted(keys, key=lambda key: (key.name, key.key_id))

    async def _store(self, key: ApiKey, by: str, *, revoked: bool) -> None:
        now = self._clock.now()
        row = [key.key_id, key.key_hash, key.tenant_id, key.role.value, key.name, now, by, int(revoked), now]
        await self._clickhouse.insert("api_keys", _COLUMNS, [[value] for value in row], column_types=_TYPES)

    async def _refresh_forever(self) -> None:
        while True:
            try:
                await self._refresh()
            except (UnavailableError, ClickHouseError) as error:
                log.warning("API keys not refreshed", error=str(error))
            await asyncio.sleep(self._refresh_seconds)

    async def _refresh(self) -> None:
        rows = await self._clickhouse.query(
            "SELECT key_id, key_hash, tenant_id, role, name FROM api_keys FINAL WHERE revoked = 0"
        )
        stored = {r[0]: ApiKey(r[0], r[1], r[2], Role(r[3]), r[4]) for r in rows}
        self._keys = {**stored, **self._fixed}
        self._trouble = ""


def _keys_of(settings: AuthSettings) -> list[ApiKey]:
    keys = [auth.known_api_key(settings.service_key.get_secret_value(), "aifinops", Role.SERVICE, "service")]
    if settings.admin_key.get_secret_value():
        keys.append(
            auth.known_api_key(settings.admin_key.get_secret_value(), settings.admin_tenant, Role.ADMIN, "first admin")
        )
    return keys
