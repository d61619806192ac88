"""Apache Kafka for tests: KRaft, one node, from Maven Central's artifacts, on a free port."""

from __future__ import annotations

import asyncio
import os
import shutil
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
LIBRARIES = ROOT / ".kafka" / "libs"


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
        classpath = f"{_libraries()}/*"
        data = self._folder / "data"
        properties = self._folder / "server.properties"
        properties.parent.mkdir(parents=True, exist_ok=True)
        properties.write_text(
            "\n".join(
                f"{name}={value}"
                for name, value in {
                    "process.roles": "broker,controller",
                    "node.id": 1,
                    "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
                    "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
                    "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
                    "controller.listener.names": "CONTROLLER",
                    "log.dirs": data,
                    "offsets.topic.replication.factor": 1,
                    "offsets.topic.num.partitions": 4,
                    "transaction.state.log.replication.factor": 1,
                    "transaction.state.log.min.isr": 1,
                    "group.initial.rebalance.delay.ms": 0,
                    "auto.create.topics.enable": "false",
                    # Alone, it has nobody to tell twice a second that nothing happened.
                    "metadata.max.idle.interval.ms": 0,
                }.items()
            )
        )
        # No run is long enough to earn back what the second compiler takes.
        java = ["java", "-Xmx512m", "-Xms256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath]
        if not data.exists():
            cluster_id = uuid.uuid4().hex[:22]
            subprocess.run(
                [*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)],
                check=True,
                capture_output=True,
            )
        self._process = ChildProcess(
            "Apache Kafka", [*java, "kafka.Kafka", str(properties)], self._folder / "kafka.log"
        )
        self._process.spawn()
        deadline = time.monotonic() + 60
        while not listening(self.port):
            if not self._process.running() or time.monotonic() > deadline:
                raise RuntimeError(f"Apache Kafka did not start:\n{self._process.last_output()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """SIGTERM would wait for a clean shutdown nobody needs."""
        if self._process is not None:
            self._process.kill()

    kill = stop


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


def _libraries() -> Path:
    """Kafka's jars, fetched once into the checkout."""
    if shutil.which("java") is None:
        raise RealKafkaMissing("java is not on the PATH")
    complete = LIBRARIES / ".complete"
    if not complete.exists():
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
    return LIBRARIES
