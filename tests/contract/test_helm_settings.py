"""The chart's settings and secrets: ones that services read, where they belong, and wrong ones refused."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import helm_python
import pytest

from services.allinone.services import SERVICES
from services.common.auth import key_id_of
from services.connectors.settings import ConnectorOptions
from services.ingest.settings import IngestOptions
from tests.contract.environment import required_variables, shared_variables, variables
from tests.contract.helm_chart import (
    VALUE_SETS,
    Object,
    environment,
    of_kind,
    pods,
    render,
    workload,
)


@pytest.mark.parametrize("name", VALUE_SETS)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_settings_are_ones_the_service_reads(
    rendered: Mapping[str, list[Object]], name: str, service: str
) -> None:  # fmt: skip
    if f"aifinops-{service}" not in of_kind(rendered[name], "Deployment", "StatefulSet"):
        return
    container = workload(rendered[name], service)["spec"]["template"]["spec"]["containers"][0]
    given = {variable for variable in environment(rendered[name], container) if variable.startswith("AIFINOPS_")}
    assert given <= variables(service), f"unknown: {given - variables(service)}"
    assert required_variables() <= given


def test_connectors_read_their_pollers_and_mount_their_secrets(rendered: Mapping[str, list[Object]]) -> None:
    objects = rendered["everything"]
    pod = workload(objects, "connectors")["spec"]["template"]["spec"]
    given = environment(objects, pod["containers"][0])
    prefix = "AIFINOPS_CONNECTORS__"
    options = ConnectorOptions(pollers=json.loads(given[f"{prefix}POLLERS"]), ingest_url=given[f"{prefix}INGEST_URL"])
    assert options.ingest_url == "http://aifinops-ingest:8080"
    assert "aifinops-ingest" in of_kind(objects, "Service")
    (mount,) = [m for m in pod["containers"][0]["volumeMounts"] if m["name"] == "pollers"]
    for poller in options.pollers:
        for file in (poller.api_key_file, poller.secret_file):
            assert file is not None
            assert file.is_relative_to(mount["mountPath"])
    assert {"name": "pollers", "secret": {"secretName": "pollers"}} in pod["volumes"]


def test_opentelemetry_reaches_ingest(rendered: Mapping[str, list[Object]], chart: helm_python.Chart) -> None:
    def ports(objects: list[Object]) -> tuple[set[int], set[int]]:
        container = workload(objects, "ingest")["spec"]["template"]["spec"]["containers"][0]
        service = of_kind(objects, "Service")["aifinops-ingest"]
        return {p["containerPort"] for p in container["ports"]}, {p["port"] for p in service["spec"]["ports"]}

    default = IngestOptions().otlp_grpc_port
    assert all(default in found for found in ports(rendered["defaults"]))
    without = ports(render(chart, {"services": {"ingest": {"otlp": {"enabled": False}}}}))
    assert not any(default in found for found in without)


def test_jobs_and_init_containers_read_only_shared_settings(rendered: Mapping[str, list[Object]]) -> None:
    objects = rendered["everything"]
    jobs = of_kind(objects, "Job")
    assert {job["spec"]["template"]["spec"]["containers"][0]["args"][0] for job in jobs.values()} == {
        "topics",
        "migrate",
    }
    containers = [job["spec"]["template"]["spec"]["containers"][0] for job in jobs.values()]
    containers += [pod["initContainers"][0] for name, pod in pods(objects).items() if "initContainers" in pod]
    assert len(containers) == len(SERVICES) + 2
    for container in containers:
        given = set(environment(objects, container))
        assert required_variables() <= given <= shared_variables()


def test_secrets_are_never_in_a_config_map(rendered: Mapping[str, list[Object]]) -> None:
    secret = re.compile(r"PASSWORD|SERVICE_KEY|ADMIN_KEY|STORAGE_SECRET|TOKEN")
    for objects in rendered.values():
        for config in of_kind(objects, "ConfigMap").values():
            assert not [name for name in config["data"] if secret.search(name)]
        for name, pod in pods(objects).items():
            for container in [*pod.get("initContainers", []), *pod["containers"]]:
                for entry in container.get("env", []):
                    if secret.search(entry["name"]):
                        assert "secretKeyRef" in entry.get("valueFrom", {}), f"{name}: {entry['name']}"


def test_generated_keys_have_the_shape_of_api_keys(rendered: Mapping[str, list[Object]]) -> None:
    secret = of_kind(rendered["defaults"], "Secret")["aifinops-keys"]
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    keys = [base64.b64decode(value).decode() for value in secret["data"].values()]
    assert len({key_id_of(key) for key in keys}) == 2
    assert not of_kind(rendered["everything"], "Secret")


def test_peers_are_headless_services_on_the_grpc_port(chart: helm_python.Chart) -> None:
    objects = render(chart, {}, name="spend")
    services = of_kind(objects, "Service")
    settings = of_kind(objects, "ConfigMap")["spend-aifinops-settings"]["data"]
    peers = {name: value for name, value in settings.items() if name.startswith("AIFINOPS_PEERS__")}
    assert len(peers) == 7
    for name, target in peers.items():
        host, port = target.removeprefix("dns:///").split(":")
        assert host == f"spend-aifinops-{name.removeprefix('AIFINOPS_PEERS__').lower()}"
        assert services[host]["spec"]["clusterIP"] == "None"
        assert int(port) in [p["port"] for p in services[host]["spec"]["ports"]]


def test_a_changed_setting_restarts_the_pods(chart: helm_python.Chart) -> None:
    def checksum(values: Mapping[str, Any]) -> str:
        annotations = workload(render(chart, values), "ledger")["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/settings"])

    assert checksum({}) != checksum({"telemetry": {"logLevel": "DEBUG"}})


WRONG: Mapping[str, Mapping[str, Any]] = {
    "a misspelt key": {"services": {"ingest": {"replica": 2}}},
    "an unknown service": {"services": {"billing": {"enabled": True}}},
    "brokers without a port": {"kafka": {"bootstrapServers": "kafka"}},
    "SASL without a Secret": {"kafka": {"securityProtocol": "SASL_SSL", "sasl": {"username": "a"}}},
    "two anomaly replicas": {"services": {"anomaly": {"replicas": 2}}},
    "a rolling notifier": {"services": {"notifier": {"strategy": "RollingUpdate"}}},
    "a password among settings": {"settings": {"KAFKA__SASL_PASSWORD": "x"}},
    "a key among a service's settings": {"services": {"ledger": {"settings": {"AUTH__SERVICE_KEY": "x"}}}},
    "a setting in lower case": {"settings": {"kafka__partitions": 3}},
    "a number as a string": {"services": {"pricing": {"replicas": "2"}}},
    "an impossible digest": {"image": {"digest": "latest"}},
    "an autoscaled singleton": {"services": {"optimizer": {"autoscaling": {"enabled": True}}}},
    "lag of what reads no log": {"services": {"console": {"autoscaling": {"enabled": True, "kind": "lag"}}}},
}  # fmt: skip


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG.keys())
def test_wrong_values_are_refused(chart: helm_python.Chart, values: Mapping[str, Any]) -> None:
    with pytest.raises((helm_python.HelmValuesError, helm_python.HelmRenderError)):
        chart.render(dict(values), name="aifinops", namespace="finops")
