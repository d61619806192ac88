"""What people read."""

from __future__ import annotations

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.budget.v1.budget_pb2 import BudgetAlert
from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_DENIED,
    APPROVAL_STATE_REQUESTED,
    Approval,
    GovernanceEvent,
    PolicyViolation,
)

from services.common.clock import DAY, HOUR
from services.notifier.domain import anomalies, budgets, governance
from services.notifier.domain.message import Kind, Severity, dollars, named
from tests.unit.notifier.samples import NOW, anomaly_event, budget_alert, shadow_event


@pytest.mark.parametrize(
    ("percent", "severity"),
    [(50, Severity.INFO), (80, Severity.WARNING), (99, Severity.WARNING), (100, Severity.CRITICAL)],
)
def test_a_threshold_says_how_much_of_what(percent: int, severity: Severity) -> None:
    message = budgets.message(budget_alert(percent=percent))
    assert message is not None
    assert message.title == f"Budget Search: {percent}% used"
    assert message.body.startswith("$812.34 of $1,000.00 is spent.\nPeriod: 2024-09-24 00:00 to ")
    assert (message.severity, message.kind, message.event_id) == (severity, Kind.BUDGET, "alert-1")


def test_other_alerts_and_unknown_ones() -> None:
    breach = budgets.message(budget_alert(kind=BudgetAlert.KIND_FORECAST_BREACH))
    reset = budgets.message(budget_alert(kind=BudgetAlert.KIND_PERIOD_RESET))
    assert breach is not None
    assert "forecast" in breach.body
    assert reset is not None
    assert reset.severity is Severity.INFO
    assert budgets.message(budget_alert(kind=0)) is None


def test_an_alert_about_a_period_that_is_over_is_as_old_as_its_end() -> None:
    alert = budget_alert()
    alert.period_end_unix_micros = NOW - 40 * DAY
    message = budgets.message(alert)
    assert message is not None
    assert message.event_time == NOW - 40 * DAY


def test_anomalies_open_and_close_with_one_severity_and_say_nothing_between() -> None:
    opened = anomalies.message(anomaly_event(AnomalyEvent.TYPE_OPENED))
    closed = anomalies.message(anomaly_event(AnomalyEvent.TYPE_CLOSED))
    assert opened is not None
    assert closed is not None
    assert opened.title == "Anomaly: cost of model gpt-4o, team search"
    assert opened.body == "Search spends 8x its usual.\n120.5 USD/hour; expected 10 to 20. Impact so far: $250.00."
    assert opened.severity is closed.severity is Severity.CRITICAL
    assert opened.event_time == NOW - HOUR
    assert anomalies.message(anomaly_event(AnomalyEvent.TYPE_UPDATED)) is None
    low = anomalies.message(anomaly_event(AnomalyEvent.TYPE_OPENED, Anomaly.SEVERITY_LOW))
    assert low is not None
    assert low.severity is Severity.INFO


def test_governance_events_say_who_and_why() -> None:
    shadow = governance.message(shadow_event())
    assert shadow is not None
    assert (shadow.title, shadow.severity) == ("Shadow tool found: Cursor", Severity.WARNING)
    approval = Approval(
        display_name="Cursor", category="ide", requester="vera", justification="faster", state=APPROVAL_STATE_REQUESTED
    )
    asked = governance.message(GovernanceEvent(event_id="1", tenant_id="acme", approval_requested=approval))
    assert asked is not None
    assert asked.body == "vera asks to use Cursor (ide).\nfaster"
    approval.state, approval.decided_by, approval.reason = APPROVAL_STATE_DENIED, "adam", "no contract"
    decided = governance.message(GovernanceEvent(event_id="2", tenant_id="acme", approval_decided=approval))
    assert decided is not None
    assert (decided.title, decided.body) == ("Cursor was denied", "adam denied what vera asked for.\nno contract")
    violated = governance.message(
        GovernanceEvent(
            event_id="3",
            tenant_id="acme",
            policy_violated=PolicyViolation(policy="tool-approval", reason="denied", dimensions={"tool": "x"}),
        )
    )
    assert violated is not None
    assert (violated.severity, violated.body) == (Severity.CRITICAL, "denied.\ntool x")
    assert governance.message(GovernanceEvent(event_id="4", tenant_id="acme")) is None


def test_words() -> None:
    assert dollars(1_234_567 * 10**12) == "$1,234,567.00"
    assert dollars(-(5 * 10**11)) == "-$0.5000"
    assert dollars(1) == "$0.0000"
    assert named({}) == "all spend"
    assert named({"team": ""}) == "team (none)"
