"""Alerts as they are published, and what they say of thresholds."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple
from zoneinfo import ZoneInfo

from finops.budget.v1 import budget_pb2
from finops.budget.v1.budget_pb2 import BudgetAlert, BudgetDrift, SpendForecast

from services.budget.domain.budget import Budget, to_proto
from services.budget.domain.codec import NAME_PREFIX, rule_message
from services.budget.domain.drift import Drift
from services.budget.domain.periods import Period, Window
from services.budget.domain.terms import Basis, ThresholdRule
from services.budget.domain.thresholds import Event, ThresholdKey
from services.common import money
from services.common.clock import Micros, to_datetime
from services.common.money import PICOS_PER_DOLLAR, Picos

RESET = ThresholdRule(Basis.ACTUAL, 0)
"""Stands for the start of a period after one in which a threshold fired: told once, like a threshold."""

WARNING_PERCENT = 80
CRITICAL_PERCENT = 100

_KINDS = {
    Basis.ACTUAL: BudgetAlert.KIND_THRESHOLD_CROSSED,
    Basis.FORECAST: BudgetAlert.KIND_FORECAST_BREACH,
    Basis.BURN_RATE: BudgetAlert.KIND_BURN_RATE,
}
_OF_THRESHOLDS = frozenset({*_KINDS.values(), BudgetAlert.KIND_BACK_BELOW, BudgetAlert.KIND_PERIOD_RESET})


class Reading(NamedTuple):
    """A budget, or one of its members, when an alert is due."""

    window: Window
    member: str | None
    spend: Picos
    """Shadow price included."""
    used: Picos
    """Spend, and what is committed where the budget counts it."""
    limit: Picos
    burned: Picos
    """Of the rule's last hours; only for a burn rate."""
    forecast: SpendForecast
    exhausted: Micros | None


class Told(NamedTuple):
    """What an alert says of a threshold."""

    key: ThresholdKey
    occurrence: int
    event: Event


def told_by(alert: BudgetAlert) -> Told | None:
    """What an alert says of a threshold; None: it is about something else."""
    if alert.kind not in _OF_THRESHOLDS:
        return None
    rule = alert.rule
    rolling = alert.budget.period == budget_pb2.PERIOD_ROLLING
    key = ThresholdKey(
        alert.tenant_id,
        alert.budget.name.removeprefix(NAME_PREFIX),
        alert.budget.create_unix_micros,
        0 if rolling else alert.period_start_unix_micros,
        alert.member if alert.HasField("member") else None,
        Basis(rule.basis),
        rule.percent,
        rule.window_hours,
    )
    event = Event.BACK_BELOW if alert.kind == BudgetAlert.KIND_BACK_BELOW else Event.FIRED
    return Told(key, alert.occurrence, event)


def alert_of(budget: Budget, rule: ThresholdRule, told: Told, reading: Reading, now: Micros) -> BudgetAlert:
    """The alert of an event at a threshold."""
    back_below = told.event is Event.BACK_BELOW
    return BudgetAlert(
        alert_id=told.key.alert_id(told.occurrence, told.event),
        tenant_id=budget.tenant_id,
        kind=_kind(rule, told.event),
        budget=to_proto(budget),
        threshold_percent=rule.percent,
        period_start_unix_micros=reading.window.start,
        period_end_unix_micros=reading.window.end,
        spend=money.to_proto(reading.spend),
        time_unix_micros=now,
        limit=money.to_proto(reading.limit),
        rule=rule_message(rule),
        forecast=reading.forecast,
        exhaust_unix_micros=reading.exhausted or 0,
        severity=_severity(rule, told.event),
        labels=dict(budget.terms.labels),
        reason=_reason(budget, rule, told.event, reading),
        resolved_alert_id=told.key.alert_id(told.occurrence, Event.FIRED) if back_below else "",
        occurrence=told.occurrence,
        member=reading.member,
    )


