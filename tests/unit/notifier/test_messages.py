"""What people read."""

from __future__ import annotations

from typing import Any

import pytest
from finops.anomaly.v1.anomaly_pb2 import Anomaly, AnomalyEvent
from finops.budget.v1.budget_pb2 import BudgetAlert, BudgetDrift, SpendForecast, ThresholdRule
from finops.cost.v1.cost_pb2 import Money
from finops.governance.v1.governance_pb2 import (
    APPROVAL_STATE_DENIED,
    APPROVAL_STATE_REQUESTED,
    Approval,
    GovernanceEvent,
    PolicyViolation,
)

from services.common import money
from services.common.clock import DAY, HOUR
from services.notifier.domain import anomalies, budgets, governance
from services.notifier.domain.message import Kind, Message, Severity, Transition, dollars, named
from tests.unit.notifier.samples import NOW, anomaly_event, budget_alert, shadow_event


def dollars_of(amount: int) -> Money:
    return money.to_proto(amount * 10**12)


@pytest.mark.parametrize(
    ("percent", "severity"),
    [(50, Severity.INFO), (80, Severity.WARNING), (99, Severity.WARNING), (100, Severity.CRITICAL)],
)
def test_a_threshold_says_how_much_of_what(percent: int, severity: Severity) -> None:
    message = budgets.message(budget_alert(percent=percent))
    assert message is not None
    assert message.title == f"Budget Search: {percent}% used"
    assert message.body.startswith("$812.34 of $1,000.00 is spent.\nPeriod: 2024-09-24 00:00 UTC to ")
    assert (message.severity, message.kind, message.event_id) == (severity, Kind.BUDGET, "alert-1")


def told(kind: int, **fields: Any) -> Message:
    alert = budget_alert(kind=kind)
    alert.MergeFrom(BudgetAlert(**fields))
    message = budgets.message(alert)
    assert message is not None
    return message


def test_every_kind_of_budget_alert_has_words_and_an_unknown_one_has_none() -> None:
    kinds = [kind for kind in BudgetAlert.Kind.values() if kind]
    assert sorted(told(kind).event for kind in kinds) == sorted(budgets.EVENTS)
    assert budgets.message(budget_alert(kind=0)) is None


def test_a_burn_rate_says_over_how_long_and_a_forecast_how_sure() -> None:
    burning = told(BudgetAlert.KIND_BURN_RATE, rule=ThresholdRule(percent=200, window_hours=6))
    assert "Over the last 6 hours money was spent at 200% or more" in burning.body
    forecast = SpendForecast(
        expected=dollars_of(1_200), low=dollars_of(1_100), high=dollars_of(1_500), coverage=0.9, past_error=0.1
    )
    breach = told(BudgetAlert.KIND_FORECAST_BREACH, forecast=forecast)
    assert "$1,200.00 is expected by the period's end (90% sure: $1,100.00 to $1,500.00)" in breach.body


def test_back_below_ends_the_alert_it_takes_back() -> None:
    crossed = told(BudgetAlert.KIND_THRESHOLD_CROSSED)
    back = told(BudgetAlert.KIND_BACK_BELOW, alert_id="alert-2", resolved_alert_id="alert-1")
    assert (back.transition, back.alert_id) == (Transition.RESOLVED, crossed.alert_id)
    assert back.severity is Severity.INFO


def test_a_repaired_sum_says_both_figures_and_a_new_period_its_limit() -> None:
    drift = BudgetDrift(counted=dollars_of(10), ledger=dollars_of(12))
    repaired = told(BudgetAlert.KIND_STATE_REPAIRED, drift=drift)
    assert "had counted $10.00; the ledger says $12.00" in repaired.body
    reset = told(BudgetAlert.KIND_PERIOD_RESET, limit=dollars_of(700))
    assert ("The limit is $700.00." in reset.body, reset.ends_earlier) == (True, True)


def test_a_member_is_named_and_is_its_own_subject_and_team() -> None:
    alert = budget_alert()
    alert.budget.per = "team"
    alert.member = "search"
    message = budgets.message(alert)
    assert message is not None
    assert message.title == "Budget Search (search): 80% used"
    assert (message.subject, message.team) == ("budgets/search/members/search", "search")
    alert.member = ""
    message = budgets.message(alert)
    assert message is not None
    assert "(no team)" in message.title


def test_the_alerts_own_severity_and_labels_win() -> None:
    message = told(
        BudgetAlert.KIND_THRESHOLD_CROSSED, severity=BudgetAlert.SEVERITY_CRITICAL, labels={"team": "ads", "tier": "1"}
    )
    assert message.severity is Severity.CRITICAL
    assert (message.team, message.labels["tier"], message.labels["budget"]) == ("ads", "1", "search")


def test_an_alert_about_a_period_that_is_over_is_as_old_as_its_end() -> None:
    alert = budget_alert()
    alert.period_end_unix_micros = NOW - 40 * DAY
    message = budgets.message(alert)
    assert message is not None
    assert message.event_time == NOW - 40 * DAY


def test_an_anomaly_is_one_alert_from_its_beginning_to_its_end() -> None:
    opened = anomalies.message(anomaly_event(AnomalyEvent.TYPE_OPENED))
    closed = anomalies.message(anomaly_event(AnomalyEvent.TYPE_CLOSED))
    assert opened is not None
    assert closed is not None
    assert opened.title == "Anomaly: cost of model gpt-4o, team search"
    assert opened.body == "Search spends 8x its usual.\n120.5 USD/hour; expected 10 to 20. Impact so far: $250.00."
    assert opened.severity is closed.severity is Severity.CRITICAL
    assert opened.event_time == NOW - HOUR
    updated = anomalies.message(anomaly_event(AnomalyEvent.TYPE_UPDATED))
    assert updated is not None
    assert opened.alert_id == updated.alert_id == closed.alert_id
    assert (updated.transition, closed.transition) == (Transition.UPDATED, Transition.RESOLVED)
    assert closed.body == "Back in its usual range. Impact: $250.00."
    explained = anomaly_event(AnomalyEvent.TYPE_CLOSED)
    explained.anomaly.cause.summary = "Nearly all of it is new use (gpt-5)."
    told = anomalies.message(explained)
    assert told is not None
    assert told.body == "Back in its usual range. Impact: $250.00. Nearly all of it is new use (gpt-5)."
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


def test_a_digest_is_told_once_and_pages_nobody() -> None:
    event = anomaly_event(AnomalyEvent.TYPE_CLOSED, Anomaly.SEVERITY_LOW)
    event.anomaly.channel = Anomaly.CHANNEL_NEW_PAIRS
    event.anomaly.novelties.add(values={"user": "ann", "model": "o3"}, cost=money.to_proto(30 * 10**12))
    digest = anomalies.message(event)
    assert digest is not None
    assert (digest.transition, digest.severity) == (Transition.NOTED, Severity.INFO)
    assert digest.title == "People on models new to them"
    assert digest.body.splitlines()[1:] == ["ann: o3, $30.00"]


@pytest.mark.parametrize("channel", [Anomaly.CHANNEL_RUNAWAY, Anomaly.CHANNEL_KEY_NOVELTY])
def test_what_must_be_stopped_says_so(channel: Anomaly.Channel) -> None:
    event = anomaly_event(AnomalyEvent.TYPE_OPENED)
    event.anomaly.channel = channel
    message = anomalies.message(event)
    assert message is not None and "revoke" in message.advice
