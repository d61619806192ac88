from finops.cost.v1 import cost_pb2 as _cost_pb2
from finops.usage.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ComparisonPeriod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPARISON_PERIOD_UNSPECIFIED: _ClassVar[ComparisonPeriod]
    COMPARISON_PERIOD_PREVIOUS: _ClassVar[ComparisonPeriod]
    COMPARISON_PERIOD_PREVIOUS_MONTH: _ClassVar[ComparisonPeriod]
    COMPARISON_PERIOD_PREVIOUS_YEAR: _ClassVar[ComparisonPeriod]
    COMPARISON_PERIOD_CUSTOM: _ClassVar[ComparisonPeriod]

class Granularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRANULARITY_UNSPECIFIED: _ClassVar[Granularity]
    GRANULARITY_TOTAL: _ClassVar[Granularity]
    GRANULARITY_HOUR: _ClassVar[Granularity]
    GRANULARITY_DAY: _ClassVar[Granularity]
    GRANULARITY_WEEK: _ClassVar[Granularity]
    GRANULARITY_MONTH: _ClassVar[Granularity]

class BillCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BILL_CAUSE_UNSPECIFIED: _ClassVar[BillCause]
    BILL_CAUSE_UNPRICED: _ClassVar[BillCause]
    BILL_CAUSE_NO_REPORT: _ClassVar[BillCause]
    BILL_CAUSE_MISSING_EVENTS: _ClassVar[BillCause]
    BILL_CAUSE_EXTRA_EVENTS: _ClassVar[BillCause]
    BILL_CAUSE_ROUNDING: _ClassVar[BillCause]
    BILL_CAUSE_DISCOUNT: _ClassVar[BillCause]
    BILL_CAUSE_PRICE: _ClassVar[BillCause]
    BILL_CAUSE_UNATTRIBUTED: _ClassVar[BillCause]
    BILL_CAUSE_SEATS: _ClassVar[BillCause]
    BILL_CAUSE_TAX: _ClassVar[BillCause]
    BILL_CAUSE_PURCHASE: _ClassVar[BillCause]
    BILL_CAUSE_BOOKED: _ClassVar[BillCause]
    BILL_CAUSE_UNEXPLAINED: _ClassVar[BillCause]
COMPARISON_PERIOD_UNSPECIFIED: ComparisonPeriod
COMPARISON_PERIOD_PREVIOUS: ComparisonPeriod
COMPARISON_PERIOD_PREVIOUS_MONTH: ComparisonPeriod
COMPARISON_PERIOD_PREVIOUS_YEAR: ComparisonPeriod
COMPARISON_PERIOD_CUSTOM: ComparisonPeriod
GRANULARITY_UNSPECIFIED: Granularity
GRANULARITY_TOTAL: Granularity
GRANULARITY_HOUR: Granularity
GRANULARITY_DAY: Granularity
GRANULARITY_WEEK: Granularity
GRANULARITY_MONTH: Granularity
BILL_CAUSE_UNSPECIFIED: BillCause
BILL_CAUSE_UNPRICED: BillCause
BILL_CAUSE_NO_REPORT: BillCause
BILL_CAUSE_MISSING_EVENTS: BillCause
BILL_CAUSE_EXTRA_EVENTS: BillCause
BILL_CAUSE_ROUNDING: BillCause
BILL_CAUSE_DISCOUNT: BillCause
BILL_CAUSE_PRICE: BillCause
BILL_CAUSE_UNATTRIBUTED: BillCause
BILL_CAUSE_SEATS: BillCause
BILL_CAUSE_TAX: BillCause
BILL_CAUSE_PURCHASE: BillCause
BILL_CAUSE_BOOKED: BillCause
BILL_CAUSE_UNEXPLAINED: BillCause

class QueryCostsRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "group_by", "granularity", "time_zone", "filter", "limit", "log_scope", "include_reported", "as_of_unix_micros", "with_rest", "comparison", "unit_costs", "sessions", "unit_metrics", "activity")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    LOG_SCOPE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_REPORTED_FIELD_NUMBER: _ClassVar[int]
    AS_OF_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    WITH_REST_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    UNIT_COSTS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    UNIT_METRICS_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    group_by: _containers.RepeatedScalarFieldContainer[str]
    granularity: Granularity
    time_zone: str
    filter: str
    limit: int
    log_scope: LogScope
    include_reported: bool
    as_of_unix_micros: int
    with_rest: bool
    comparison: Comparison
    unit_costs: bool
    sessions: bool
    unit_metrics: _containers.RepeatedScalarFieldContainer[str]
    activity: bool
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., group_by: _Optional[_Iterable[str]] = ..., granularity: _Optional[_Union[Granularity, str]] = ..., time_zone: _Optional[str] = ..., filter: _Optional[str] = ..., limit: _Optional[int] = ..., log_scope: _Optional[_Union[LogScope, _Mapping]] = ..., include_reported: _Optional[bool] = ..., as_of_unix_micros: _Optional[int] = ..., with_rest: _Optional[bool] = ..., comparison: _Optional[_Union[Comparison, _Mapping]] = ..., unit_costs: _Optional[bool] = ..., sessions: _Optional[bool] = ..., unit_metrics: _Optional[_Iterable[str]] = ..., activity: _Optional[bool] = ...) -> None: ...

class Comparison(_message.Message):
    __slots__ = ("period", "start_unix_micros", "end_unix_micros")
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    period: ComparisonPeriod
    start_unix_micros: int
    end_unix_micros: int
    def __init__(self, period: _Optional[_Union[ComparisonPeriod, str]] = ..., start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ...) -> None: ...

class LogScope(_message.Message):
    __slots__ = ("incarnation", "through_offsets", "include_other_incarnations")
    class ThroughOffsetsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    THROUGH_OFFSETS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_OTHER_INCARNATIONS_FIELD_NUMBER: _ClassVar[int]
    incarnation: str
    through_offsets: _containers.ScalarMap[int, int]
    include_other_incarnations: bool
    def __init__(self, incarnation: _Optional[str] = ..., through_offsets: _Optional[_Mapping[int, int]] = ..., include_other_incarnations: _Optional[bool] = ...) -> None: ...

class QueryCostsResponse(_message.Message):
    __slots__ = ("rows", "read_from", "compared_start_unix_micros", "compared_end_unix_micros", "complete_from_unix_micros")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    READ_FROM_FIELD_NUMBER: _ClassVar[int]
    COMPARED_START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COMPARED_END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FROM_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[CostRow]
    read_from: str
    compared_start_unix_micros: int
    compared_end_unix_micros: int
    complete_from_unix_micros: int
    def __init__(self, rows: _Optional[_Iterable[_Union[CostRow, _Mapping]]] = ..., read_from: _Optional[str] = ..., compared_start_unix_micros: _Optional[int] = ..., compared_end_unix_micros: _Optional[int] = ..., complete_from_unix_micros: _Optional[int] = ...) -> None: ...

class CostRow(_message.Message):
    __slots__ = ("group", "time_unix_micros", "cost", "shadow_cost", "quantities", "events", "unpriced_events", "list_cost", "contracted_cost", "billed_cost", "rest", "compared", "cost_change", "units", "activity")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_EVENTS_FIELD_NUMBER: _ClassVar[int]
    LIST_COST_FIELD_NUMBER: _ClassVar[int]
    CONTRACTED_COST_FIELD_NUMBER: _ClassVar[int]
    BILLED_COST_FIELD_NUMBER: _ClassVar[int]
    REST_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    COST_CHANGE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    group: _containers.RepeatedScalarFieldContainer[str]
    time_unix_micros: int
    cost: _cost_pb2.Money
    shadow_cost: _cost_pb2.Money
    quantities: _usage_pb2.Quantities
    events: int
    unpriced_events: int
    list_cost: _cost_pb2.Money
    contracted_cost: _cost_pb2.Money
    billed_cost: _cost_pb2.Money
    rest: bool
    compared: CostRow
    cost_change: _cost_pb2.Money
    units: UnitCosts
    activity: Activity
    def __init__(self, group: _Optional[_Iterable[str]] = ..., time_unix_micros: _Optional[int] = ..., cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow_cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., quantities: _Optional[_Union[_usage_pb2.Quantities, _Mapping]] = ..., events: _Optional[int] = ..., unpriced_events: _Optional[int] = ..., list_cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., contracted_cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., billed_cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., rest: _Optional[bool] = ..., compared: _Optional[_Union[CostRow, _Mapping]] = ..., cost_change: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., units: _Optional[_Union[UnitCosts, _Mapping]] = ..., activity: _Optional[_Union[Activity, _Mapping]] = ...) -> None: ...

