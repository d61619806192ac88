"""Prometheus metrics of the optimizer."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

RUN_SECONDS = Histogram("aifinops_optimizer_run_seconds", "Time of one run of the rules", ["outcome"])
CHANGES = Counter("aifinops_optimizer_changes_total", "Recommendations told", ["rule", "type"])
