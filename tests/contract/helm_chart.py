"""The chart as tests render it, and the values they give it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "aifinops"

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


def environment(objects: list[Object], container: Object) -> dict[str, Any]:
    """What a container gets from the chart's own ConfigMap and its own entries."""
    maps = of_kind(objects, "ConfigMap")
    found: dict[str, Any] = {}
    for source in container["envFrom"]:
        name = source.get("configMapRef", {}).get("name")
        found |= maps[name]["data"] if name in maps else {}
    return found | {e["name"]: e.get("value", e.get("valueFrom")) for e in container.get("env", [])}