class Activity(_message.Message):
    __slots__ = ("failed_requests", "users")
    FAILED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    failed_requests: int
    users: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, failed_requests: _Optional[int] = ..., users: _Optional[_Iterable[int]] = ...) -> None: ...

class UnitCosts(_message.Message):
    __slots__ = ("per_request", "per_user", "per_thousand_tokens", "per_session", "users", "tokens", "sessions", "metrics")
    PER_REQUEST_FIELD_NUMBER: _ClassVar[int]
    PER_USER_FIELD_NUMBER: _ClassVar[int]
    PER_THOUSAND_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PER_SESSION_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    per_request: _cost_pb2.Money
    per_user: _cost_pb2.Money
    per_thousand_tokens: _cost_pb2.Money
    per_session: _cost_pb2.Money
    users: int
    tokens: int
    sessions: int
    metrics: _containers.RepeatedCompositeFieldContainer[MetricCost]
    def __init__(self, per_request: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., per_user: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., per_thousand_tokens: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., per_session: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., users: _Optional[int] = ..., tokens: _Optional[int] = ..., sessions: _Optional[int] = ..., metrics: _Optional[_Iterable[_Union[MetricCost, _Mapping]]] = ...) -> None: ...

class MetricCost(_message.Message):
    __slots__ = ("name", "count", "per_unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    PER_UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    count: int
    per_unit: _cost_pb2.Money
    def __init__(self, name: _Optional[str] = ..., count: _Optional[int] = ..., per_unit: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class ListCostEntriesRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "filter", "page_size", "page_token", "as_of_unix_micros")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AS_OF_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    filter: str
    page_size: int
    page_token: str
    as_of_unix_micros: int
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., filter: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., as_of_unix_micros: _Optional[int] = ...) -> None: ...

class ListCostEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_cost_pb2.CostRecord]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_cost_pb2.CostRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "filter", "only_unpriced", "page_size", "page_token", "event_keys")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ONLY_UNPRICED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EVENT_KEYS_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    filter: str
    only_unpriced: bool
    page_size: int
    page_token: str
    event_keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., filter: _Optional[str] = ..., only_unpriced: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., event_keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_cost_pb2.CostRecord]
    next_page_token: str
    def __init__(self, events: _Optional[_Iterable[_Union[_cost_pb2.CostRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListEventColumnsRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "filter", "only_unpriced", "page_size", "page_token")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ONLY_UNPRICED_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    filter: str
    only_unpriced: bool
    page_size: int
    page_token: str
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., filter: _Optional[str] = ..., only_unpriced: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListEventColumnsResponse(_message.Message):
    __slots__ = ("kinds", "kind", "event_keys", "time_unix_micros", "quantities", "cost_picos", "shadow_cost_picos", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos", "next_page_token")
    class QuantitiesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    KINDS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_KEYS_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    LIST_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    CONTRACTED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    BILLED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedCompositeFieldContainer[EventKind]
    kind: bytes
    event_keys: bytes
    time_unix_micros: bytes
    quantities: _containers.ScalarMap[str, bytes]
    cost_picos: bytes
    shadow_cost_picos: bytes
    list_cost_picos: bytes
    contracted_cost_picos: bytes
    billed_cost_picos: bytes
    next_page_token: str
    def __init__(self, kinds: _Optional[_Iterable[_Union[EventKind, _Mapping]]] = ..., kind: _Optional[bytes] = ..., event_keys: _Optional[bytes] = ..., time_unix_micros: _Optional[bytes] = ..., quantities: _Optional[_Mapping[str, bytes]] = ..., cost_picos: _Optional[bytes] = ..., shadow_cost_picos: _Optional[bytes] = ..., list_cost_picos: _Optional[bytes] = ..., contracted_cost_picos: _Optional[bytes] = ..., billed_cost_picos: _Optional[bytes] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EventKind(_message.Message):
    __slots__ = ("tenant_id", "provider", "model", "service_tier", "batch", "region", "outcome", "unpriced_buckets", "apart")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    APART_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    provider: str
    model: str
    service_tier: str
    batch: bool
    region: str
    outcome: _usage_pb2.Outcome
    unpriced_buckets: _containers.RepeatedScalarFieldContainer[str]
    apart: bool
    def __init__(self, tenant_id: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., region: _Optional[str] = ..., outcome: _Optional[_Union[_usage_pb2.Outcome, str]] = ..., unpriced_buckets: _Optional[_Iterable[str]] = ..., apart: _Optional[bool] = ...) -> None: ...

class ListUnpricedRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListUnpricedResponse(_message.Message):
    __slots__ = ("groups", "next_page_token")
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedCompositeFieldContainer[UnpricedUse]
    next_page_token: str
    def __init__(self, groups: _Optional[_Iterable[_Union[UnpricedUse, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UnpricedUse(_message.Message):
    __slots__ = ("tenant_id", "provider", "model", "service_tier", "buckets", "events", "quantities", "shadow_cost", "first_hour_unix_micros", "last_hour_unix_micros")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_FIELD_NUMBER: _ClassVar[int]
    FIRST_HOUR_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    LAST_HOUR_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    provider: str
    model: str
    service_tier: str
    buckets: _containers.RepeatedScalarFieldContainer[str]
    events: int
    quantities: _usage_pb2.Quantities
    shadow_cost: _cost_pb2.Money
    first_hour_unix_micros: int
    last_hour_unix_micros: int
    def __init__(self, tenant_id: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., buckets: _Optional[_Iterable[str]] = ..., events: _Optional[int] = ..., quantities: _Optional[_Union[_usage_pb2.Quantities, _Mapping]] = ..., shadow_cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., first_hour_unix_micros: _Optional[int] = ..., last_hour_unix_micros: _Optional[int] = ...) -> None: ...

class HasEventsRequest(_message.Message):
    __slots__ = ("event_keys", "include_booked")
    EVENT_KEYS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_BOOKED_FIELD_NUMBER: _ClassVar[int]
    event_keys: _containers.RepeatedScalarFieldContainer[bytes]
    include_booked: bool
    def __init__(self, event_keys: _Optional[_Iterable[bytes]] = ..., include_booked: _Optional[bool] = ...) -> None: ...

class HasEventsResponse(_message.Message):
    __slots__ = ("known",)
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    known: _containers.RepeatedCompositeFieldContainer[KnownEvent]
    def __init__(self, known: _Optional[_Iterable[_Union[KnownEvent, _Mapping]]] = ...) -> None: ...

class KnownEvent(_message.Message):
    __slots__ = ("event_key", "content_hash", "revision", "time_unix_micros", "quantities", "cost_picos", "shadow_cost_picos", "unpriced", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos", "booked")
    EVENT_KEY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_FIELD_NUMBER: _ClassVar[int]
    LIST_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    CONTRACTED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    BILLED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    BOOKED_FIELD_NUMBER: _ClassVar[int]
    event_key: bytes
    content_hash: bytes
    revision: int
    time_unix_micros: int
    quantities: _usage_pb2.Quantities
    cost_picos: int
    shadow_cost_picos: int
    unpriced: bool
    list_cost_picos: int
    contracted_cost_picos: int
    billed_cost_picos: int
    booked: _usage_pb2.UsageEvent
    def __init__(self, event_key: _Optional[bytes] = ..., content_hash: _Optional[bytes] = ..., revision: _Optional[int] = ..., time_unix_micros: _Optional[int] = ..., quantities: _Optional[_Union[_usage_pb2.Quantities, _Mapping]] = ..., cost_picos: _Optional[int] = ..., shadow_cost_picos: _Optional[int] = ..., unpriced: _Optional[bool] = ..., list_cost_picos: _Optional[int] = ..., contracted_cost_picos: _Optional[int] = ..., billed_cost_picos: _Optional[int] = ..., booked: _Optional[_Union[_usage_pb2.UsageEvent, _Mapping]] = ...) -> None: ...

class GetPositionsRequest(_message.Message):
    __slots__ = ("incarnation",)
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    incarnation: str
    def __init__(self, incarnation: _Optional[str] = ...) -> None: ...

class GetPositionsResponse(_message.Message):
    __slots__ = ("costs_offsets", "usage_offsets", "sole_incarnation")
    class CostsOffsetsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    class UsageOffsetsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    COSTS_OFFSETS_FIELD_NUMBER: _ClassVar[int]
    USAGE_OFFSETS_FIELD_NUMBER: _ClassVar[int]
    SOLE_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    costs_offsets: _containers.ScalarMap[int, int]
    usage_offsets: _containers.ScalarMap[int, int]
    sole_incarnation: bool
    def __init__(self, costs_offsets: _Optional[_Mapping[int, int]] = ..., usage_offsets: _Optional[_Mapping[int, int]] = ..., sole_incarnation: _Optional[bool] = ...) -> None: ...

class ReconcileBillRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "provider")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    provider: str
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., provider: _Optional[str] = ...) -> None: ...

class ReconcileBillResponse(_message.Message):
    __slots__ = ("providers", "lines", "suspicious")
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    SUSPICIOUS_FIELD_NUMBER: _ClassVar[int]
    providers: _containers.RepeatedCompositeFieldContainer[BillProvider]
    lines: _containers.RepeatedCompositeFieldContainer[BillLine]
    suspicious: _containers.RepeatedCompositeFieldContainer[SuspiciousUse]
    def __init__(self, providers: _Optional[_Iterable[_Union[BillProvider, _Mapping]]] = ..., lines: _Optional[_Iterable[_Union[BillLine, _Mapping]]] = ..., suspicious: _Optional[_Iterable[_Union[SuspiciousUse, _Mapping]]] = ...) -> None: ...

class BillExplanation(_message.Message):
    __slots__ = ("cause", "amount")
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    cause: BillCause
    amount: _cost_pb2.Money
    def __init__(self, cause: _Optional[_Union[BillCause, str]] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class BillLine(_message.Message):
    __slots__ = ("tenant_id", "provider", "day_unix_micros", "project", "key", "model", "reported", "metered", "difference", "explanations", "cost_source", "usage_source")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DAY_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    METERED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATIONS_FIELD_NUMBER: _ClassVar[int]
    COST_SOURCE_FIELD_NUMBER: _ClassVar[int]
    USAGE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    provider: str
    day_unix_micros: int
    project: str
    key: str
    model: str
    reported: _cost_pb2.Money
    metered: _cost_pb2.Money
    difference: _cost_pb2.Money
    explanations: _containers.RepeatedCompositeFieldContainer[BillExplanation]
    cost_source: str
    usage_source: str
    def __init__(self, tenant_id: _Optional[str] = ..., provider: _Optional[str] = ..., day_unix_micros: _Optional[int] = ..., project: _Optional[str] = ..., key: _Optional[str] = ..., model: _Optional[str] = ..., reported: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., metered: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., difference: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., explanations: _Optional[_Iterable[_Union[BillExplanation, _Mapping]]] = ..., cost_source: _Optional[str] = ..., usage_source: _Optional[str] = ...) -> None: ...

class BillProvider(_message.Message):
    __slots__ = ("tenant_id", "provider", "reported", "metered", "difference", "explanations", "days", "days_reported", "last_report_unix_micros")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    METERED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    EXPLANATIONS_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    DAYS_REPORTED_FIELD_NUMBER: _ClassVar[int]
    LAST_REPORT_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    provider: str
    reported: _cost_pb2.Money
    metered: _cost_pb2.Money
    difference: _cost_pb2.Money
    explanations: _containers.RepeatedCompositeFieldContainer[BillExplanation]
    days: int
    days_reported: int
    last_report_unix_micros: int
    def __init__(self, tenant_id: _Optional[str] = ..., provider: _Optional[str] = ..., reported: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., metered: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., difference: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., explanations: _Optional[_Iterable[_Union[BillExplanation, _Mapping]]] = ..., days: _Optional[int] = ..., days_reported: _Optional[int] = ..., last_report_unix_micros: _Optional[int] = ...) -> None: ...

class SuspiciousUse(_message.Message):
    __slots__ = ("tenant_id", "provider", "model", "service_tier", "source", "price_id", "events", "tokens", "first_unix_micros", "last_unix_micros")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    FIRST_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    LAST_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    provider: str
    model: str
    service_tier: str
    source: str
    price_id: str
    events: int
    tokens: int
    first_unix_micros: int
    last_unix_micros: int
    def __init__(self, tenant_id: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., source: _Optional[str] = ..., price_id: _Optional[str] = ..., events: _Optional[int] = ..., tokens: _Optional[int] = ..., first_unix_micros: _Optional[int] = ..., last_unix_micros: _Optional[int] = ...) -> None: ...
