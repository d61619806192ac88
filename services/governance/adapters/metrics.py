"""Prometheus metrics of governance."""

from __future__ import annotations

from prometheus_client import Counter

EVENTS = Counter("aifinops_governance_events_total", "Events written to finops.governance.v1", ["subject"])
