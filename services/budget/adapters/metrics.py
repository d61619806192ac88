"""The budget service's Prometheus metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from services.common.clock import SECOND, Micros

BUDGETS = Gauge("aifinops_budget_definitions", "Budgets that exist, of all tenants")
REBUILDING = Gauge("aifinops_budget_rebuilding", "Budget periods whose sum is being asked of the ledger")
FORECASTS = Gauge("aifinops_budget_forecasts", "Budgets whose forecast rests on their past as the ledger told it")
REBUILDS = Counter("aifinops_budget_rebuilds_total", "Budget periods rebuilt from the ledger")
REPAIRED = Counter("aifinops_budget_repaired_total", "Budget periods whose sum differed from the ledger")
ALERTS = Counter("aifinops_budget_alerts_total", "Threshold alerts fired")
EVENT_SECONDS = Histogram(
    "aifinops_budget_event_to_status_seconds",
    "From the arrival of a batch's oldest event at ingest until budgets show it",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3_600),
)
RESERVATIONS = Counter("aifinops_budget_reservations_total", "Decisions on reservations", ["decision"])

HOLDS_ENDED = Counter("aifinops_budget_holds_ended_total", "How reservations ended on their own", ["how"])  # fmt: skip


class PrometheusMeters:
    """Meters as Prometheus metrics."""

    def budgets(self, count: int) -> None:
        BUDGETS.set(count)

    def rebuilding(self, count: int) -> None:
        REBUILDING.set(count)

    def forecasts(self, count: int) -> None:
        FORECASTS.set(count)

    def rebuilt(self, count: int) -> None:
        REBUILDS.inc(count)

    def repaired(self, count: int) -> None:
        REPAIRED.inc(count)

    def alerts(self, count: int) -> None:
        ALERTS.inc(count)

    def applied(self, oldest_received: Micros, now: Micros) -> None:
        EVENT_SECONDS.observe(max(0, now - oldest_received) / SECOND)

    def reserved(self, decision: str) -> None:
        RESERVATIONS.labels(decision).inc()

    def hold_ended(self, how: str) -> None:
        HOLDS_ENDED.labels(how).inc()
