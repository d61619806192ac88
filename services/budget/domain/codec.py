"""A budget's terms as `finops.budget.v1.Budget` and back."""

from __future__ import annotations

from datetime import date

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.periods import Period
from services.budget.domain.terms import (
    DEFAULT_BURN_HOURS,
    DEFAULT_THRESHOLDS,
    AmountChange,
    Basis,
    Calendar,
    CarryOver,
    CustomRange,
    DayOfWeek,
    Enforcement,
    FailureMode,
    MemberAmount,
    Rearm,
    RollingUnit,
    RollingWindow,
    TemporaryIncrease,
    Terms,
    ThresholdRule,
    WeekPattern,
)
from services.common import money

NAME_PREFIX = "budgets/"


def terms_of(message: pb.Budget) -> Terms:
    """The terms of a message that keeps the rules (see `rules.check`); defaults stand where it leaves something out.

    Raises:
        ValueError: it does not keep them.
    """
    return Terms(
        display_name=message.display_name,
        filter=message.filter,
        amount=money.from_proto(message.amount),
        period=Period(message.period),
        time_zone=message.time_zone or "UTC",
        thresholds=tuple(message.threshold_percents) or DEFAULT_THRESHOLDS,
        enforcement=Enforcement(message.enforcement or Enforcement.OBSERVE),
        parent=message.parent.removeprefix(NAME_PREFIX),
        per=message.per,
        member_amounts=tuple(MemberAmount(m.member, money.from_proto(m.amount)) for m in message.member_amounts),
        calendar=_calendar(message.calendar),
        custom_range=_custom_range(message.custom_range) if message.HasField("custom_range") else None,
        rolling_window=_rolling_window(message.rolling_window) if message.HasField("rolling_window") else None,
        carry_over=_carry_over(message.carry_over),
        increases=tuple(map(_increase, message.increases)),
        amount_changes=tuple(sorted(map(_amount_change, message.amount_changes), key=lambda c: c.effective)),
        threshold_rules=tuple(map(rule_of, message.threshold_rules)),
        count_committed=message.count_committed,
        failure_mode=FailureMode(message.failure_mode or FailureMode.OPEN),
        labels=tuple(sorted(message.labels.items())),
    )


def message_of(terms: Terms) -> pb.Budget:
    """The message with these terms. `terms_of` gives them back."""
    return pb.Budget(
        display_name=terms.display_name,
        filter=terms.filter,
        amount=money.to_proto(terms.amount),
        period=f"PERIOD_{terms.period.name}",
        time_zone=terms.time_zone,
        threshold_percents=terms.thresholds,
        enforcement=f"ENFORCEMENT_{terms.enforcement.name}",
        parent=NAME_PREFIX + terms.parent if terms.parent else "",
        per=terms.per,
        member_amounts=[
            pb.MemberAmount(member=own.member, amount=money.to_proto(own.amount)) for own in terms.member_amounts
        ],
        calendar=_calendar_message(terms.calendar) if terms.calendar != Calendar() else None,
        custom_range=_custom_range_message(terms.custom_range) if terms.custom_range else None,
        rolling_window=_rolling_window_message(terms.rolling_window) if terms.rolling_window else None,
        carry_over=_carry_over_message(terms.carry_over) if terms.carry_over != CarryOver() else None,
        increases=map(_increase_message, terms.increases),
        amount_changes=[
            pb.AmountChange(
                effective_unix_micros=change.effective, amount=money.to_proto(change.amount), reason=change.reason
            )
            for change in terms.amount_changes
        ],
        threshold_rules=map(rule_message, terms.threshold_rules),
        count_committed=terms.count_committed,
        failure_mode=f"FAILURE_MODE_{terms.failure_mode.name}",
        labels=dict(terms.labels),
    )


def rule_of(message: pb.ThresholdRule) -> ThresholdRule:
    """A threshold's rule, its defaults made plain."""
    basis = Basis(message.basis or Basis.ACTUAL)
    hours = message.window_hours or DEFAULT_BURN_HOURS
    return ThresholdRule(
        basis,
        message.percent,
        Rearm(message.rearm or Rearm.ONCE_PER_PERIOD),
        hours if basis is Basis.BURN_RATE else 0,
    )


def rule_message(rule: ThresholdRule) -> pb.ThresholdRule:
    return pb.ThresholdRule(
        basis=f"BASIS_{rule.basis.name}",
        percent=rule.percent,
        rearm=f"REARM_{rule.rearm.name}",
        window_hours=rule.window_hours,
    )


def _calendar_message(calendar: Calendar) -> pb.Calendar:
    return pb.Calendar(
        year_start_month=calendar.year_start_month,
        year_start_day=calendar.year_start_day,
        week_start=f"DAY_OF_WEEK_{calendar.week_start.name}",
        week_pattern=calendar.week_pattern.name if calendar.week_pattern else None,
    )


def _custom_range_message(custom_range: CustomRange) -> pb.CustomRange:
    return pb.CustomRange(first_day=custom_range.first_day.isoformat(), last_day=custom_range.last_day.isoformat())


def _rolling_window_message(rolling: RollingWindow) -> pb.RollingWindow:
    return pb.RollingWindow(unit=f"UNIT_{rolling.unit.name}", count=rolling.count)


def _carry_over_message(carry_over: CarryOver) -> pb.CarryOver:
    maximum = None if carry_over.maximum is None else money.to_proto(carry_over.maximum)
    return pb.CarryOver(unspent=carry_over.unspent, overspent=carry_over.overspent, maximum=maximum)


def _increase_message(increase: TemporaryIncrease) -> pb.TemporaryIncrease:
    return pb.TemporaryIncrease(
        amount=money.to_proto(increase.amount),
        start_unix_micros=increase.start,
        expire_unix_micros=increase.expires,
        reason=increase.reason,
        author=increase.author,
        member=increase.member,
    )


def _increase(message: pb.TemporaryIncrease) -> TemporaryIncrease:
    return TemporaryIncrease(
        money.from_proto(message.amount),
        message.start_unix_micros,
        message.expire_unix_micros,
        message.reason,
        message.author,
        message.member,
    )


def _amount_change(message: pb.AmountChange) -> AmountChange:
    return AmountChange(message.effective_unix_micros, money.from_proto(message.amount), message.reason)


def _calendar(message: pb.Calendar) -> Calendar:
    return Calendar(
        message.year_start_month or 1,
        message.year_start_day or 1,
        DayOfWeek(message.week_start or DayOfWeek.MONDAY),
        WeekPattern(message.week_pattern) if message.week_pattern else None,
    )


def _custom_range(message: pb.CustomRange) -> CustomRange:
    return CustomRange(date.fromisoformat(message.first_day), date.fromisoformat(message.last_day))


def _rolling_window(message: pb.RollingWindow) -> RollingWindow:
    return RollingWindow(RollingUnit(message.unit), message.count)


def _carry_over(message: pb.CarryOver) -> CarryOver:
    maximum = money.from_proto(message.maximum) if message.HasField("maximum") else None
    return CarryOver(message.unspent, message.overspent, maximum)
