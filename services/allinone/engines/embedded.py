"""Starts the two engines under one data folder."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import sys
from pathlib import Path

from services.allinone.engines.ports import free_port
from services.allinone.engines.processes import ChildProcess, EngineError, listening

BROKER_PARTITIONS = 2
"""Each group has one member on one machine, so more would only cost: a batch and a block of rows for each of them."""
BROKER_RETENTION_HOURS = 2

_DRAFT = "kafka.tmp"
"""Every two seconds the broker writes all that it ever took to this file, as JSON: four fifths of its CPU time in the
first minute, and more with every record. Nobody reads that log again, so the file is a pipe without a reader: the first
save waits for ever, in a thread of its own, and no other begins."""


def _broker_binary() -> str:
    spec = importlib.util.find_spec("noida_db")
    if spec is None or not spec.submodule_search_locations:
        raise EngineError("the embedded broker is not installed: pip install 'aifinops[embedded]'")
    return str(Path(next(iter(spec.submodule_search_locations))) / "noida-db")


class EmbeddedBroker:
    """A Kafka-compatible broker. Disposable: each start is a new, empty log with an incarnation of its own."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self.port = free_port()
        self.incarnation = secrets.token_hex(8)
        self._folder = folder
        command = [
            _broker_binary(), "start", "--only", "kafka", "--kafka-port", str(self.port), "--data-dir", str(folder),
        ]  # fmt: skip
        # Asked to end, it would save its log first.
        self.process = ChildProcess("embedded broker", command, logs / "broker.log", ended_by=signal.SIGKILL)

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        os.mkfifo(self._folder / _DRAFT)
        self.process.spawn()
        await self.process.until(lambda: listening(self.port), timeout_seconds=20)

    async def stop(self) -> None:
        await self.process.stop(timeout_seconds=5)


class EmbeddedClickHouse:
    """chDB behind ClickHouse's HTTP protocol. Its folder holds everything that was accepted."""

    def __init__(self, folder: Path, logs: Path) -> None:
        if importlib.util.find_spec("chdb") is None:
            raise EngineError("the embedded ClickHouse engine is not installed: pip install 'aifinops[embedded]'")
        self.port = free_port()
        command = [
            sys.executable, "-m", "services.allinone.engines.clickhouse_server",
            "--data", str(folder), "--port", str(self.port),
        ]  # fmt: skip
        self.process = ChildProcess("embedded ClickHouse", command, logs / "clickhouse.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process.spawn()
        await self.process.until(lambda: listening(self.port), timeout_seconds=60)

    async def stop(self) -> None:
        await self.process.stop()
