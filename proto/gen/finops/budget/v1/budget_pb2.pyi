from finops.cost.v1 import cost_pb2 as _cost_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Period(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERIOD_UNSPECIFIED: _ClassVar[Period]
    PERIOD_DAY: _ClassVar[Period]
    PERIOD_WEEK: _ClassVar[Period]
    PERIOD_MONTH: _ClassVar[Period]
    PERIOD_QUARTER: _ClassVar[Period]
    PERIOD_YEAR: _ClassVar[Period]

class Enforcement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENFORCEMENT_UNSPECIFIED: _ClassVar[Enforcement]
    ENFORCEMENT_OBSERVE: _ClassVar[Enforcement]
    ENFORCEMENT_WARN: _ClassVar[Enforcement]
    ENFORCEMENT_BLOCK: _ClassVar[Enforcement]
PERIOD_UNSPECIFIED: Period
PERIOD_DAY: Period
PERIOD_WEEK: Period
PERIOD_MONTH: Period
PERIOD_QUARTER: Period
PERIOD_YEAR: Period
ENFORCEMENT_UNSPECIFIED: Enforcement
ENFORCEMENT_OBSERVE: Enforcement
ENFORCEMENT_WARN: Enforcement
ENFORCEMENT_BLOCK: Enforcement

class Budget(_message.Message):
    __slots__ = ("name", "display_name", "filter", "amount", "period", "time_zone", "threshold_percents", "enforcement", "create_unix_micros", "update_unix_micros", "etag")
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
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., filter: _Optional[str] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., period: _Optional[_Union[Period, str]] = ..., time_zone: _Optional[str] = ..., threshold_percents: _Optional[_Iterable[int]] = ..., enforcement: _Optional[_Union[Enforcement, str]] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class BudgetStatus(_message.Message):
    __slots__ = ("budget", "period_start_unix_micros", "period_end_unix_micros", "actual", "shadow", "held", "remaining", "forecast", "used_ratio", "thresholds", "rebuilding", "update_unix_micros")
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
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ..., period_start_unix_micros: _Optional[int] = ..., period_end_unix_micros: _Optional[int] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., held: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., remaining: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., forecast: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., used_ratio: _Optional[float] = ..., thresholds: _Optional[_Iterable[_Union[ThresholdStatus, _Mapping]]] = ..., rebuilding: _Optional[bool] = ..., update_unix_micros: _Optional[int] = ...) -> None: ...

class ThresholdStatus(_message.Message):
    __slots__ = ("percent", "crossed_unix_micros")
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    CROSSED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    percent: int
    crossed_unix_micros: int
    def __init__(self, percent: _Optional[int] = ..., crossed_unix_micros: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetBudgetStatusResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: BudgetStatus
    def __init__(self, status: _Optional[_Union[BudgetStatus, _Mapping]] = ...) -> None: ...

class WatchBudgetStatusRequest(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

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
    __slots__ = ("allowed", "budgets")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    budgets: _containers.RepeatedCompositeFieldContainer[BudgetHeadroom]
    def __init__(self, allowed: _Optional[bool] = ..., budgets: _Optional[_Iterable[_Union[BudgetHeadroom, _Mapping]]] = ...) -> None: ...

class BudgetHeadroom(_message.Message):
    __slots__ = ("name", "remaining", "would_exceed", "enforcement")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    WOULD_EXCEED_FIELD_NUMBER: _ClassVar[int]
    ENFORCEMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    remaining: _cost_pb2.Money
    would_exceed: bool
    enforcement: Enforcement
    def __init__(self, name: _Optional[str] = ..., remaining: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., would_exceed: _Optional[bool] = ..., enforcement: _Optional[_Union[Enforcement, str]] = ...) -> None: ...

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
    __slots__ = ("request_id", "actual")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    actual: _cost_pb2.Money
    def __init__(self, request_id: _Optional[str] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class SettleResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PartialSum(_message.Message):
    __slots__ = ("tenant_id", "budget_id", "scope_hash", "period_start_unix_micros", "through", "usage_offset", "actual", "shadow")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    BUDGET_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_HASH_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    USAGE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    budget_id: str
    scope_hash: str
    period_start_unix_micros: int
    through: _cost_pb2.LogPosition
    usage_offset: int
    actual: _cost_pb2.Money
    shadow: _cost_pb2.Money
    def __init__(self, tenant_id: _Optional[str] = ..., budget_id: _Optional[str] = ..., scope_hash: _Optional[str] = ..., period_start_unix_micros: _Optional[int] = ..., through: _Optional[_Union[_cost_pb2.LogPosition, _Mapping]] = ..., usage_offset: _Optional[int] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class PartitionProgress(_message.Message):
    __slots__ = ("through", "usage_offset")
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    USAGE_OFFSET_FIELD_NUMBER: _ClassVar[int]
    through: _cost_pb2.LogPosition
    usage_offset: int
    def __init__(self, through: _Optional[_Union[_cost_pb2.LogPosition, _Mapping]] = ..., usage_offset: _Optional[int] = ...) -> None: ...

class BudgetAlert(_message.Message):
    __slots__ = ("alert_id", "tenant_id", "kind", "budget", "threshold_percent", "period_start_unix_micros", "period_end_unix_micros", "spend", "time_unix_micros")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[BudgetAlert.Kind]
        KIND_THRESHOLD_CROSSED: _ClassVar[BudgetAlert.Kind]
        KIND_FORECAST_BREACH: _ClassVar[BudgetAlert.Kind]
        KIND_PERIOD_RESET: _ClassVar[BudgetAlert.Kind]
    KIND_UNSPECIFIED: BudgetAlert.Kind
    KIND_THRESHOLD_CROSSED: BudgetAlert.Kind
    KIND_FORECAST_BREACH: BudgetAlert.Kind
    KIND_PERIOD_RESET: BudgetAlert.Kind
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_PERCENT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    SPEND_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    tenant_id: str
    kind: BudgetAlert.Kind
    budget: Budget
    threshold_percent: int
    period_start_unix_micros: int
    period_end_unix_micros: int
    spend: _cost_pb2.Money
    time_unix_micros: int
    def __init__(self, alert_id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., kind: _Optional[_Union[BudgetAlert.Kind, str]] = ..., budget: _Optional[_Union[Budget, _Mapping]] = ..., threshold_percent: _Optional[int] = ..., period_start_unix_micros: _Optional[int] = ..., period_end_unix_micros: _Optional[int] = ..., spend: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., time_unix_micros: _Optional[int] = ...) -> None: ...
