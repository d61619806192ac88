from finops.cost.v1 import cost_pb2 as _cost_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DayOfWeek(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DAY_OF_WEEK_UNSPECIFIED: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_MONDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_TUESDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_WEDNESDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_THURSDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_FRIDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_SATURDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_SUNDAY: _ClassVar[DayOfWeek]

class WeekPattern(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WEEK_PATTERN_UNSPECIFIED: _ClassVar[WeekPattern]
    WEEK_PATTERN_445: _ClassVar[WeekPattern]
    WEEK_PATTERN_454: _ClassVar[WeekPattern]
    WEEK_PATTERN_544: _ClassVar[WeekPattern]

class FailureMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FAILURE_MODE_UNSPECIFIED: _ClassVar[FailureMode]
    FAILURE_MODE_OPEN: _ClassVar[FailureMode]
    FAILURE_MODE_CLOSED: _ClassVar[FailureMode]

class Period(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERIOD_UNSPECIFIED: _ClassVar[Period]
    PERIOD_DAY: _ClassVar[Period]
    PERIOD_WEEK: _ClassVar[Period]
    PERIOD_MONTH: _ClassVar[Period]
    PERIOD_QUARTER: _ClassVar[Period]
    PERIOD_YEAR: _ClassVar[Period]
    PERIOD_CUSTOM: _ClassVar[Period]
    PERIOD_ROLLING: _ClassVar[Period]

class Enforcement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENFORCEMENT_UNSPECIFIED: _ClassVar[Enforcement]
    ENFORCEMENT_OBSERVE: _ClassVar[Enforcement]
    ENFORCEMENT_WARN: _ClassVar[Enforcement]
    ENFORCEMENT_BLOCK: _ClassVar[Enforcement]
DAY_OF_WEEK_UNSPECIFIED: DayOfWeek
DAY_OF_WEEK_MONDAY: DayOfWeek
DAY_OF_WEEK_TUESDAY: DayOfWeek
DAY_OF_WEEK_WEDNESDAY: DayOfWeek
DAY_OF_WEEK_THURSDAY: DayOfWeek
DAY_OF_WEEK_FRIDAY: DayOfWeek
DAY_OF_WEEK_SATURDAY: DayOfWeek
DAY_OF_WEEK_SUNDAY: DayOfWeek
WEEK_PATTERN_UNSPECIFIED: WeekPattern
WEEK_PATTERN_445: WeekPattern
WEEK_PATTERN_454: WeekPattern
WEEK_PATTERN_544: WeekPattern
FAILURE_MODE_UNSPECIFIED: FailureMode
FAILURE_MODE_OPEN: FailureMode
FAILURE_MODE_CLOSED: FailureMode
PERIOD_UNSPECIFIED: Period
PERIOD_DAY: Period
PERIOD_WEEK: Period
PERIOD_MONTH: Period
PERIOD_QUARTER: Period
PERIOD_YEAR: Period
PERIOD_CUSTOM: Period
PERIOD_ROLLING: Period
ENFORCEMENT_UNSPECIFIED: Enforcement
ENFORCEMENT_OBSERVE: Enforcement
ENFORCEMENT_WARN: Enforcement
ENFORCEMENT_BLOCK: Enforcement

class Budget(_message.Message):
    __slots__ = ("name", "display_name", "filter", "amount", "period", "time_zone", "threshold_percents", "enforcement", "create_unix_micros", "update_unix_micros", "etag", "parent", "per", "member_amounts", "calendar", "custom_range", "rolling_window", "carry_over", "increases", "amount_changes", "threshold_rules", "count_committed", "failure_mode", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_PERCENTS_FIELD_NUMBER: _ClassVar[int]
    ENFORCEMENT_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PER_FIELD_NUMBER: _ClassVar[int]
    MEMBER_AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    CALENDAR_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_RANGE_FIELD_NUMBER: _ClassVar[int]
    ROLLING_WINDOW_FIELD_NUMBER: _ClassVar[int]
    CARRY_OVER_FIELD_NUMBER: _ClassVar[int]
    INCREASES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_CHANGES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_RULES_FIELD_NUMBER: _ClassVar[int]
    COUNT_COMMITTED_FIELD_NUMBER: _ClassVar[int]
    FAILURE_MODE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    filter: str
    amount: _cost_pb2.Money
    period: Period
    time_zone: str
    threshold_percents: _containers.RepeatedScalarFieldContainer[int]
    enforcement: Enforcement
    create_unix_micros: int
    update_unix_micros: int
    etag: str
    parent: str
    per: str
    member_amounts: _containers.RepeatedCompositeFieldContainer[MemberAmount]
    calendar: Calendar
    custom_range: CustomRange
    rolling_window: RollingWindow
    carry_over: CarryOver
    increases: _containers.RepeatedCompositeFieldContainer[TemporaryIncrease]
    amount_changes: _containers.RepeatedCompositeFieldContainer[AmountChange]
    threshold_rules: _containers.RepeatedCompositeFieldContainer[ThresholdRule]
    count_committed: bool
    failure_mode: FailureMode
    labels: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., filter: _Optional[str] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., period: _Optional[_Union[Period, str]] = ..., time_zone: _Optional[str] = ..., threshold_percents: _Optional[_Iterable[int]] = ..., enforcement: _Optional[_Union[Enforcement, str]] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., etag: _Optional[str] = ..., parent: _Optional[str] = ..., per: _Optional[str] = ..., member_amounts: _Optional[_Iterable[_Union[MemberAmount, _Mapping]]] = ..., calendar: _Optional[_Union[Calendar, _Mapping]] = ..., custom_range: _Optional[_Union[CustomRange, _Mapping]] = ..., rolling_window: _Optional[_Union[RollingWindow, _Mapping]] = ..., carry_over: _Optional[_Union[CarryOver, _Mapping]] = ..., increases: _Optional[_Iterable[_Union[TemporaryIncrease, _Mapping]]] = ..., amount_changes: _Optional[_Iterable[_Union[AmountChange, _Mapping]]] = ..., threshold_rules: _Optional[_Iterable[_Union[ThresholdRule, _Mapping]]] = ..., count_committed: _Optional[bool] = ..., failure_mode: _Optional[_Union[FailureMode, str]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class MemberAmount(_message.Message):
    __slots__ = ("member", "amount")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    member: str
    amount: _cost_pb2.Money
    def __init__(self, member: _Optional[str] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class Calendar(_message.Message):
    __slots__ = ("year_start_month", "year_start_day", "week_start", "week_pattern")
    YEAR_START_MONTH_FIELD_NUMBER: _ClassVar[int]
    YEAR_START_DAY_FIELD_NUMBER: _ClassVar[int]
    WEEK_START_FIELD_NUMBER: _ClassVar[int]
    WEEK_PATTERN_FIELD_NUMBER: _ClassVar[int]
    year_start_month: int
    year_start_day: int
    week_start: DayOfWeek
    week_pattern: WeekPattern
    def __init__(self, year_start_month: _Optional[int] = ..., year_start_day: _Optional[int] = ..., week_start: _Optional[_Union[DayOfWeek, str]] = ..., week_pattern: _Optional[_Union[WeekPattern, str]] = ...) -> None: ...

class CustomRange(_message.Message):
    __slots__ = ("first_day", "last_day")
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    first_day: str
    last_day: str
    def __init__(self, first_day: _Optional[str] = ..., last_day: _Optional[str] = ...) -> None: ...

class RollingWindow(_message.Message):
    __slots__ = ("unit", "count")
    class Unit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNIT_UNSPECIFIED: _ClassVar[RollingWindow.Unit]
        UNIT_HOUR: _ClassVar[RollingWindow.Unit]
        UNIT_DAY: _ClassVar[RollingWindow.Unit]
    UNIT_UNSPECIFIED: RollingWindow.Unit
    UNIT_HOUR: RollingWindow.Unit
    UNIT_DAY: RollingWindow.Unit
    UNIT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    unit: RollingWindow.Unit
    count: int
    def __init__(self, unit: _Optional[_Union[RollingWindow.Unit, str]] = ..., count: _Optional[int] = ...) -> None: ...

class CarryOver(_message.Message):
    __slots__ = ("unspent", "overspent", "maximum")
    UNSPENT_FIELD_NUMBER: _ClassVar[int]
    OVERSPENT_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    unspent: bool
    overspent: bool
    maximum: _cost_pb2.Money
    def __init__(self, unspent: _Optional[bool] = ..., overspent: _Optional[bool] = ..., maximum: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class TemporaryIncrease(_message.Message):
    __slots__ = ("amount", "start_unix_micros", "expire_unix_micros", "reason", "author", "member")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    amount: _cost_pb2.Money
    start_unix_micros: int
    expire_unix_micros: int
    reason: str
    author: str
    member: str
    def __init__(self, amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., start_unix_micros: _Optional[int] = ..., expire_unix_micros: _Optional[int] = ..., reason: _Optional[str] = ..., author: _Optional[str] = ..., member: _Optional[str] = ...) -> None: ...

class AmountChange(_message.Message):
    __slots__ = ("effective_unix_micros", "amount", "reason")
    EFFECTIVE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    effective_unix_micros: int
    amount: _cost_pb2.Money
    reason: str
    def __init__(self, effective_unix_micros: _Optional[int] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ThresholdRule(_message.Message):
    __slots__ = ("basis", "percent", "rearm", "window_hours")
    class Basis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BASIS_UNSPECIFIED: _ClassVar[ThresholdRule.Basis]
        BASIS_ACTUAL: _ClassVar[ThresholdRule.Basis]
        BASIS_FORECAST: _ClassVar[ThresholdRule.Basis]
        BASIS_BURN_RATE: _ClassVar[ThresholdRule.Basis]
    BASIS_UNSPECIFIED: ThresholdRule.Basis
    BASIS_ACTUAL: ThresholdRule.Basis
    BASIS_FORECAST: ThresholdRule.Basis
    BASIS_BURN_RATE: ThresholdRule.Basis
    class Rearm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REARM_UNSPECIFIED: _ClassVar[ThresholdRule.Rearm]
        REARM_ONCE_PER_PERIOD: _ClassVar[ThresholdRule.Rearm]
        REARM_WHEN_BACK_BELOW: _ClassVar[ThresholdRule.Rearm]
    REARM_UNSPECIFIED: ThresholdRule.Rearm
    REARM_ONCE_PER_PERIOD: ThresholdRule.Rearm
    REARM_WHEN_BACK_BELOW: ThresholdRule.Rearm
    BASIS_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    REARM_FIELD_NUMBER: _ClassVar[int]
    WINDOW_HOURS_FIELD_NUMBER: _ClassVar[int]
    basis: ThresholdRule.Basis
    percent: int
    rearm: ThresholdRule.Rearm
    window_hours: int
    def __init__(self, basis: _Optional[_Union[ThresholdRule.Basis, str]] = ..., percent: _Optional[int] = ..., rearm: _Optional[_Union[ThresholdRule.Rearm, str]] = ..., window_hours: _Optional[int] = ...) -> None: ...

class BudgetStatus(_message.Message):
    __slots__ = ("budget", "period_start_unix_micros", "period_end_unix_micros", "actual", "shadow", "held", "remaining", "forecast", "used_ratio", "thresholds", "rebuilding", "update_unix_micros", "limit", "carried_over", "increased", "settled", "committed", "forecast_detail", "burn_per_day", "burn_ratio", "exhaust_unix_micros", "member", "members", "members_over")
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    FORECAST_FIELD_NUMBER: _ClassVar[int]
    USED_RATIO_FIELD_NUMBER: _ClassVar[int]
    THRESHOLDS_FIELD_NUMBER: _ClassVar[int]
    REBUILDING_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CARRIED_OVER_FIELD_NUMBER: _ClassVar[int]
    INCREASED_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    FORECAST_DETAIL_FIELD_NUMBER: _ClassVar[int]
    BURN_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    BURN_RATIO_FIELD_NUMBER: _ClassVar[int]
    EXHAUST_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_OVER_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    period_start_unix_micros: int
    period_end_unix_micros: int
    actual: _cost_pb2.Money
    shadow: _cost_pb2.Money
    held: _cost_pb2.Money
    remaining: _cost_pb2.Money
    forecast: _cost_pb2.Money
    used_ratio: float
    thresholds: _containers.RepeatedCompositeFieldContainer[ThresholdStatus]
    rebuilding: bool
    update_unix_micros: int
    limit: _cost_pb2.Money
    carried_over: _cost_pb2.Money
    increased: _cost_pb2.Money
    settled: _cost_pb2.Money
    committed: _cost_pb2.Money
    forecast_detail: SpendForecast
    burn_per_day: _cost_pb2.Money
    burn_ratio: float
    exhaust_unix_micros: int
    member: str
    members: int
    members_over: int
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ..., period_start_unix_micros: _Optional[int] = ..., period_end_unix_micros: _Optional[int] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., held: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., remaining: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., forecast: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., used_ratio: _Optional[float] = ..., thresholds: _Optional[_Iterable[_Union[ThresholdStatus, _Mapping]]] = ..., rebuilding: _Optional[bool] = ..., update_unix_micros: _Optional[int] = ..., limit: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., carried_over: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., increased: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., settled: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., committed: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., forecast_detail: _Optional[_Union[SpendForecast, _Mapping]] = ..., burn_per_day: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., burn_ratio: _Optional[float] = ..., exhaust_unix_micros: _Optional[int] = ..., member: _Optional[str] = ..., members: _Optional[int] = ..., members_over: _Optional[int] = ...) -> None: ...

class SpendForecast(_message.Message):
    __slots__ = ("expected", "low", "high", "coverage", "past_error", "method", "history_hours", "tested_hours")
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    PAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HISTORY_HOURS_FIELD_NUMBER: _ClassVar[int]
    TESTED_HOURS_FIELD_NUMBER: _ClassVar[int]
    expected: _cost_pb2.Money
    low: _cost_pb2.Money
    high: _cost_pb2.Money
    coverage: float
    past_error: float
    method: str
    history_hours: int
    tested_hours: int
    def __init__(self, expected: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., low: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., high: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., coverage: _Optional[float] = ..., past_error: _Optional[float] = ..., method: _Optional[str] = ..., history_hours: _Optional[int] = ..., tested_hours: _Optional[int] = ...) -> None: ...

class ThresholdStatus(_message.Message):
    __slots__ = ("percent", "crossed_unix_micros", "rule", "back_below_unix_micros")
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    CROSSED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    BACK_BELOW_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    percent: int
    crossed_unix_micros: int
    rule: ThresholdRule
    back_below_unix_micros: int
    def __init__(self, percent: _Optional[int] = ..., crossed_unix_micros: _Optional[int] = ..., rule: _Optional[_Union[ThresholdRule, _Mapping]] = ..., back_below_unix_micros: _Optional[int] = ...) -> None: ...

class CreateBudgetRequest(_message.Message):
    __slots__ = ("budget", "budget_id")
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    BUDGET_ID_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    budget_id: str
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ..., budget_id: _Optional[str] = ...) -> None: ...

class CreateBudgetResponse(_message.Message):
    __slots__ = ("budget",)
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...

class GetBudgetRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetBudgetResponse(_message.Message):
    __slots__ = ("budget",)
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...

class ListBudgetsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListBudgetsResponse(_message.Message):
    __slots__ = ("budgets", "next_page_token")
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    budgets: _containers.RepeatedCompositeFieldContainer[Budget]
    next_page_token: str
    def __init__(self, budgets: _Optional[_Iterable[_Union[Budget, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateBudgetRequest(_message.Message):
    __slots__ = ("budget", "update_mask")
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateBudgetResponse(_message.Message):
    __slots__ = ("budget",)
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...

class DeleteBudgetRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteBudgetResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBudgetStatusRequest(_message.Message):
    __slots__ = ("name", "member")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    name: str
    member: str
    def __init__(self, name: _Optional[str] = ..., member: _Optional[str] = ...) -> None: ...

class GetBudgetStatusResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: BudgetStatus
    def __init__(self, status: _Optional[_Union[BudgetStatus, _Mapping]] = ...) -> None: ...

class WatchBudgetStatusRequest(_message.Message):
    __slots__ = ("names", "include_members")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_MEMBERS_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    include_members: bool
    def __init__(self, names: _Optional[_Iterable[str]] = ..., include_members: _Optional[bool] = ...) -> None: ...

class WatchBudgetStatusResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: BudgetStatus
    def __init__(self, status: _Optional[_Union[BudgetStatus, _Mapping]] = ...) -> None: ...

class SpendIntent(_message.Message):
    __slots__ = ("dimensions", "estimate")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    dimensions: _containers.ScalarMap[str, str]
    estimate: _cost_pb2.Money
    def __init__(self, dimensions: _Optional[_Mapping[str, str]] = ..., estimate: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class CheckRequest(_message.Message):
    __slots__ = ("intent",)
    INTENT_FIELD_NUMBER: _ClassVar[int]
    intent: SpendIntent
    def __init__(self, intent: _Optional[_Union[SpendIntent, _Mapping]] = ...) -> None: ...

class CheckResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("allowed", "budgets", "reason", "deciding_budget", "retry_unix_micros")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DECIDING_BUDGET_FIELD_NUMBER: _ClassVar[int]
    RETRY_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetHeadroom]
    reason: str
    deciding_budget: str
    retry_unix_micros: int
    def __init__(self, allowed: _Optional[bool] = ..., budgets: _Optional[_Iterable[_Union[BudgetHeadroom, _Mapping]]] = ..., reason: _Optional[str] = ..., deciding_budget: _Optional[str] = ..., retry_unix_micros: _Optional[int] = ...) -> None: ...

class BudgetHeadroom(_message.Message):
    __slots__ = ("name", "remaining", "would_exceed", "enforcement", "limit", "period_end_unix_micros", "member", "rebuilding", "display_name")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    WOULD_EXCEED_FIELD_NUMBER: _ClassVar[int]
    ENFORCEMENT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    REBUILDING_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    remaining: _cost_pb2.Money
    would_exceed: bool
    enforcement: Enforcement
    limit: _cost_pb2.Money
    period_end_unix_micros: int
    member: str
    rebuilding: bool
    display_name: str
    def __init__(self, name: _Optional[str] = ..., remaining: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., would_exceed: _Optional[bool] = ..., enforcement: _Optional[_Union[Enforcement, str]] = ..., limit: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., period_end_unix_micros: _Optional[int] = ..., member: _Optional[str] = ..., rebuilding: _Optional[bool] = ..., display_name: _Optional[str] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("request_id", "intent", "ttl_seconds")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    intent: SpendIntent
    ttl_seconds: int
    def __init__(self, request_id: _Optional[str] = ..., intent: _Optional[_Union[SpendIntent, _Mapping]] = ..., ttl_seconds: _Optional[int] = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("decision", "expire_unix_micros")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    expire_unix_micros: int
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ..., expire_unix_micros: _Optional[int] = ...) -> None: ...

class SettleRequest(_message.Message):
    __slots__ = ("request_id", "actual", "event_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    actual: _cost_pb2.Money
    event_id: str
    def __init__(self, request_id: _Optional[str] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., event_id: _Optional[str] = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ("state",)
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[SettleResponse.State]
        STATE_SETTLED: _ClassVar[SettleResponse.State]
        STATE_COUNTED: _ClassVar[SettleResponse.State]
        STATE_UNKNOWN: _ClassVar[SettleResponse.State]
    STATE_UNSPECIFIED: SettleResponse.State
    STATE_SETTLED: SettleResponse.State
    STATE_COUNTED: SettleResponse.State
    STATE_UNKNOWN: SettleResponse.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: SettleResponse.State
    def __init__(self, state: _Optional[_Union[SettleResponse.State, str]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListMemberStatusesRequest(_message.Message):
    __slots__ = ("name", "page_size", "page_token", "only_over")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ONLY_OVER_FIELD_NUMBER: _ClassVar[int]
    name: str
    page_size: int
    page_token: str
    only_over: bool
    def __init__(self, name: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., only_over: _Optional[bool] = ...) -> None: ...

class ListMemberStatusesResponse(_message.Message):
    __slots__ = ("statuses", "next_page_token")
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedCompositeFieldContainer[BudgetStatus]
    next_page_token: str
    def __init__(self, statuses: _Optional[_Iterable[_Union[BudgetStatus, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListHoldsRequest(_message.Message):
    __slots__ = ("name", "page_size", "page_token")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    page_size: int
    page_token: str
    def __init__(self, name: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListHoldsResponse(_message.Message):
    __slots__ = ("holds", "next_page_token")
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    holds: _containers.RepeatedCompositeFieldContainer[Hold]
    next_page_token: str
    def __init__(self, holds: _Optional[_Iterable[_Union[Hold, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Hold(_message.Message):
    __slots__ = ("request_id", "intent", "amount", "settled", "create_unix_micros", "expire_unix_micros", "event_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    intent: SpendIntent
    amount: _cost_pb2.Money
    settled: bool
    create_unix_micros: int
    expire_unix_micros: int
    event_id: str
    def __init__(self, request_id: _Optional[str] = ..., intent: _Optional[_Union[SpendIntent, _Mapping]] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., settled: _Optional[bool] = ..., create_unix_micros: _Optional[int] = ..., expire_unix_micros: _Optional[int] = ..., event_id: _Optional[str] = ...) -> None: ...

class ForecastSpendRequest(_message.Message):
    __slots__ = ("filter", "start_unix_micros", "end_unix_micros", "time_zone")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    filter: str
    start_unix_micros: int
    end_unix_micros: int
    time_zone: str
    def __init__(self, filter: _Optional[str] = ..., start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., time_zone: _Optional[str] = ...) -> None: ...

class ForecastSpendResponse(_message.Message):
    __slots__ = ("forecast", "points")
    FORECAST_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    forecast: SpendForecast
    points: _containers.RepeatedCompositeFieldContainer[ForecastPoint]
    def __init__(self, forecast: _Optional[_Union[SpendForecast, _Mapping]] = ..., points: _Optional[_Iterable[_Union[ForecastPoint, _Mapping]]] = ...) -> None: ...

class ForecastPoint(_message.Message):
    __slots__ = ("time_unix_micros", "actual", "expected", "low", "high")
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    time_unix_micros: int
    actual: _cost_pb2.Money
    expected: _cost_pb2.Money
    low: _cost_pb2.Money
    high: _cost_pb2.Money
    def __init__(self, time_unix_micros: _Optional[int] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., expected: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., low: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., high: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class ReconcileBudgetsRequest(_message.Message):
    __slots__ = ("names", "dry_run")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    dry_run: bool
    def __init__(self, names: _Optional[_Iterable[str]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class ReconcileBudgetsResponse(_message.Message):
    __slots__ = ("checked", "drifts")
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    DRIFTS_FIELD_NUMBER: _ClassVar[int]
    checked: int
    drifts: _containers.RepeatedCompositeFieldContainer[BudgetDrift]
    def __init__(self, checked: _Optional[int] = ..., drifts: _Optional[_Iterable[_Union[BudgetDrift, _Mapping]]] = ...) -> None: ...

class BudgetDrift(_message.Message):
    __slots__ = ("name", "member", "period_start_unix_micros", "counted", "ledger", "repaired")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    LEDGER_FIELD_NUMBER: _ClassVar[int]
    REPAIRED_FIELD_NUMBER: _ClassVar[int]
    name: str
    member: str
    period_start_unix_micros: int
    counted: _cost_pb2.Money
    ledger: _cost_pb2.Money
    repaired: bool
    def __init__(self, name: _Optional[str] = ..., member: _Optional[str] = ..., period_start_unix_micros: _Optional[int] = ..., counted: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., ledger: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., repaired: _Optional[bool] = ...) -> None: ...

class RebuildBudgetsRequest(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class RebuildBudgetsResponse(_message.Message):
    __slots__ = ("rebuilding",)
    REBUILDING_FIELD_NUMBER: _ClassVar[int]
    rebuilding: int
    def __init__(self, rebuilding: _Optional[int] = ...) -> None: ...

class HoldRecord(_message.Message):
    __slots__ = ("tenant_id", "hold", "decision", "scopes", "state")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[HoldRecord.State]
        STATE_OPEN: _ClassVar[HoldRecord.State]
        STATE_SETTLED: _ClassVar[HoldRecord.State]
        STATE_COUNTED: _ClassVar[HoldRecord.State]
        STATE_RELEASED: _ClassVar[HoldRecord.State]
    STATE_UNSPECIFIED: HoldRecord.State
    STATE_OPEN: HoldRecord.State
    STATE_SETTLED: HoldRecord.State
    STATE_COUNTED: HoldRecord.State
    STATE_RELEASED: HoldRecord.State
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    hold: Hold
    decision: bytes
    scopes: _containers.RepeatedCompositeFieldContainer[HeldScope]
    state: HoldRecord.State
    def __init__(self, tenant_id: _Optional[str] = ..., hold: _Optional[_Union[Hold, _Mapping]] = ..., decision: _Optional[bytes] = ..., scopes: _Optional[_Iterable[_Union[HeldScope, _Mapping]]] = ..., state: _Optional[_Union[HoldRecord.State, str]] = ...) -> None: ...

class HeldScope(_message.Message):
    __slots__ = ("budget_id", "member")
    BUDGET_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    budget_id: str
    member: str
    def __init__(self, budget_id: _Optional[str] = ..., member: _Optional[str] = ...) -> None: ...

class PartitionOwner(_message.Message):
    __slots__ = ("partition", "address", "epoch")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    partition: int
    address: str
    epoch: int
    def __init__(self, partition: _Optional[int] = ..., address: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class CountedEvents(_message.Message):
    __slots__ = ("tenant_id", "event_ids", "through")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_IDS_FIELD_NUMBER: _ClassVar[int]
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    event_ids: _containers.RepeatedScalarFieldContainer[str]
    through: _cost_pb2.LogPosition
    def __init__(self, tenant_id: _Optional[str] = ..., event_ids: _Optional[_Iterable[str]] = ..., through: _Optional[_Union[_cost_pb2.LogPosition, _Mapping]] = ...) -> None: ...

class PartialSum(_message.Message):
    __slots__ = ("tenant_id", "budget_id", "scope_hash", "period_start_unix_micros", "through", "usage_offset", "actual", "shadow", "member")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    BUDGET_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_HASH_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    USAGE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    budget_id: str
    scope_hash: str
    period_start_unix_micros: int
    through: _cost_pb2.LogPosition
    usage_offset: int
    actual: _cost_pb2.Money
    shadow: _cost_pb2.Money
    member: str
    def __init__(self, tenant_id: _Optional[str] = ..., budget_id: _Optional[str] = ..., scope_hash: _Optional[str] = ..., period_start_unix_micros: _Optional[int] = ..., through: _Optional[_Union[_cost_pb2.LogPosition, _Mapping]] = ..., usage_offset: _Optional[int] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., member: _Optional[str] = ...) -> None: ...

class PartitionProgress(_message.Message):
    __slots__ = ("through", "usage_offset")
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    USAGE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    through: _cost_pb2.LogPosition
    usage_offset: int
    def __init__(self, through: _Optional[_Union[_cost_pb2.LogPosition, _Mapping]] = ..., usage_offset: _Optional[int] = ...) -> None: ...

class BudgetAlert(_message.Message):
    __slots__ = ("alert_id", "tenant_id", "kind", "budget", "threshold_percent", "period_start_unix_micros", "period_end_unix_micros", "spend", "time_unix_micros", "member", "limit", "rule", "forecast", "exhaust_unix_micros", "severity", "labels", "reason", "resolved_alert_id", "drift", "occurrence")
    class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SEVERITY_UNSPECIFIED: _ClassVar[BudgetAlert.Severity]
        SEVERITY_INFO: _ClassVar[BudgetAlert.Severity]
        SEVERITY_WARNING: _ClassVar[BudgetAlert.Severity]
        SEVERITY_CRITICAL: _ClassVar[BudgetAlert.Severity]
    SEVERITY_UNSPECIFIED: BudgetAlert.Severity
    SEVERITY_INFO: BudgetAlert.Severity
    SEVERITY_WARNING: BudgetAlert.Severity
    SEVERITY_CRITICAL: BudgetAlert.Severity
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[BudgetAlert.Kind]
        KIND_THRESHOLD_CROSSED: _ClassVar[BudgetAlert.Kind]
        KIND_FORECAST_BREACH: _ClassVar[BudgetAlert.Kind]
        KIND_PERIOD_RESET: _ClassVar[BudgetAlert.Kind]
        KIND_BURN_RATE: _ClassVar[BudgetAlert.Kind]
        KIND_BACK_BELOW: _ClassVar[BudgetAlert.Kind]
        KIND_STATE_REPAIRED: _ClassVar[BudgetAlert.Kind]
    KIND_UNSPECIFIED: BudgetAlert.Kind
    KIND_THRESHOLD_CROSSED: BudgetAlert.Kind
    KIND_FORECAST_BREACH: BudgetAlert.Kind
    KIND_PERIOD_RESET: BudgetAlert.Kind
    KIND_BURN_RATE: BudgetAlert.Kind
    KIND_BACK_BELOW: BudgetAlert.Kind
    KIND_STATE_REPAIRED: BudgetAlert.Kind
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    SPEND_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    FORECAST_FIELD_NUMBER: _ClassVar[int]
    EXHAUST_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    DRIFT_FIELD_NUMBER: _ClassVar[int]
    OCCURRENCE_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    tenant_id: str
    kind: BudgetAlert.Kind
    budget: Budget
    threshold_percent: int
    period_start_unix_micros: int
    period_end_unix_micros: int
    spend: _cost_pb2.Money
    time_unix_micros: int
    member: str
    limit: _cost_pb2.Money
    rule: ThresholdRule
    forecast: SpendForecast
    exhaust_unix_micros: int
    severity: BudgetAlert.Severity
    labels: _containers.ScalarMap[str, str]
    reason: str
    resolved_alert_id: str
    drift: BudgetDrift
    occurrence: int
    def __init__(self, alert_id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., kind: _Optional[_Union[BudgetAlert.Kind, str]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., threshold_percent: _Optional[int] = ..., period_start_unix_micros: _Optional[int] = ..., period_end_unix_micros: _Optional[int] = ..., spend: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., time_unix_micros: _Optional[int] = ..., member: _Optional[str] = ..., limit: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., rule: _Optional[_Union[ThresholdRule, _Mapping]] = ..., forecast: _Optional[_Union[SpendForecast, _Mapping]] = ..., exhaust_unix_micros: _Optional[int] = ..., severity: _Optional[_Union[BudgetAlert.Severity, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., reason: _Optional[str] = ..., resolved_alert_id: _Optional[str] = ..., drift: _Optional[_Union[BudgetDrift, _Mapping]] = ..., occurrence: _Optional[int] = ...) -> None: ...
