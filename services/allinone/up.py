"""`aifinops up`: the engines, then every service, in this process or each in its own, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from services.allinone import settings as machine
from services.allinone.engines.embedded import EmbeddedBroker, EmbeddedClickHouse
from services.allinone.engines.ports import free_port
from services.allinone.engines.processes import ChildProcess, EngineError
from services.allinone.gateway import GrpcGateway
from services.allinone.services import MIGRATIONS, SERVICES
from services.common import log, tracing
from services.common.clickhouse import migrate
from services.common.host import Host, key_ring
from services.common.kafka.topics import create_topics
from services.common.listening import PortTakenError, listen
from services.common.settings import LogLevel, ServiceSettings, TelemetrySettings, load

logger = log.get_logger(__name__)

LOOPBACK = "127.0.0.1"
OTLP_PORT = 4317
EVERY_NETWORK = "0.0.0.0"  # noqa: S104 - compared with, not listened on unless the user says so


class DataFolderBusyError(RuntimeError):
    """Another `aifinops up` runs on this folder."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    data: Path
    host: str = LOOPBACK
    http_port: int = 8080
    grpc_port: int = 50051
    processes: bool = False
    otlp_port: int | None = None
    """None: OTLP_PORT, or a free one where that is taken."""
    log_level: LogLevel = "WARNING"


@dataclass(frozen=True)
class Running:
    """Where everything is."""

    http: str
    grpc: str
    otlp: str
    """OTLP over gRPC; over HTTP it is at `http`."""
    key: str
    kafka: str
    clickhouse: str
    data: Path


