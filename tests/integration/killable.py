"""A service in a process of its own, so that a test can end it with SIGKILL."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from services.allinone.engines.ports import free_port
from services.common.settings import AuthSettings, ClickHouseSettings, KafkaSettings

ROOT = Path(__file__).resolve().parents[2]

_RUN = (
    "import sys; from services.common.host import key_ring, run; from services.allinone.services import SERVICES; "
    "e = SERVICES[sys.argv[1]]; s = e.load_settings(); k = key_ring(s); run(e.name, s, e.build(s, k), k)"
)


class KillableService:
    """`aifinops run SERVICE`, started and killed as often as a test likes."""

    def __init__(
        self, name: str, kafka: KafkaSettings, clickhouse: ClickHouseSettings, auth: AuthSettings, **more: Any
    ) -> None:
        self._name = name
        self._http_port = free_port()
        self.grpc_port = free_port()
        self._environment = os.environ | {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'proto' / 'gen'}",
            "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "AIFINOPS_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
            "AIFINOPS_KAFKA__SESSION_TIMEOUT_MS": str(kafka.session_timeout_ms),
            "AIFINOPS_CLICKHOUSE__URL": clickhouse.url,
            "AIFINOPS_CLICKHOUSE__DATABASE": clickhouse.database,
            "AIFINOPS_AUTH__SERVICE_KEY": auth.service_key.get_secret_value(),
            "AIFINOPS_AUTH__ADMIN_KEY": auth.admin_key.get_secret_value(),
            "AIFINOPS_AUTH__ADMIN_TENANT": auth.admin_tenant,
            "AIFINOPS_HTTP__HOST": "127.0.0.1",
            "AIFINOPS_HTTP__PORT": str(self._http_port),
            "AIFINOPS_GRPC__HOST": "127.0.0.1",
            "AIFINOPS_GRPC__PORT": str(self.grpc_port),
            "AIFINOPS_INGEST__OTLP_GRPC_PORT": "0",
            **{name: value if isinstance(value, str) else json.dumps(value) for name, value in more.items()},
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns once the process exists."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RUN, self._name, env=self._environment, cwd=ROOT,
            stderr=None if os.environ.get("AIFINOPS_TEST_LOGS") else asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def ready(self, seconds: float = 60) -> None:
        """Returns once it says that it is ready."""
        async with asyncio.timeout(seconds), httpx.AsyncClient() as client:
            while True:
                assert self._process is not None
                assert self._process.returncode is None, f"{self._name} ended with {self._process.returncode}"
                try:
                    answer = await client.get(f"http://127.0.0.1:{self._http_port}/readyz")
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL: nothing is drained."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM: drains and ends."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()
