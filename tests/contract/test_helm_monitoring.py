"""The chart's alerts and dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from services.common import metrics
from services.pricing.adapters import metrics as pricing_metrics
from tests.contract.helm_chart import (
    Object,
    of_kind,
)


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
