"""A port that cannot be had is said in one line: which, why, and what to set."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.auth import Role, new_api_key
from services.common.component import Component
from services.common.grpc.server import GrpcServer
from services.common.host import key_ring
from services.common.http.server import HttpServer
from services.common.listening import PortTakenError, listen
from services.common.settings import GrpcSettings, HttpSettings, ServiceSettings, load

LOOPBACK = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def environment() -> dict[str, str]:
    """Of a process whose Kafka and ClickHouse are away."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")},
        "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": f"{LOOPBACK}:1",
        "AIFINOPS_CLICKHOUSE__URL": f"http://{LOOPBACK}:1",
        "AIFINOPS_AUTH__SERVICE_KEY": new_api_key("any", Role.SERVICE, "test")[0],
        "AIFINOPS_AUTH__ADMIN_KEY": new_api_key("acme", Role.ADMIN, "test")[0],
        "AIFINOPS_GRPC__HOST": LOOPBACK,
        "AIFINOPS_GRPC__PORT": "0",
        "AIFINOPS_HTTP__HOST": LOOPBACK,
        "AIFINOPS_HTTP__PORT": "0",
    }


def test_the_error_says_which_port_why_and_what_to_do(taken: int) -> None:
    with pytest.raises(PortTakenError) as caught:
        listen(LOOPBACK, taken, "choose another")
    assert str(caught.value) == f"port {taken} on {LOOPBACK} cannot be used (Address already in use): choose another"
    with pytest.raises(PortTakenError, match=r"port 0 on no\.such\.host\.invalid cannot be used"):
        listen("no.such.host.invalid", 0, "choose another")


@pytest.mark.parametrize("host", [LOOPBACK, "[::1]"])
def test_it_listens(host: str) -> None:
    if "::" in host and not Path("/proc/net/if_inet6").exists():
        pytest.skip("needs IPv6")
    with listen(host, 0, "") as server:
        socket.create_connection((host.strip("[]"), server.getsockname()[1]), timeout=5).close()


@pytest.mark.parametrize("kind", ["http", "grpc"])
async def test_servers_name_their_setting(
    kind: str, taken: int, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    keyring = key_ring(load(ServiceSettings))
    server: Component = (
        HttpServer(HttpSettings(host=LOOPBACK, port=taken), [], None, dict)
        if kind == "http"
        else GrpcServer(GrpcSettings(host=LOOPBACK, port=taken), [], keyring)
    )
    with pytest.raises(PortTakenError, match=f"port {taken} on {LOOPBACK} .*AIFINOPS_{kind.upper()}__PORT"):
        await server.start()
    assert not server.health().ready


@pytest.mark.parametrize(
    ("service", "setting"),
    [
        ("budget", "AIFINOPS_HTTP__PORT"),
        ("budget", "AIFINOPS_GRPC__PORT"),
        ("ingest", "AIFINOPS_INGEST__OTLP_GRPC_PORT"),
    ],
)
def test_a_process_ends_with_one_line(
    service: str, setting: str, taken: int, environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {"AIFINOPS_INGEST__JOURNAL_DIR": str(tmp_path / "journal"), setting: str(taken)}
    command = [sys.executable, "-m", "services.allinone.cli", "run", service]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if "cannot be used" in line] == [
        f"aifinops: port {taken} on {LOOPBACK} cannot be used (Address already in use): "
        f"set {setting} to a free port, or end what listens there"
    ]
