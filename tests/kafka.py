"""Apache Kafka for tests: KRaft, one node, from Maven Central's artifacts, on a free port."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import time
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.allinone.engines.ports import free_port
from services.allinone.engines.processes import ChildProcess, listening

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".kafka"
LIBRARIES = HOME / "libs"
FORMATTED = HOME / "formatted"
"""Storage as Kafka's tool formats it, copied for each broker: the tool takes longer than all the rest."""
CLASSES = HOME / "classes.jsa"
"""The classes a broker loads, as the JVM has them once loaded."""
# No run is long enough to earn back what the second compiler takes.
JAVA = ["java", "-Xmx512m", "-Xms256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBRARIES}/*"]


class RealKafkaMissing(RuntimeError):
    """Java or Maven is not there."""


@dataclass(frozen=True)
class ExternalKafka:
    """A broker somebody else runs."""

    bootstrap_servers: str

    @classmethod
    def from_environment(cls) -> ExternalKafka | None:
        servers = os.environ.get("AIFINOPS_TEST_KAFKA", "")
        return cls(servers) if servers else None


class RealKafka:
    """One Apache Kafka broker in a child process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._controller_port = free_port()
        self._folder = folder
        self._process: ChildProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Formats the storage and starts the broker.

        Raises:
            RealKafkaMissing: no Java, or no Maven to fetch Kafka with.
        """
        _prepare()
        data = self._folder / "data"
        properties = self._folder / "server.properties"
        if not data.exists():
            _copy_formatted(data)
            _write_properties(properties, data, self.port, self._controller_port)
        archive = ["-XX:SharedArchiveFile=" + str(CLASSES)] if CLASSES.exists() else []
        self._process = ChildProcess(
            "Apache Kafka", [JAVA[0], *archive, *JAVA[1:], "kafka.Kafka", str(properties)], self._folder / "kafka.log"
        )
        self._process.spawn()
        _wait_for(self._process, self.port)

    def stop(self) -> None:
        """SIGTERM would wait for a clean shutdown nobody needs."""
        if self._process is not None:
            self._process.kill()

    kill = stop


def _write_properties(file: Path, data: Path, port: int, controller_port: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        "\n".join(
            f"{name}={value}"
            for name, value in {
                "process.roles": "broker,controller",
                "node.id": 1,
                "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
                "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
                "controller.listener.names": "CONTROLLER",
                "log.dirs": data,
                "offsets.topic.replication.factor": 1,
                "offsets.topic.num.partitions": 4,
                "transaction.state.log.replication.factor": 1,
                "transaction.state.log.min.isr": 1,
                "transaction.state.log.num.partitions": 4,
                "group.initial.rebalance.delay.ms": 0,
                "auto.create.topics.enable": "false",
                # Alone, it has nobody to tell twice a second that nothing happened.
                "metadata.max.idle.interval.ms": 0,
            }.items()
        )
    )


def _copy_formatted(data: Path) -> None:
    """Storage of a cluster with an id of its own: by that services tell one life of the log from another."""
    shutil.copytree(FORMATTED, data)
    properties = data / "meta.properties"
    lines = properties.read_text().splitlines()
    assert any(line.startswith("cluster.id=") for line in lines), lines
    properties.write_text(
        "\n".join(f"cluster.id={_cluster_id()}" if line.startswith("cluster.id=") else line for line in lines) + "\n"
    )


def _cluster_id() -> str:
    return uuid.uuid4().hex[:22]


def drop_topics(bootstrap_servers: str, prefix: str) -> None:
    """Deletes the topics of a test that is over: a broker with 500 of them takes a tenth of a core to do nothing."""
    with ThreadPoolExecutor(1) as beside_any_loop:
        beside_any_loop.submit(asyncio.run, _drop_topics(bootstrap_servers, prefix)).result()


async def _drop_topics(bootstrap_servers: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        topics = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        if topics:
            await admin.delete_topics(topics)
    except (KafkaError, NotImplementedError) as error:
        warnings.warn(f"topics of {prefix} stay: {error!r}", stacklevel=1)
    finally:
        await admin.close()


def _wait_for(process: ChildProcess, port: int) -> None:
    deadline = time.monotonic() + 60
    while not listening(port):
        if not process.running() or time.monotonic() > deadline:
            raise RuntimeError(f"Apache Kafka did not start:\n{process.last_output()}")
        time.sleep(0.1)


def _prepare() -> None:
    """What brokers of this checkout share, made by whoever comes first; others wait.

    Raises:
        RealKafkaMissing: no Java, or no Maven to fetch Kafka with.
    """
    if shutil.which("java") is None:
        raise RealKafkaMissing("java is not on the PATH")
    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _fetch_libraries()
        if not FORMATTED.exists():
            _format_and_archive()


def _fetch_libraries() -> None:
    complete = LIBRARIES / ".complete"
    if complete.exists():
        return
    maven = shutil.which("mvn")
    if maven is None:
        raise RealKafkaMissing("mvn is not on the PATH")
    fetched = subprocess.run(
        [maven, "-q", "-B", "-f", str(ROOT / "tests" / "pom.xml"), "dependency:copy-dependencies",
         f"-DoutputDirectory={LIBRARIES}"],
        capture_output=True, text=True,
    )  # fmt: skip
    if fetched.returncode:
        raise RealKafkaMissing(f"Maven could not fetch Kafka: {fetched.stdout[-500:]}")
    complete.touch()


def _format_and_archive() -> None:
    """Formats storage, and starts a broker on a copy of it once, whose loaded classes the JVM keeps at its end."""
    making = HOME / "making"
    shutil.rmtree(making, ignore_errors=True)
    port, properties = free_port(), making / "server.properties"
    _write_properties(properties, making / "data", port, free_port())
    subprocess.run(
        [*JAVA, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(properties)],
        check=True,
        capture_output=True,
    )
    shutil.copytree(making / "data", making / "formatted")
    keeping = [JAVA[0], f"-XX:ArchiveClassesAtExit={CLASSES}", *JAVA[1:], "kafka.Kafka", str(properties)]
    broker = ChildProcess("Apache Kafka", keeping, making / "kafka.log")
    broker.spawn()
    _wait_for(broker, port)
    os.kill(broker.pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while broker.running() and time.monotonic() < deadline:
        time.sleep(0.1)
    broker.kill()
    (making / "formatted").rename(FORMATTED)
    shutil.rmtree(making)