class _Fleet(Protocol):
    """The services, however they run."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def ready(self) -> bool: ...
    def troubles(self) -> str: ...


async def up(options: Options, once_ready: Callable[[Running], Awaitable[None]]) -> None:
    """Runs until SIGINT or SIGTERM. A broker that dies takes its log with it: everything starts again on a new one,
    and the journal and the ledger fill it in.

    Raises:
        DataFolderBusyError, PortTakenError, EngineError: see there.
    """
    log.configure(TelemetrySettings(log_level=options.log_level), "up")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    with _locked(options.data):
        told = False
        while not stopping.is_set():
            async with _engines(options) as (broker, clickhouse, environment, running):
                fleet: _Fleet = _Processes(environment, options) if options.processes else _InProcess(environment)
                try:
                    await fleet.start()
                    await _until_ready(fleet, stopping)
                    if not stopping.is_set() and not told:
                        await once_ready(running)
                        told = True
                    await _watch(broker, clickhouse, stopping)
                finally:
                    await fleet.stop()


async def _until_ready(fleet: _Fleet, stopping: asyncio.Event, timeout_seconds: float = 120) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not stopping.is_set() and not await fleet.ready():
        if time.monotonic() > deadline:
            raise EngineError(f"not ready after {timeout_seconds:.0f} s: {fleet.troubles()}")
        await asyncio.sleep(0.1)


async def _watch(broker: EmbeddedBroker, clickhouse: EmbeddedClickHouse, stopping: asyncio.Event) -> None:
    """Returns when asked to stop, or when the broker died."""
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 0.5)
        if stopping.is_set():
            return
        if not clickhouse.process.running():
            logger.error("embedded ClickHouse ended; starting it again", output=clickhouse.process.last_output()[-500:])
            await clickhouse.start()
        if not broker.process.running():
            logger.error("embedded broker ended; starting everything again on a new log")
            return


@contextlib.contextmanager
def _locked(data: Path) -> Iterator[None]:
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderBusyError(f"another `aifinops up` runs on {data}: stop it, or choose --data DIR") from None
        yield


@contextlib.asynccontextmanager
async def _engines(
    options: Options,
) -> AsyncIterator[tuple[EmbeddedBroker, EmbeddedClickHouse, dict[str, str], Running]]:
    """The two engines, with topics and tables made."""
    data, logs = options.data, options.data / "logs"
    shutil.rmtree(data / "broker", ignore_errors=True)
    broker = EmbeddedBroker(data / "broker", logs)
    clickhouse = EmbeddedClickHouse(data / "clickhouse", logs)
    try:
        await asyncio.gather(broker.start(), clickhouse.start())
        keys = machine.Keys.of(data)
        http, grpc = _port(options.host, options.http_port), _port(options.host, options.grpc_port)
        otlp = otlp_port(options)
        shared = machine.environment(data, broker, clickhouse, keys, log_level=options.log_level)
        reached_at = LOOPBACK if options.host == EVERY_NETWORK else options.host
        shared |= machine.ports(options.host, http, options.host, grpc) | machine.otlp(options.host, otlp)
        shared |= {"AIFINOPS_CONNECTORS__INGEST_URL": f"http://{reached_at}:{http}"}
        shared |= machine.peers({name: f"{LOOPBACK}:{grpc}" for name in SERVICES if SERVICES[name].grpc_services})
        os.environ.update(shared)
        common = load(ServiceSettings)
        await create_topics(common.kafka)
        await migrate(common.clickhouse, MIGRATIONS)
        running = Running(
            http=f"http://{reached_at}:{http}",
            grpc=f"{reached_at}:{grpc}",
            otlp=f"http://{reached_at}:{otlp}",
            key=keys.admin,
            kafka=broker.bootstrap_servers,
            clickhouse=clickhouse.url,
            data=data,
        )
        machine.announce(data, shared)
        yield broker, clickhouse, shared, running
    finally:
        await broker.stop()
        await clickhouse.stop()


def _port(host: str, wanted: int) -> int:
    if wanted == 0:
        return free_port()
    listen(host, wanted, "choose another, or 0").close()
    return wanted


def otlp_port(options: Options) -> int:
    """A collector often runs on OTLP_PORT already; that is no reason not to start, unless the port was asked for."""
    if options.otlp_port is not None:
        return _port(options.host, options.otlp_port)
    try:
        return _port(options.host, OTLP_PORT)
    except PortTakenError:
        found = free_port()
        logger.warning(f"port {OTLP_PORT} is taken: OTLP over gRPC listens on {found} instead", host=options.host)
        return found


class _InProcess:
    """Every service in this event loop."""

    def __init__(self, environment: dict[str, str]) -> None:
        os.environ.update(environment)
        common = load(ServiceSettings)
        tracing.configure(common.telemetry, "allinone")
        keyring = key_ring(common)
        services = [entry.build(entry.load_settings(), keyring) for entry in SERVICES.values() if entry.wanted()]
        self._host = Host("allinone", common, services, keyring)

    async def start(self) -> None:
        await self._host.start()

    async def stop(self) -> None:
        await self._host.stop()

    async def ready(self) -> bool:
        return self._host.ready()

    def troubles(self) -> str:
        checks = self._host.checks()
        return "; ".join(f"{name}: {health.detail}" for name, health in checks.items() if not health.ready)


@dataclass
class _Child:
    services: tuple[str, ...]
    http_port: int
    grpc_port: int
    process: ChildProcess
    restarts: int = 0


class _Processes:
    """Each service in its own process, started again when it ends. Ingest and console share one, since they share the
    HTTP port; a gateway joins the gRPC ports."""

    def __init__(self, environment: dict[str, str], options: Options) -> None:
        self._logs = options.data / "logs"
        http = int(environment["AIFINOPS_HTTP__PORT"])
        grpc = int(environment["AIFINOPS_GRPC__PORT"])
        alone = [name for name in SERVICES if name not in ("ingest", "console") and SERVICES[name].wanted()]
        groups = [("ingest", "console"), *((name,) for name in alone)]
        ports = {group: (http if "console" in group else free_port(), free_port()) for group in groups}
        targets = {
            name: f"{LOOPBACK}:{ports[group][1]}" for group in groups for name in group if SERVICES[name].grpc_services
        }
        self._children = []
        for group in groups:
            group_http, group_grpc = ports[group]
            host = options.host if "console" in group else LOOPBACK
            env = {**os.environ, **environment, **machine.peers(targets)}
            env |= machine.ports(host, group_http, LOOPBACK, group_grpc)
            command = [sys.executable, "-m", "services.allinone.cli", "run", *group]
            name, niceness = "+".join(group), min(SERVICES[member].niceness for member in group)
            process = ChildProcess(name, command, self._logs / f"{name}.log", env, niceness=niceness)
            self._children.append(_Child(group, group_http, group_grpc, process))
        self._gateway = GrpcGateway(
            options.host, grpc, {g: targets[name] for name in targets for g in SERVICES[name].grpc_services}
        )
        self._supervising: asyncio.Task[None] | None = None
        self._waiting_for: list[str] = []

    async def start(self) -> None:
        for child in self._children:
            child.process.spawn()
        await self._gateway.start()
        self._supervising = asyncio.create_task(self._supervise())

    async def _supervise(self) -> None:
        while True:
            for child in self._children:
                if not child.process.running():
                    child.restarts += 1
                    logger.error("service ended; starting it again", service=child.process.name, times=child.restarts)
                    await asyncio.sleep(min(5.0, 0.2 * child.restarts))
                    child.process.spawn()
            await asyncio.sleep(0.2)

    async def stop(self) -> None:
        if self._supervising is not None:
            self._supervising.cancel()
        await asyncio.gather(*(child.process.stop() for child in self._children))
        await self._gateway.stop()

    async def ready(self) -> bool:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            self._waiting_for = []
            for child in self._children:
                try:
                    answer = await client.get(f"http://{LOOPBACK}:{child.http_port}/readyz")
                    if answer.status_code != 200:
                        self._waiting_for.append(f"{child.process.name}: {answer.text}")
                except httpx.HTTPError:
                    self._waiting_for.append(f"{child.process.name}: {child.process.last_output()[-300:]}")
        return not self._waiting_for

    def troubles(self) -> str:
        return "; ".join(self._waiting_for)
