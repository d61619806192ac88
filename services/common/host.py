"""Runs services in one process: one gRPC port, one HTTP port, their components, and a clean end."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from services.common import log, tracing
from services.common.clickhouse import ClickHouse
from services.common.component import Component, Health, Service
from services.common.grpc.server import GrpcServer
from services.common.http.server import HttpServer
from services.common.keyring import KeyRing
from services.common.settings import ServiceSettings

logger = log.get_logger(__name__)

_FEW_PAUSES = (50_000, 20, 50)
"""Batches of messages make many objects that live briefly and hold no cycles; the default (700) looks for cycles
thousands of times a second."""
_BRIEF_PAUSES = (5_000, 20, 50)
"""To look through 50,000 objects takes ten milliseconds and more, in which nobody is answered."""


class Host:
    """The services of one process, and what they share: the key ring and the two servers."""

    def __init__(self, name: str, settings: ServiceSettings, services: Sequence[Service], keyring: KeyRing) -> None:
        self._name = name
        self._prompt = any(service.prompt for service in services)
        self.grpc = GrpcServer(settings.grpc, [g for s in services for g in s.grpc], keyring)
        web = next((service.web for service in services if service.web is not None), None)
        self.http = HttpServer(settings.http, [r for s in services for r in s.routes], web, self.checks)
        # Servers answer first, so that services in one process reach each other while their consumers start.
        self._components: list[Component] = [
            keyring,
            self.grpc,
            self.http,
            *(component for service in services for component in service.components),
        ]
        self._started: list[Component] = []

    def checks(self) -> Mapping[str, Health]:
        """The health of each component, by name."""
        return {component.name: component.health() for component in self._components}

    def ready(self) -> bool:
        """True once everything can serve."""
        return all(health.ready and health.alive for health in self.checks().values())

    async def start(self) -> None:
        for component in self._components:
            await component.start()
            self._started.append(component)
        # What is there now stays: cycles are never looked for in it again.
        gc.freeze()
        if self._prompt:
            gc.set_threshold(*_BRIEF_PAUSES)
        logger.info("started", host=self._name, http_port=self.http.port, grpc_port=self.grpc.port)

    async def stop(self) -> None:
        """Stops in the reverse order; consumers drain before the servers they call go away."""
        for component in reversed(self._started):
            try:
                async with asyncio.timeout(30):
                    await component.stop()
            except Exception as error:
                logger.error("did not stop cleanly", component=component.name, exc_info=error)
        self._started = []
        logger.info("stopped", host=self._name)


async def run_until_signal(host: Host, once_started: Callable[[], Awaitable[None]] | None = None) -> None:
    """Starts the host, serves until SIGINT or SIGTERM, stops it."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        await host.start()
        if once_started is not None:
            await once_started()
        await stopping.wait()
    finally:
        await host.stop()


def key_ring(settings: ServiceSettings) -> KeyRing:
    """The process's key ring."""
    return KeyRing(settings.auth, ClickHouse(settings.clickhouse))


def run(name: str, settings: ServiceSettings, service: Service, keyring: KeyRing) -> None:
    """Runs one service as a process."""
    log.configure(settings.telemetry, name)
    tracing.configure(settings.telemetry, name)
    host = Host(name, settings, [service], keyring)
    run_loop(run_until_signal(host))


def collect_seldom() -> None:
    """Lets garbage lie longer: batches of messages make many objects that live briefly and hold no cycles; the default
    (700) looks for cycles thousands of times a second."""
    gc.set_threshold(50_000, 20, 50)


def run_loop(work: Awaitable[None]) -> None:
    """Runs a coroutine on the fastest event loop there is."""
    collect_seldom()
    # A thread that computes lets the loop have its turn after a millisecond, not five.
    sys.setswitchinterval(0.001)
    factory = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(work)  # type: ignore[arg-type]
