"""The chart's alerts and dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import helm_python
import pytest
from prometheus_client import Counter, Gauge, Histogram

from services.common import metrics
from services.ledger.adapters import bill_metrics, export_metrics
from services.pricing.adapters import metrics as pricing_metrics
from services.pricing.adapters import rerate_metrics
from tests.contract.helm_chart import (
    Object,
    of_kind,
    render,
)


def test_monitoring_names_metrics_that_exist(rendered: Mapping[str, list[Object]]) -> None:
    objects = rendered["everything"]
    rules = of_kind(objects, "PrometheusRule")["aifinops"]["spec"]["groups"][0]["rules"]
    dashboard = json.loads(of_kind(objects, "ConfigMap")["aifinops-dashboard"]["data"]["aifinops.json"])
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    known = {
        sample
        for module in (metrics, pricing_metrics, rerate_metrics, export_metrics, bill_metrics)
        for collector in vars(module).values()
        if isinstance(collector, Counter | Gauge | Histogram)
        for family in collector.describe()
        for sample in (family.name, f"{family.name}_total", f"{family.name}_bucket", f"{family.name}_count")
    }
    named = {name for expression in expressions for name in re.findall(r"aifinops_\w+", expression)}
    assert len(named) >= 8
    assert named <= known


@pytest.mark.parametrize(
    ("alert", "metric", "limit", "value"),
    [
        ("AIFinOpsUsageUnpriced", "aifinops_unpriced_oldest_age_seconds", "> 7200", {"unpricedHours": 2}),
        ("AIFinOpsExportLate", "aifinops_ledger_export_last_success_timestamp_seconds", "> 7200", {"exportHours": 2}),
        ("AIFinOpsSpendUnexplained", "aifinops_ledger_unexplained_spend_dollars", "> 0.5", {"unexplainedDollars": 0.5}),
    ],
)
def test_what_is_missing_from_the_truth_is_alerted_on(
    chart: helm_python.Chart, alert: str, metric: str, limit: str, value: Mapping[str, float]
) -> None:
    objects = render(chart, {"metrics": {"prometheusRule": {"enabled": True, **value}}})
    [group] = of_kind(objects, "PrometheusRule")["aifinops"]["spec"]["groups"]
    [rule] = [rule for rule in group["rules"] if rule["alert"] == alert]
    assert f'{metric}{{namespace="finops"}}' in rule["expr"]
    assert rule["expr"].endswith(limit)
    assert rule["annotations"].keys() == {"summary", "description"}
