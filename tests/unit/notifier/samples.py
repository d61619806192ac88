"""Events and notifications the tests share."""

from __future__ import annotations

from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.budget.v1.budget_pb2 import Budget, BudgetAlert
from finops.governance.v1.governance_pb2 import GovernanceEvent, Tool

from services.common import money
from services.common.clock import DAY, HOUR, Micros
from services.notifier.domain import budgets, delivery
from services.notifier.domain.delivery import Delivery, Origin
from services.notifier.domain.letter import Addresses, Letter, compose
from services.notifier.domain.message import Message
from services.notifier.domain.plan import Bundle
from services.notifier.domain.routing import Route

NOW = 20_000 * DAY
ORIGIN = Origin("finops.budget-alerts.v1", 0, 7, b"key", b"value")


def budget_alert(
    event_id: str = "alert-1", percent: int = 80, at: Micros = NOW, tenant: str = "acme", kind: int = 1
) -> BudgetAlert:
    return BudgetAlert(
        alert_id=event_id,
        tenant_id=tenant,
        kind=BudgetAlert.Kind.Name(kind),
        budget=Budget(name="budgets/search", display_name="Search", amount=money.to_proto(1_000 * 10**12)),
        threshold_percent=percent,
        period_start_unix_micros=NOW - 10 * DAY,
        period_end_unix_micros=NOW + 20 * DAY,
        spend=money.to_proto(812_345 * 10**9),
        time_unix_micros=at,
    )


def anomaly_event(event_type: AnomalyEvent.Type, severity: Anomaly.Severity = Anomaly.SEVERITY_HIGH) -> AnomalyEvent:
    return AnomalyEvent(
        event_id=f"anomaly-{event_type}",
        type=event_type,
        anomaly=Anomaly(
            name="anomalies/1", tenant_id="acme", series={"team": "search", "model": "gpt-4o"},
            channel=Anomaly.CHANNEL_COST, start_unix_micros=NOW - 3 * HOUR, end_unix_micros=NOW - HOUR,
            create_unix_micros=NOW, actual=120.5, expected_low=10, expected_high=20, unit="USD/hour",
            impact=money.to_proto(250 * 10**12), severity=severity, summary="Search spends 8x its usual.",
        ),
    )  # fmt: skip


def shadow_event() -> GovernanceEvent:
    return GovernanceEvent(
        event_id="shadow-1", tenant_id="acme", time_unix_micros=NOW,
        shadow_tool_found=Tool(name="tools/cursor", display_name="Cursor", users=3),
    )  # fmt: skip


def notification(
    event_id: str = "alert-1", destination: str = "ops", age: Micros = 0, origin: Origin = ORIGIN
) -> Delivery:
    message = budgets.message(budget_alert(event_id, at=NOW - age))
    assert message is not None
    return delivery.fresh(message, destination, origin, NOW, DAY)


ADDRESSES = Addresses(
    console=lambda message: f"https://finops.example.com/{message.page}",
    act=lambda message, destination: f"https://finops.example.com/alerts/act?token={destination}",
)


def letter_of(message: Message, route: Route | None = None, destination: str = "ops") -> Letter:
    """The message as a receiver gets it."""
    made = delivery.fresh(message, destination, ORIGIN, NOW, DAY)
    return compose(Bundle((made,), NOW), route or Route(()), ADDRESSES)
