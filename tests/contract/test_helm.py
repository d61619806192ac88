"""The chart: linted and rendered by Helm's own engine, each object held against Kubernetes' schemas. No cluster."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from services.allinone.services import SERVICES
from services.common import metrics
from services.common.auth import key_id_of
from services.common.kafka.topics import COSTS, USAGE
from services.connectors.settings import ConnectorOptions
from services.ingest.settings import IngestOptions
from services.pricing.adapters import metrics as pricing_metrics
from tests.contract.environment import required_variables, shared_variables, variables

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "aifinops"
KUBERNETES = ("1.29", "1.34")
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ScaledObject", "HTTPRoute"}
"""Kinds whose schemas Kubernetes does not have."""

Object = dict[str, Any]

EVERYTHING: Mapping[str, Any] = {
    "global": {"imageRegistry": "registry.example.com", "imagePullSecrets": [{"name": "pull"}]},
    "commonLabels": {"cost-center": "42"},
    "commonAnnotations": {"owner": "platform"},
    "image": {"repository": "team/aifinops", "digest": "sha256:" + "a" * 64},
    "kafka": {
        "bootstrapServers": "a:9093,b:9093",
        "topicPrefix": "ai.",
        "securityProtocol": "SASL_SSL",
        "sasl": {"username": "aifinops", "existingSecret": "kafka-user"},
        "ca": {"existingSecret": "kafka-ca"},
    },
    "clickhouse": {
        "url": "https://clickhouse.example.com:8443",
        "username": "finops",
        "existingSecret": "clickhouse-user",
        "ca": {"existingSecret": "clickhouse-ca"},
    },
    "auth": {"existingSecret": "api-keys"},
    "settings": {"KAFKA__SESSION_TIMEOUT_MS": 20000},
    "defaults": {
        "nodeSelector": {"pool": "finops"},
        "tolerations": [{"key": "finops", "operator": "Exists"}],
        "priorityClassName": "business",
        "extraEnv": [{"name": "TZ", "value": "UTC"}],
        "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "podLabels": {"mesh": "on"},
        "podAnnotations": {"mesh/inject": "true"},
    },
    "services": {
        "ingest": {"autoscaling": {"enabled": True}, "journal": {"storageClassName": "fast"}},
        "pricing": {"autoscaling": {"enabled": True, "kind": "lag"}},
        "ledger": {"autoscaling": {"enabled": True, "kind": "lag"}, "settings": {"LEDGER__BATCH_RECORDS": 20000}},
        "notifier": {"existingSecret": "notifier-targets"},
        "console": {"existingSecret": "console-cookies"},
        "connectors": {
            "enabled": True,
            "existingSecret": "pollers",
            "pollers": [
                {
                    "name": "openai",
                    "connector": "openai-usage",
                    "api_key_file": "/etc/aifinops/connectors/acme-ingest",
                    "secret_file": "/etc/aifinops/connectors/openai",
                    "interval": "30m",
                }
            ],
        },
    },
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/finops"}},
    "jobs": {"ttlSecondsAfterFinished": 600},
    "ingress": {"enabled": True, "className": "nginx", "tls": [{"secretName": "tls", "hosts": ["a.example.com"]}]},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}], "hostnames": ["a.example.com"]},
    "networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}]},
    "metrics": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {"enabled": True},
        "dashboard": {"enabled": True},
    },
    "extraManifests": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-extra"}, "data": {"a": "b"}}
    ],
}  # fmt: skip

EPHEMERAL: Mapping[str, Any] = {
    "services": {
        "ingest": {"journal": {"persistent": False}, "replicas": 1},
        "notifier": {"enabled": False},
    },
    "jobs": {"topics": {"enabled": False}, "migrate": {"enabled": False}},
    "serviceAccount": {"create": False},
}

VALUE_SETS = {"defaults": {}, "everything": EVERYTHING, "ephemeral": EPHEMERAL}


@pytest.fixture(scope="module")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def rendered(chart: helm_python.Chart) -> Mapping[str, list[Object]]:
    return {name: render(chart, values) for name, values in VALUE_SETS.items()}


def render(chart: helm_python.Chart, values: Mapping[str, Any], name: str = "aifinops") -> list[Object]:
    files = chart.render(dict(values), name=name, namespace="finops")
    return [
        document
        for path, text in files.items()
        if not path.endswith(".txt")
        for document in yaml.safe_load_all(text)
        if document
    ]


def of_kind(objects: list[Object], *kinds: str) -> dict[str, Object]:
    return {o["metadata"]["name"]: o for o in objects if o["kind"] in kinds}


def pods(objects: list[Object]) -> dict[str, Object]:
    """The pod specs, by the name of what makes them."""
    made = {n: o["spec"]["template"]["spec"] for n, o in of_kind(objects, "Deployment", "StatefulSet", "Job").items()}
    return made | {name: pod["spec"] for name, pod in of_kind(objects, "Pod").items()}


def workload(objects: list[Object], service: str) -> Object:
    return of_kind(objects, "Deployment", "StatefulSet")[f"aifinops-{service}"]


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_lints(values: Mapping[str, Any]) -> None:
    report = helm_python.lint(CHART, dict(values), strict=True)
    assert report["errors"] == []
    assert [m for m in report["messages"] if m["severity"] > 1] == []


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", VALUE_SETS)
def test_every_object_is_valid(rendered: Mapping[str, list[Object]], name: str, version: str) -> None:
    seen = set()
    for document in rendered[name]:
        identity = (document["kind"], document["metadata"]["name"])
        assert identity not in seen, f"{identity} twice"
        seen.add(identity)
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, version, strict=True)
    assert len(seen) > 15


@pytest.mark.parametrize("name", VALUE_SETS)
def test_every_service_is_deployed_unless_disabled(rendered: Mapping[str, list[Object]], name: str) -> None:
    given = {"connectors": {"enabled": False}} | VALUE_SETS[name].get("services", {})
    disabled = {service for service, values in given.items() if values.get("enabled") is False}
    expected = {f"aifinops-{service}" for service in SERVICES if service not in disabled}
    assert set(of_kind(rendered[name], "Deployment", "StatefulSet")) == expected
    for service in SERVICES.keys() - disabled:
        container = workload(rendered[name], service)["spec"]["template"]["spec"]["containers"][0]
        assert container["args"] == ["run", service]
        probes = {probe: container[probe]["httpGet"]["path"] for probe in
                  ("startupProbe", "livenessProbe", "readinessProbe")}  # fmt: skip
        assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        assert container["resources"]["requests"]


def environment(objects: list[Object], container: Object) -> dict[str, Any]:
    """What a container gets from the chart's own ConfigMap and its own entries."""
    maps = of_kind(objects, "ConfigMap")
    found: dict[str, Any] = {}
    for source in container["envFrom"]:
        name = source.get("configMapRef", {}).get("name")
        found |= maps[name]["data"] if name in maps else {}
    return found | {e["name"]: e.get("value", e.get("valueFrom")) for e in container.get("env", [])}


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


