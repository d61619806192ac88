"""What an owner sets of a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import cached_property

from services.budget.domain.periods import Period
from services.common.clock import Micros
from services.common.money import Picos

DEFAULT_THRESHOLDS = (50, 80, 100)
"""Percent, where a budget names none; the contract's default."""

DEFAULT_BURN_HOURS = 24
"""Over how many last hours a burn rate is taken, where its rule does not say."""


class Enforcement(IntEnum):
    """What happens where a budget would be passed; numbered as `finops.budget.v1.Enforcement`."""

    OBSERVE = 1
    WARN = 2
    BLOCK = 3


class FailureMode(IntEnum):
    """What is decided where the sums are not whole; numbered as `finops.budget.v1.FailureMode`."""

    OPEN = 1
    CLOSED = 2


class DayOfWeek(IntEnum):
    """Numbered as ISO 8601 and `finops.budget.v1.DayOfWeek`."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


class WeekPattern(IntEnum):
    """How many weeks the months of a quarter have; numbered as `finops.budget.v1.WeekPattern`."""

    WEEK_PATTERN_445 = 1
    WEEK_PATTERN_454 = 2
    WEEK_PATTERN_544 = 3


@dataclass(frozen=True)
class Calendar:
    """How weeks, months, quarters and years lie."""

    year_start_month: int = 1
    year_start_day: int = 1
    """At most 28, so that every month has it."""
    week_start: DayOfWeek = DayOfWeek.MONDAY
    week_pattern: WeekPattern | None = None
    """None: months of the calendar."""


@dataclass(frozen=True)
class CustomRange:
    """Local days, both of them within the range."""

    first_day: date
    last_day: date


class RollingUnit(IntEnum):
    """Numbered as `finops.budget.v1.RollingWindow.Unit`."""

    HOUR = 1
    DAY = 2


@dataclass(frozen=True)
class RollingWindow:
    """The last `count` hours or local days, the one under way included."""

    unit: RollingUnit
    count: int


@dataclass(frozen=True)
class CarryOver:
    """What a period hands on to the next."""

    unspent: bool = False
    overspent: bool = False
    maximum: Picos | None = None
    """At most this much either way; None: no limit."""


@dataclass(frozen=True)
class MemberAmount:
    """The amount of one value of the dimension `per`."""

    member: str
    amount: Picos


@dataclass(frozen=True)
class TemporaryIncrease:
    """Holds in [start, expires)."""

    amount: Picos
    start: Micros
    expires: Micros
    reason: str
    author: str
    """Name of the key that asked for it."""
    member: str = ""
    """Only this member's; empty: for all."""

    def holds(self, time: Micros) -> bool:
        return self.start <= time < self.expires

    def concerns(self, member: str | None) -> bool:
        return not self.member or self.member == member


@dataclass(frozen=True)
class AmountChange:
    """The amount from a moment on."""

    effective: Micros
    amount: Picos
    reason: str


class Basis(IntEnum):
    """What a threshold is compared with; numbered as `finops.budget.v1.ThresholdRule.Basis`."""

    ACTUAL = 1
    FORECAST = 2
    BURN_RATE = 3


class Rearm(IntEnum):
    """When a threshold may fire again; numbered as `finops.budget.v1.ThresholdRule.Rearm`."""

    ONCE_PER_PERIOD = 1
    WHEN_BACK_BELOW = 2


@dataclass(frozen=True)
class ThresholdRule:
    """When an alert is due."""

    basis: Basis
    percent: int
    rearm: Rearm = Rearm.ONCE_PER_PERIOD
    window_hours: int = 0
    """BURN_RATE: over how many last hours; 0 for the others."""


@dataclass(frozen=True)
class Terms:
    """What an owner sets."""

    display_name: str
    filter: str
    amount: Picos
    period: Period
    time_zone: str = "UTC"
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    """Percent of the amount, rising; short for rules on actual spend that fire once a period."""
    enforcement: Enforcement = Enforcement.OBSERVE
    parent: str = ""
    """The parent's id; empty: none."""
    per: str = ""
    """The dimension for each of whose values the amount holds; empty: none."""
    member_amounts: tuple[MemberAmount, ...] = ()
    calendar: Calendar = Calendar()
    custom_range: CustomRange | None = None
    """With Period.CUSTOM."""
    rolling_window: RollingWindow | None = None
    """With Period.ROLLING."""
    carry_over: CarryOver = CarryOver()
    increases: tuple[TemporaryIncrease, ...] = ()
    amount_changes: tuple[AmountChange, ...] = ()
    """Rising by the time they take effect."""
    threshold_rules: tuple[ThresholdRule, ...] = ()
    """Those beyond `thresholds`."""
    count_committed: bool = False
    failure_mode: FailureMode = FailureMode.OPEN
    labels: tuple[tuple[str, str], ...] = ()
    """Sorted."""

    @cached_property
    def rules(self) -> Sequence[ThresholdRule]:
        """Every rule on which alerts fire, each once."""
        short = [ThresholdRule(Basis.ACTUAL, percent) for percent in self.thresholds]
        return tuple(dict.fromkeys([*short, *self.threshold_rules]))

    @cached_property
    def moves_with_time(self) -> bool:
        """Whether a threshold may be due although nothing was spent."""
        heading = any(rule.basis is not Basis.ACTUAL for rule in self.rules)
        return heading or bool(self.increases or self.amount_changes or self.count_committed)

    @cached_property
    def amount_by_member(self) -> Mapping[str, Picos]:
        """The amounts of those members that have their own."""
        return {own.member: own.amount for own in self.member_amounts}
