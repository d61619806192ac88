"""A console over peers with data in memory, in this process or as one of its own.

`python -m tests.e2e.console_backend --clickhouse URL` prints one line `{"http": url, "keys": {tenant: {role: key}}}`.
Tenant `acme` has an organisation, `globex` a smaller one, `newco` nothing yet.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable

from pydantic import SecretStr

from services.allinone.engines.ports import free_port
from services.common import auth
from services.common.auth import Role
from services.common.clickhouse import migrate
from services.common.host import Host, key_ring
from services.common.settings import (
    AuthSettings,
    ClickHouseSettings,
    GrpcSettings,
    HttpSettings,
    KafkaSettings,
    PeerSettings,
)
from services.console.app import build
from services.console.settings import ConsoleOptions, ConsoleSettings
from tests.e2e.console_peers import World, peers
from tests.e2e.console_peers.notifier import begin


class Running:
    """A console and its peers in this process. `keys[tenant][role]` are API keys."""

    def __init__(self, clickhouse: ClickHouseSettings, http_port: int = 0, refresh_seconds: float = 1.0) -> None:
        self.world = World()
        service_key, _ = auth.new_api_key("aifinops", Role.SERVICE, "service")
        admin_key, _ = auth.new_api_key("acme", Role.ADMIN, "first admin")
        grpc_port = free_port()
        target = f"127.0.0.1:{grpc_port}"
        self._settings = ConsoleSettings(
            kafka=KafkaSettings(bootstrap_servers="unused:9092"),
            clickhouse=clickhouse,
            auth=AuthSettings(
                service_key=SecretStr(service_key),
                admin_key=SecretStr(admin_key),
                admin_tenant="acme",
                refresh_seconds=0.5,
            ),
            grpc=GrpcSettings(host="127.0.0.1", port=grpc_port),
            http=HttpSettings(host="127.0.0.1", port=http_port),
            peers=PeerSettings(
                pricing=target,
                ledger=target,
                budget=target,
                anomaly=target,
                optimizer=target,
                governance=target,
                notifier=target,
            ),
            console=ConsoleOptions(refresh_seconds=refresh_seconds),
        )
        self.keyring = key_ring(self._settings)
        self.host = Host(
            "console", self._settings, [build(self._settings, self.keyring), peers(self.world)], self.keyring
        )
        self.keys: dict[str, dict[str, str]] = {"acme": {"admin": admin_key}, "aifinops": {"service": service_key}}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.host.http.port}"

    async def start(self) -> None:
        await migrate(self._settings.clickhouse, ["services.common.migrations"])
        await self.host.start()
        await begin(self.world.notifier)
        for tenant in ("acme", "globex", "newco"):
            for role in (Role.ADMIN, Role.EDITOR, Role.VIEWER, Role.INGEST):
                if role.value not in self.keys.setdefault(tenant, {}):
                    text, _ = await self.keyring.create(tenant, role, f"{tenant} {role.value}", "tests")
                    self.keys[tenant][role.value] = text

    async def stop(self) -> None:
        await self.host.stop()


async def _serve(url: str, database: str, port: int) -> None:
    running = Running(ClickHouseSettings(url=url, database=database), port)
    await running.start()
    print(json.dumps({"http": running.url, "keys": running.keys}), flush=True)
    never: Awaitable[None] = asyncio.Event().wait()  # type: ignore[assignment]
    await never


def main() -> None:
    """Serves until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clickhouse", required=True)
    parser.add_argument("--database", default="console_tests")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.clickhouse, arguments.database, arguments.port))


if __name__ == "__main__":
    main()