def test_a_job_gets_a_new_name_only_when_it_changes(chart: helm_python.Chart) -> None:
    def names(values: Mapping[str, Any]) -> set[str]:
        return set(of_kind(render(chart, values), "Job"))

    usual = names({})
    assert all("-0-1-0-" in name and len(name) <= 63 for name in usual)
    assert names({"services": {"ledger": {"replicas": 5}}}) == usual
    assert names({"kafka": {"bootstrapServers": "elsewhere:9092"}}).isdisjoint(usual)
    assert not any(
        "helm.sh/hook" in o["metadata"].get("annotations", {}) for o in of_kind(render(chart, {}), "Job").values()
    )


def test_autoscaled_workloads_carry_no_replicas(rendered: Mapping[str, list[Object]]) -> None:
    scaled = {"ingest": "HorizontalPodAutoscaler", "pricing": "ScaledObject", "ledger": "ScaledObject"}
    objects = rendered["everything"]
    for service in SERVICES:
        target = workload(objects, service)
        assert ("replicas" in target["spec"]) is (service not in scaled)
    for service, kind in scaled.items():
        reference = of_kind(objects, kind)[f"aifinops-{service}"]["spec"]["scaleTargetRef"]
        assert reference == {
            "apiVersion": "apps/v1",
            "kind": workload(objects, service)["kind"],
            "name": f"aifinops-{service}",
        }


@pytest.mark.parametrize(("service", "topic"), [("pricing", USAGE), ("ledger", COSTS)])
def test_lag_is_that_of_the_services_own_group(
    rendered: Mapping[str, list[Object]], service: str, topic: str
) -> None:  # fmt: skip
    trigger = of_kind(rendered["everything"], "ScaledObject")[f"aifinops-{service}"]["spec"]["triggers"][0]["metadata"]
    assert trigger["topic"] == f"ai.{topic}"
    group = trigger["consumerGroup"].removeprefix("ai.")
    sources = "".join(path.read_text() for path in (ROOT / "services" / service).rglob("*.py"))
    assert re.search(rf'(?m)^GROUP = "{re.escape(group)}"$', sources), f"no group {group!r}"


