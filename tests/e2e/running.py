"""The whole platform as processes, the way a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from services.allinone.engines.ports import free_port
from services.allinone.services import SERVICES
from services.common import auth
from services.common.auth import Role
from services.common.settings import ClickHouseSettings, KafkaSettings

AIFINOPS = [sys.executable, "-m", "services.allinone.cli"]


def eventually(read: Callable[[], Any], expected: Callable[[Any], bool], seconds: float = 60) -> Any:
    """Reads until the answer is as expected; the last answer is in the failure."""
    deadline, pause = time.monotonic() + seconds, 0.1
    while True:
        try:
            answer = read()
            if expected(answer):
                return answer
        except httpx.HTTPError as error:
            answer = error
        if time.monotonic() > deadline:
            raise AssertionError(f"still not as expected after {seconds:.0f} s: {answer!r}")
        time.sleep(pause)
        pause = min(0.5, 1.2 * pause)  # Whoever asks takes time of those who are to bring it about.


class Client:
    """A user's HTTP client."""

    def __init__(self, url: str, key: str, tenant: str = "") -> None:
        self.url = url
        self.key = key
        self.tenant = tenant
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False)

    def send(self, events: Any, path: str = "/v1/events", **headers: str) -> dict[str, Any]:
        """Posts events and asserts that all were accepted."""
        answer = self.http.post(path, json=events, headers=headers)
        assert answer.status_code == 202, (answer.status_code, answer.text)
        body: dict[str, Any] = answer.json()
        assert body["rejected"] == [], body
        return body

    def costs(self, **parameters: str) -> list[dict[str, Any]]:
        answer = self.http.get("/api/v1/costs", params=parameters)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: tuple[int, ...] = (200, 201)) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code in status, (answer.status_code, answer.text)
        return answer.json()

    def close(self) -> None:
        self.http.close()


class Cluster:
    """Services as processes against an external Kafka and ClickHouse: what `helm install` makes, on one machine."""

    def __init__(
        self,
        folder: Path,
        kafka: KafkaSettings,
        clickhouse: ClickHouseSettings,
        groups: tuple[tuple[str, ...], ...] = (tuple(SERVICES),),
        **more: str,
    ) -> None:
        self._folder = folder
        self.admin_key, _ = auth.new_api_key("acme", Role.ADMIN, "admin")
        self.service_key, _ = auth.new_api_key("aifinops", Role.SERVICE, "service")
        self.groups = groups
        self._ports = {group: (free_port(), free_port()) for group in groups}
        self._processes: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        owner = {name: group for group in groups for name in group}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")},
            "AIFINOPS_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "AIFINOPS_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
            "AIFINOPS_KAFKA__PARTITIONS": str(kafka.partitions),
            "AIFINOPS_KAFKA__SESSION_TIMEOUT_MS": str(kafka.session_timeout_ms),
            "AIFINOPS_KAFKA__REBALANCE_TIMEOUT_MS": str(kafka.rebalance_timeout_ms),
            "AIFINOPS_CLICKHOUSE__URL": clickhouse.url,
            "AIFINOPS_CLICKHOUSE__DATABASE": clickhouse.database,
            "AIFINOPS_AUTH__SERVICE_KEY": self.service_key,
            "AIFINOPS_AUTH__ADMIN_KEY": self.admin_key,
            "AIFINOPS_AUTH__ADMIN_TENANT": "acme",
            "AIFINOPS_INGEST__JOURNAL_DIR": str(folder / "journal"),
            "AIFINOPS_HTTP__HOST": "127.0.0.1",
            "AIFINOPS_GRPC__HOST": "127.0.0.1",
            "AIFINOPS_INGEST__OTLP_GRPC_PORT": "0",
            **{
                f"AIFINOPS_PEERS__{name.upper()}": f"127.0.0.1:{self._ports[owner[name]][1]}"
                for name in owner
                if SERVICES[name].grpc_services
            },
            **more,
        }

    def http(self, service: str) -> str:
        return f"http://127.0.0.1:{self._ports[self._group(service)][0]}"

    def grpc(self, service: str) -> str:
        return f"127.0.0.1:{self._ports[self._group(service)][1]}"

    def _group(self, service: str) -> tuple[str, ...]:
        return next(group for group in self.groups if service in group)

    def prepare(self) -> None:
        """`aifinops topics` and `aifinops migrate`, as the chart's jobs run them."""
        for command in ("topics", "migrate"):
            subprocess.run([*AIFINOPS, command], env=self.environment, check=True, capture_output=True, timeout=120)

    def start(self, *groups: tuple[str, ...]) -> None:
        for group in groups or self.groups:
            http, grpc = self._ports[group]
            environment = {
                **self.environment,
                "AIFINOPS_HTTP__PORT": str(http),
                "AIFINOPS_GRPC__PORT": str(grpc),
            }
            self._folder.mkdir(parents=True, exist_ok=True)
            with self.log(group).open("ab") as output:
                self._processes[group] = subprocess.Popen(
                    [*AIFINOPS, "run", *group], env=environment, stdout=output, stderr=output
                )

    def log(self, group: tuple[str, ...]) -> Path:
        return self._folder / f"{'+'.join(group)[:40]}.log"

    def ready(self, seconds: float = 90) -> None:
        """Waits until every process says it is ready."""
        for group in self.groups:
            url = f"http://127.0.0.1:{self._ports[group][0]}/readyz"
            try:
                eventually(lambda url=url: httpx.get(url, trust_env=False), lambda a: a.status_code == 200, seconds)
            except AssertionError as error:
                raise AssertionError(f"{group}: {error}\n{self.log(group).read_text()[-4000:]}") from None

    def kill(self, *groups: tuple[str, ...]) -> None:
        """SIGKILL."""
        for group in groups or self.groups:
            self._processes[group].kill()
            self._processes[group].wait()

    def stop(self) -> Mapping[tuple[str, ...], int]:
        """SIGTERM, and the exit codes."""
        for process in self._processes.values():
            process.terminate()
        codes = {}
        for group, process in self._processes.items():
            try:
                codes[group] = process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[group] = process.wait()
        self._processes = {}
        return codes

    def client(self, key: str = "", tenant: str = "acme") -> Client:
        """A client of a cluster whose console and ingest share a process."""
        return Client(self.http("console"), key or self.admin_key, tenant)


class Up:
    """`aifinops up --json` in a process of its own."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        ports = ["--http-port", "0", "--grpc-port", "0", "--otlp-port", "0"]
        command = [*AIFINOPS, "up", "--json", "--data", str(data), *ports, *options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIFINOPS_")}
        data.mkdir(parents=True, exist_ok=True)
        self._errors = (data / "up.log").open("ab")
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"aifinops up ended: {self.process.wait()}\n{(data / 'up.log').read_text()[-4000:]}")
        self.addresses: dict[str, str] = json.loads(line)

    def client(self) -> Client:
        return Client(self.addresses["http"], self.addresses["key"])

    def __enter__(self) -> Up:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(60)
        self._errors.close()
        return code

    def kill(self) -> None:
        """SIGKILL of the parent; its children end with it."""
        self.process.kill()
        self.process.wait()
        self._errors.close()


def children_left(data: Path) -> list[str]:
    """Commands of processes that still run on this folder."""
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if any(str(data) in part for part in process.info["cmdline"] or ())
    ]
