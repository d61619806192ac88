"""The chart: linted and rendered by Helm's own engine, each object held against Kubernetes' schemas. No cluster."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import helm_python
import kubernetes_validate
import pytest

from services.allinone.services import SERVICES
from services.common.kafka.topics import COSTS, USAGE
from tests.contract.helm_chart import (
    CHART,
    ROOT,
    VALUE_SETS,
    Object,
    of_kind,
    pods,
    render,
    workload,
)

KUBERNETES = ("1.29", "1.34")
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ScaledObject", "HTTPRoute"}
"""Kinds whose schemas Kubernetes does not have."""


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


def test_the_images_name(rendered: Mapping[str, list[Object]]) -> None:
    images = {c["image"] for pod in pods(rendered["everything"]).values() for c in pod["containers"]}
    assert images == {"registry.example.com/team/aifinops@sha256:" + "a" * 64}
    assert {c["image"] for pod in pods(rendered["defaults"]).values() for c in pod["containers"]} == {"aifinops:0.1.0"}


def test_the_readme_of_values_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "helm" / "readme.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