def repaired(drift: Drift, now: Micros) -> BudgetAlert:
    """A sum differed from the ledger and is being rebuilt."""
    budget, window = drift.budget, drift.window
    identity = [*budget.key, budget.created, window.start, drift.member, drift.counted, drift.ledger]
    message = drift_message(drift, repaired=True)
    who = _who(budget, drift.member)
    return BudgetAlert(
        alert_id=hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest(),
        tenant_id=budget.tenant_id,
        kind=BudgetAlert.KIND_STATE_REPAIRED,
        budget=to_proto(budget),
        period_start_unix_micros=window.start,
        period_end_unix_micros=window.end,
        spend=message.ledger,
        time_unix_micros=now,
        severity=BudgetAlert.SEVERITY_WARNING,
        labels=dict(budget.terms.labels),
        reason=f"{who}: a sum said {_dollars(drift.counted)} where the ledger has {_dollars(drift.ledger)}; it is "
        "being rebuilt.",
        drift=message,
        member=drift.member,
    )


def drift_message(drift: Drift, *, repaired: bool) -> BudgetDrift:
    """As the API shows it."""
    return BudgetDrift(
        name=drift.budget.name,
        member=drift.member,
        period_start_unix_micros=drift.window.start,
        counted=money.to_proto(drift.counted),
        ledger=money.to_proto(drift.ledger),
        repaired=repaired,
    )


def _kind(rule: ThresholdRule, event: Event) -> BudgetAlert.Kind:
    if rule == RESET:
        return BudgetAlert.KIND_PERIOD_RESET
    return BudgetAlert.KIND_BACK_BELOW if event is Event.BACK_BELOW else _KINDS[rule.basis]


def _severity(rule: ThresholdRule, event: Event) -> BudgetAlert.Severity:
    """Money that is gone is critical; money that is nearly gone, or will be, is a warning."""
    if rule == RESET or event is Event.BACK_BELOW:
        return BudgetAlert.SEVERITY_INFO
    match rule.basis:
        case Basis.ACTUAL if rule.percent >= CRITICAL_PERCENT:
            return BudgetAlert.SEVERITY_CRITICAL
        case Basis.ACTUAL if rule.percent < WARNING_PERCENT:
            return BudgetAlert.SEVERITY_INFO
        case Basis.FORECAST if rule.percent < CRITICAL_PERCENT:
            return BudgetAlert.SEVERITY_INFO
    return BudgetAlert.SEVERITY_WARNING


def _reason(budget: Budget, rule: ThresholdRule, event: Event, reading: Reading) -> str:
    who = _who(budget, reading.member)
    limit = f"its limit of {_dollars(reading.limit)} for {_days(budget, reading.window)}"
    if rule == RESET:
        return f"{who}: a new period begins with {limit}."
    match rule.basis:
        case Basis.ACTUAL:
            subject = "spend and commitments" if reading.used != reading.spend else "spend"
            fact = f"{subject} so far, {_dollars(reading.used)}, is {{}} {rule.percent}% of {limit}"
        case Basis.FORECAST:
            expected = _dollars(money.from_proto(reading.forecast.expected))
            fact = f"the spend expected by the end of the period, {expected}, is {{}} {rule.percent}% of {limit}"
        case Basis.BURN_RATE:
            fact = (
                f"spend of the last {rule.window_hours} hours, {_dollars(reading.burned)}, is {{}} {rule.percent}% of "
                f"the rate that would use up {limit}"
            )
    place = "back below" if event is Event.BACK_BELOW else "at least"
    return f"{who}: {fact.format(place)}."


def _who(budget: Budget, member: str | None) -> str:
    name = budget.terms.display_name or budget.budget_id
    return name if member is None else f"{name}, {budget.terms.per} {member or '(none)'}"


def _days(budget: Budget, window: Window) -> str:
    """`1 Nov 2026 to 30 Nov 2026`, in the budget's zone."""
    if budget.terms.period is Period.ROLLING and budget.terms.rolling_window is not None:
        rolling = budget.terms.rolling_window
        return f"the last {rolling.count} {rolling.unit.name.lower()}s"
    zone = ZoneInfo(budget.terms.time_zone)
    first, last = (to_datetime(moment).astimezone(zone) for moment in (window.start, window.end - 1))
    return " to ".join(f"{day.day} {day:%b %Y}" for day in dict.fromkeys((first.date(), last.date())))


def _dollars(amount: Picos) -> str:
    """To the cent, for reading; figures are in the alert's fields."""
    cents = round(abs(amount) * 100 / PICOS_PER_DOLLAR)
    return f"{'-' if amount < 0 and cents else ''}${cents // 100:,}.{cents % 100:02}"