def test_services_that_hold_state_in_one_process_never_run_twice(
    chart: helm_python.Chart, rendered: Mapping[str, list[Object]]
) -> None:
    for service in ("anomaly", "optimizer", "notifier"):
        for objects in (rendered["defaults"], render(chart, {"defaults": {"replicas": 3}})):
            spec = workload(objects, service)["spec"]
            assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_pods_are_locked_down(rendered: Mapping[str, list[Object]]) -> None:
    for objects in rendered.values():
        for name, pod in pods(objects).items():
            assert pod["automountServiceAccountToken"] is False, name
            assert pod["securityContext"]["runAsNonRoot"] is True, name
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
            for container in [*pod.get("initContainers", []), *pod["containers"]]:
                context = container["securityContext"]
                assert context["readOnlyRootFilesystem"] is True, name
                assert context["allowPrivilegeEscalation"] is False, name
                assert context["capabilities"] == {"drop": ["ALL"]}, name
                assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"], name


def test_mounts_have_volumes(rendered: Mapping[str, list[Object]]) -> None:
    for objects in rendered.values():
        claims = {n: {c["metadata"]["name"] for c in o["spec"].get("volumeClaimTemplates", [])}
                  for n, o in of_kind(objects, "StatefulSet").items()}  # fmt: skip
        for name, pod in pods(objects).items():
            volumes = {v["name"] for v in pod["volumes"]} | claims.get(name, set())
            mounted = {
                m["name"] for c in [*pod.get("initContainers", []), *pod["containers"]] for m in c["volumeMounts"]
            }
            assert mounted == volumes, name


def test_the_journal_outlives_the_pod(rendered: Mapping[str, list[Object]]) -> None:
    ingest = workload(rendered["defaults"], "ingest")
    assert ingest["kind"] == "StatefulSet"
    assert [c["metadata"]["name"] for c in ingest["spec"]["volumeClaimTemplates"]] == ["journal"]
    assert ingest["spec"]["serviceName"] in of_kind(rendered["defaults"], "Service")
    assert "volumeClaimTemplates" not in workload(rendered["ephemeral"], "ingest")["spec"]


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
    assert len(peers) == 6
    for name, target in peers.items():
        host, port = target.removeprefix("dns:///").split(":")
        assert host == f"spend-aifinops-{name.removeprefix('AIFINOPS_PEERS__').lower()}"
        assert services[host]["spec"]["clusterIP"] == "None"
        assert int(port) in [p["port"] for p in services[host]["spec"]["ports"]]


def test_every_service_selects_the_pods_of_its_component(rendered: Mapping[str, list[Object]]) -> None:
    objects = rendered["defaults"]
    templates = [
        o["spec"]["template"]["metadata"]["labels"] for o in of_kind(objects, "Deployment", "StatefulSet").values()
    ]
    for name, service in of_kind(objects, "Service").items():
        chosen = [labels for labels in templates if service["spec"]["selector"].items() <= labels.items()]
        assert len(chosen) == 1, name


def test_disruption_budgets_only_where_more_than_one_pod_runs(rendered: Mapping[str, list[Object]]) -> None:
    assert set(of_kind(rendered["defaults"], "PodDisruptionBudget")) == {
        "aifinops-ingest",
        "aifinops-ledger",
        "aifinops-pricing",
    }


def test_a_changed_setting_restarts_the_pods(chart: helm_python.Chart) -> None:
    def checksum(values: Mapping[str, Any]) -> str:
        annotations = workload(render(chart, values), "ledger")["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/settings"])

    assert checksum({}) != checksum({"telemetry": {"logLevel": "DEBUG"}})


def test_monitoring_names_metrics_that_exist(rendered: Mapping[str, list[Object]]) -> None:
    objects = rendered["everything"]
    rules = of_kind(objects, "PrometheusRule")["aifinops"]["spec"]["groups"][0]["rules"]
    dashboard = json.loads(of_kind(objects, "ConfigMap")["aifinops-dashboard"]["data"]["aifinops.json"])
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    known = {
        sample
        for collector in (*vars(metrics).values(), *vars(pricing_metrics).values())
        if isinstance(collector, Counter | Gauge | Histogram)
        for family in collector.describe()
        for sample in (family.name, f"{family.name}_total", f"{family.name}_bucket", f"{family.name}_count")
    }
    named = {name for expression in expressions for name in re.findall(r"aifinops_\w+", expression)}
    assert len(named) >= 8
    assert named <= known


def test_the_images_name(rendered: Mapping[str, list[Object]]) -> None:
    images = {c["image"] for pod in pods(rendered["everything"]).values() for c in pod["containers"]}
    assert images == {"registry.example.com/team/aifinops@sha256:" + "a" * 64}
    assert {c["image"] for pod in pods(rendered["defaults"]).values() for c in pod["containers"]} == {"aifinops:0.1.0"}


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


def test_the_readme_of_values_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "helm" / "readme.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
