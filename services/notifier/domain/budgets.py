"""Budget alerts as messages."""

from __future__ import annotations

from finops.budget.v1.budget_pb2 import BudgetAlert

from services.common import money
from services.common.clock import to_datetime
from services.notifier.domain.message import Kind, Message, Severity, dollars


def message(alert: BudgetAlert) -> Message | None:
    """What is told; None for a kind this version does not know."""
    name = alert.budget.display_name or alert.budget.name
    spend, limit = dollars(money.from_proto(alert.spend)), dollars(money.from_proto(alert.budget.amount))
    match alert.kind:
        case BudgetAlert.KIND_THRESHOLD_CROSSED:
            title = f"Budget {name}: {alert.threshold_percent}% used"
            body = f"{spend} of {limit} is spent."
            severity = _severity(alert.threshold_percent)
        case BudgetAlert.KIND_FORECAST_BREACH:
            title = f"Budget {name}: on course to be exceeded"
            body = f"{spend} of {limit} is spent, and the forecast for the period's end is above the limit."
            severity = Severity.WARNING
        case BudgetAlert.KIND_PERIOD_RESET:
            title = f"Budget {name}: a new period began"
            body = f"The limit is {limit}."
            severity = Severity.INFO
        case _:
            return None
    start, end = to_datetime(alert.period_start_unix_micros), to_datetime(alert.period_end_unix_micros)
    return Message(
        tenant_id=alert.tenant_id,
        event_id=alert.alert_id,
        kind=Kind.BUDGET,
        severity=severity,
        title=title,
        body=f"{body}\nPeriod: {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC.",
        # An alert about a period that is over is as old as its end, whenever it was found.
        event_time=min(alert.time_unix_micros, alert.period_end_unix_micros or alert.time_unix_micros),
        page="budgets",
    )


def _severity(percent: int) -> Severity:
    if percent >= 100:
        return Severity.CRITICAL
    return Severity.WARNING if percent >= 80 else Severity.INFO
