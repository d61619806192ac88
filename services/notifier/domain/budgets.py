"""Budget alerts as messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from finops.budget.v1.budget_pb2 import ENFORCEMENT_BLOCK, PERIOD_ROLLING, BudgetAlert, ThresholdRule
from finops.cost.v1.cost_pb2 import Money

from services.common import money
from services.common.clock import Micros, to_datetime
from services.notifier.domain.message import Fact, Kind, Message, Severity, Transition, dollars

_SEVERITIES = {
    BudgetAlert.SEVERITY_INFO: Severity.INFO,
    BudgetAlert.SEVERITY_WARNING: Severity.WARNING,
    BudgetAlert.SEVERITY_CRITICAL: Severity.CRITICAL,
}
_CUT_BACK = (
    "Look in the console at what grew: by team, model and key. Then raise the budget, or move work to a cheaper model."
)


def message(alert: BudgetAlert) -> Message | None:
    """What is told; None for a kind this version does not know."""
    words = _WORDS.get(alert.kind)
    if words is None:
        return None
    event, tell = words
    title, body, severity, advice = tell(alert)
    return Message(
        tenant_id=alert.tenant_id,
        event_id=alert.alert_id,
        kind=Kind.BUDGET,
        severity=_SEVERITIES.get(alert.severity, severity),
        title=title,
        body=f"{body}\n{_period(alert)}",
        # An alert about a period that is over is as old as its end, whenever it was found.
        event_time=min(alert.time_unix_micros, alert.period_end_unix_micros or alert.time_unix_micros),
        page="budgets",
        event=event,
        transition=_TRANSITIONS.get(alert.kind, Transition.FIRED),
        thread=alert.resolved_alert_id or alert.alert_id,
        subject=_subject(alert),
        team=_team(alert),
        labels=_labels(alert),
        facts=tuple(_facts(alert)),
        figures=dict(_figures(alert)),
        advice=advice,
        period_start=alert.period_start_unix_micros,
        ends_earlier=alert.kind == BudgetAlert.KIND_PERIOD_RESET,
    )


_Told = tuple[str, str, Severity, str]


def _threshold(alert: BudgetAlert) -> _Told:
    percent = alert.threshold_percent
    used_up = percent >= 100
    severity = Severity.CRITICAL if used_up else Severity.WARNING if percent >= 80 else Severity.INFO
    if alert.rule.basis == ThresholdRule.BASIS_FORECAST:
        return _forecast(alert)
    if used_up and alert.budget.enforcement == ENFORCEMENT_BLOCK:
        advice = (
            "Requests that ask this budget first are refused until the period ends. Raise the budget to let them go on."
        )
    else:
        advice = _CUT_BACK if percent >= 80 else ""
    return f"Budget {_name(alert)}: {percent}% used", f"{_spent(alert)}.", severity, advice


def _forecast(alert: BudgetAlert) -> _Told:
    percent = alert.threshold_percent or 100
    if alert.HasField("forecast"):
        expected = f"{_dollars(alert.forecast.expected)} is expected by the period's end{_interval(alert)}"
    else:
        expected = "the forecast for the period's end is above the limit"
    above = "on course to be exceeded" if percent == 100 else f"on course for {percent}%"
    return f"Budget {_name(alert)}: {above}", f"{_spent(alert)}, and {expected}.", Severity.WARNING, _CUT_BACK


def _burn_rate(alert: BudgetAlert) -> _Told:
    hours = alert.rule.window_hours or 24
    percent = alert.rule.percent or alert.threshold_percent
    body = (
        f"Over the last {hours} hours money was spent at {percent}% or more of the rate that would use the budget up "
        f"exactly at the period's end. {_spent(alert)}."
    )
    return f"Budget {_name(alert)}: spending too fast", body, Severity.WARNING, _CUT_BACK


def _back_below(alert: BudgetAlert) -> _Told:
    percent = alert.threshold_percent or alert.rule.percent
    return (
        f"Budget {_name(alert)}: back below {percent}%",
        f"A correction brought spend back below {percent}%: {_spent(alert)}. The earlier alert no longer holds.",
        Severity.INFO,
        "",
    )


def _reset(alert: BudgetAlert) -> _Told:
    return f"Budget {_name(alert)}: a new period began", f"The limit is {_dollars(_limit(alert))}.", Severity.INFO, ""


def _repaired(alert: BudgetAlert) -> _Told:
    drift = alert.drift
    body = (
        f"The budget had counted {_dollars(drift.counted)}; the ledger says {_dollars(drift.ledger)}. "
        "The ledger's sum counts from now on."
    )
    advice = "Nothing needs to be done. If it happens again, tell whoever runs the platform."
    return f"Budget {_name(alert)}: its sum was put right", body, Severity.WARNING, advice


_WORDS: Mapping[int, tuple[str, Callable[[BudgetAlert], _Told]]] = {
    BudgetAlert.KIND_THRESHOLD_CROSSED: ("threshold_crossed", _threshold),
    BudgetAlert.KIND_FORECAST_BREACH: ("forecast_breach", _forecast),
    BudgetAlert.KIND_BURN_RATE: ("burn_rate", _burn_rate),
    BudgetAlert.KIND_BACK_BELOW: ("back_below", _back_below),
    BudgetAlert.KIND_PERIOD_RESET: ("period_reset", _reset),
    BudgetAlert.KIND_STATE_REPAIRED: ("state_repaired", _repaired),
}
EVENTS = tuple(event for event, _ in _WORDS.values())
_TRANSITIONS = {
    BudgetAlert.KIND_BACK_BELOW: Transition.RESOLVED,
    BudgetAlert.KIND_PERIOD_RESET: Transition.NOTED,
    BudgetAlert.KIND_STATE_REPAIRED: Transition.NOTED,
}


def _facts(alert: BudgetAlert) -> Iterator[Fact]:
    if alert.HasField("forecast") and alert.kind not in (
        BudgetAlert.KIND_FORECAST_BREACH,
        BudgetAlert.KIND_PERIOD_RESET,
    ):
        yield Fact("Expected by the period's end", f"{_dollars(alert.forecast.expected)}{_interval(alert)}")
    if alert.exhaust_unix_micros:
        yield Fact("Used up, if it goes on like this", _local(alert, alert.exhaust_unix_micros))
    if alert.budget.filter:
        yield Fact("What counts", alert.budget.filter)


def _figures(alert: BudgetAlert) -> Iterator[tuple[str, str]]:
    yield "spent", _dollars(alert.spend)
    yield "limit", _dollars(_limit(alert))
    yield "percent", str(alert.threshold_percent or alert.rule.percent)
    yield "period_start", _local(alert, alert.period_start_unix_micros)
    yield "period_end", _local(alert, alert.period_end_unix_micros)
    if alert.HasField("forecast"):
        yield "forecast", _dollars(alert.forecast.expected)
    if alert.exhaust_unix_micros:
        yield "used_up", _local(alert, alert.exhaust_unix_micros)
    if alert.HasField("member"):
        yield "member", _member(alert)


def _name(alert: BudgetAlert) -> str:
    name = alert.budget.display_name or alert.budget.name
    return f"{name} ({_member(alert)})" if alert.HasField("member") else name


def _member(alert: BudgetAlert) -> str:
    return alert.member or f"no {(alert.budget.per or 'member').removeprefix('tag:')}"


def _subject(alert: BudgetAlert) -> str:
    return f"{alert.budget.name}/members/{alert.member}" if alert.HasField("member") else alert.budget.name


def _team(alert: BudgetAlert) -> str:
    if alert.budget.per == "team" and alert.HasField("member"):
        return alert.member
    return _labels(alert).get("team", "")


def _labels(alert: BudgetAlert) -> dict[str, str]:
    labels = {**alert.budget.labels, **alert.labels, "budget": alert.budget.name.removeprefix("budgets/")}
    if alert.HasField("member"):
        labels["member"] = alert.member
    return labels


def _limit(alert: BudgetAlert) -> Money:
    return alert.limit if alert.HasField("limit") else alert.budget.amount


def _spent(alert: BudgetAlert) -> str:
    return f"{_dollars(alert.spend)} of {_dollars(_limit(alert))} is spent"


def _interval(alert: BudgetAlert) -> str:
    forecast = alert.forecast
    if not forecast.coverage or not (forecast.HasField("low") and forecast.HasField("high")):
        return ""
    return f" ({forecast.coverage:.0%} sure: {_dollars(forecast.low)} to {_dollars(forecast.high)})"


def _period(alert: BudgetAlert) -> str:
    start, end = (_local(alert, at) for at in (alert.period_start_unix_micros, alert.period_end_unix_micros))
    rolling = alert.budget.period == PERIOD_ROLLING
    return f"{'Window' if rolling else 'Period'}: {start} to {end}."


def _local(alert: BudgetAlert, at: Micros) -> str:
    moment = to_datetime(at)
    if alert.budget.time_zone:
        try:
            return _written(moment.astimezone(ZoneInfo(alert.budget.time_zone)), alert.budget.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
            pass
    return _written(moment, "UTC")


def _written(moment: datetime, zone: str) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {zone}"


def _dollars(amount: Money) -> str:
    return dollars(money.from_proto(amount))
