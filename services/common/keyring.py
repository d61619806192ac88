"""The API keys a process knows: those of its settings, and those in ClickHouse, read again every second.

While ClickHouse is away the keys last read stay valid, so that ingest goes on accepting events.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from clickhouse_connect.driver.exceptions import ClickHouseError

from services.common import auth
from services.common.auth import ApiKey, Principal, Role
from services.common.clickhouse import ClickHouse
from services.common.clock import Clock, Micros, SystemClock
from services.common.component import Health
from services.common.errors import NotFoundError, UnauthenticatedError, UnavailableError
from services.common.log import get_logger
from services.common.settings import AuthSettings

log = get_logger(__name__)

_LOOKUP_SECONDS = 0.25

_COLUMNS = {
    "key_id": "String",
    "key_hash": "String",
    "tenant_id": "String",
    "role": "LowCardinality(String)",
    "name": "String",
    "created_at": "DateTime64(6, 'UTC')",
    "created_by": "String",
    "revoked": "UInt8",
    "version": "UInt64",
    "expires_at": "DateTime64(6, 'UTC')",
}
_VALID = (
    "SELECT key_id, key_hash, tenant_id, role, name, toUnixTimestamp64Micro(expires_at), version "
    "FROM api_keys FINAL WHERE revoked = 0"
)


class KeyRing:
    """Tells who presents a key. A component."""

    def __init__(self, settings: AuthSettings, clickhouse: ClickHouse, clock: Clock | None = None) -> None:
        self.name = "api keys"
        self._clickhouse = clickhouse
        self._clock = clock or SystemClock()
        self._refresh_seconds = settings.refresh_seconds
        self._fixed = {key.key_id: key for key in _keys_of(settings)}
        self._keys: dict[str, ApiKey] = dict(self._fixed)
        self._versions: dict[str, int] = {}
        self._changes = 0
        """Changes made here: what was read before one of them does not tell of it."""
        self._refreshing: asyncio.Task[None] | None = None
        self._trouble = "API keys not read yet: ClickHouse has not answered"
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
            UnavailableError: a key that may well be valid, while none could be read yet.
        """
        token = auth.bearer_token(authorization)
        try:
            return self._verified(token, acting_for)
        except UnauthenticatedError:
            # A key made a moment ago elsewhere is looked up at once; a flood of wrong keys is not passed on.
            now = time.monotonic()
            if self._trouble and auth.is_key(token):
                raise UnavailableError(self._trouble, retry_after_seconds=1) from None
            if self._trouble or now - self._last_lookup < _LOOKUP_SECONDS:
                raise
            self._last_lookup = now
        await self.refresh()
        return self._verified(token, acting_for)

    def _verified(self, token: str, acting_for: str) -> Principal:
        principal = auth.verify(token, self._keys, acting_for)
        if _expired(self._keys[principal.key_id], self._clock.now()):
            raise UnauthenticatedError("this API key has expired: use its successor")
        return principal

    # --- changes --------------------------------------------------------------------------------------------------

    async def create(self, tenant_id: str, role: Role, name: str, created_by: str) -> tuple[str, ApiKey]:
        """A new stored key and its text, which is not kept.

        Raises:
            InvalidArgumentError: what is no tenant id.
            UnavailableError: ClickHouse is away.
        """
        text, key = auth.new_api_key(tenant_id, role, name)
        await self._store(key, created_by, revoked=False)
        return text, key

    async def revoke(self, tenant_id: str, key_id: str, revoked_by: str) -> None:
        """Makes a key invalid: here at once, in other processes within `refresh_seconds`.

        Raises:
            NotFoundError: the tenant has no such key, or it is one of the settings'.
            UnavailableError: ClickHouse is away.
        """
        await self._store(await self._own(tenant_id, key_id), revoked_by, revoked=True)

    async def rotate(self, tenant_id: str, key_id: str, rotated_by: str, overlap: Micros = 0) -> tuple[str, ApiKey]:
        """A key in another's place, of the same tenant, role and name. The old one goes on for the `overlap`, so that
        whoever holds it can be given the new one in between; without an overlap it is revoked.

        Raises:
            NotFoundError, UnavailableError: see `revoke`.
        """
        old = await self._own(tenant_id, key_id)
        made = await self.create(old.tenant_id, old.role, old.name, rotated_by)
        if overlap > 0:
            ends = self._clock.now() + overlap
            sooner = min(ends, old.expires_at) if old.expires_at else ends
            await self._store(replace(old, expires_at=sooner), rotated_by, revoked=False)
        else:
            await self._store(old, rotated_by, revoked=True)
        return made

    def of_tenant(self, tenant_id: str) -> list[ApiKey]:
        """The tenant's valid keys, without the platform's own."""
        return [key for key in self.all() if key.tenant_id == tenant_id]

    def all(self) -> list[ApiKey]:
        """The valid keys of every tenant, without the platform's own."""
        now = self._clock.now()
        keys = [k for k in self._keys.values() if k.role is not Role.SERVICE and not _expired(k, now)]
        return sorted(keys, key=lambda key: (key.tenant_id, key.name, key.key_id))

    async def _own(self, tenant_id: str, key_id: str) -> ApiKey:
        await self.refresh()
        key = self._keys.get(key_id)
        if key is None or key.tenant_id != tenant_id or key_id in self._fixed:
            raise NotFoundError(f"no API key {key_id!r} that can be changed here")
        return key

    async def _store(self, key: ApiKey, by: str, *, revoked: bool) -> None:
        """Writes a key's state, and takes it on here. Clocks differ between machines, so its version is higher than the
        last one and not merely later."""
        now = self._clock.now()
        version = max(now, self._versions.get(key.key_id, 0) + 1)
        row = [key.key_id, key.key_hash, key.tenant_id, key.role.value, key.name, now, by, int(revoked), version,
               key.expires_at]  # fmt: skip
        await self._clickhouse.insert(
            "api_keys", list(_COLUMNS), [[value] for value in row], column_types=list(_COLUMNS.values())
        )
        self._changes += 1
        self._versions[key.key_id] = version
        if revoked:
            self._keys.pop(key.key_id, None)
        else:
            self._keys[key.key_id] = key

    # --- reading --------------------------------------------------------------------------------------------------

    async def _refresh_forever(self) -> None:
        while True:
            try:
                await self.refresh()
            except (UnavailableError, ClickHouseError) as error:
                log.warning("API keys not refreshed", error=str(error))
            await asyncio.sleep(self._refresh_seconds)

    async def refresh(self) -> None:
        """Reads the stored keys.

        Raises:
            UnavailableError: ClickHouse is away; those read before stay valid.
            ClickHouseError: it refuses; the schema is older than this process.
        """
        changes = self._changes
        rows = await self._clickhouse.query(_VALID)
        if changes != self._changes:
            return  # Asked before a change of ours, which the answer may lack.
        stored = {row[0]: ApiKey(row[0], row[1], row[2], Role(row[3]), row[4], row[5]) for row in rows}
        self._versions = {row[0]: row[6] for row in rows}
        self._keys = {**stored, **self._fixed}
        self._trouble = ""


def _expired(key: ApiKey, now: Micros) -> bool:
    return 0 < key.expires_at <= now


def _keys_of(settings: AuthSettings) -> list[ApiKey]:
    keys = [auth.known_api_key(settings.service_key.get_secret_value(), "aifinops", Role.SERVICE, "service")]
    if settings.admin_key.get_secret_value():
        keys.append(
            auth.known_api_key(settings.admin_key.get_secret_value(), settings.admin_tenant, Role.ADMIN, "first admin")
        )
    return keys
