from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CorrectionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CORRECTION_KIND_UNSPECIFIED: _ClassVar[CorrectionKind]
    CORRECTION_KIND_LATE_PRICE: _ClassVar[CorrectionKind]
    CORRECTION_KIND_PRICE_CORRECTED: _ClassVar[CorrectionKind]
    CORRECTION_KIND_CONTRACT_CHANGED: _ClassVar[CorrectionKind]
    CORRECTION_KIND_MANUAL_ADJUSTMENT: _ClassVar[CorrectionKind]
    CORRECTION_KIND_REATTRIBUTION: _ClassVar[CorrectionKind]
    CORRECTION_KIND_SETTLEMENT: _ClassVar[CorrectionKind]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_FAILED: _ClassVar[Outcome]
    OUTCOME_CACHE_HIT: _ClassVar[Outcome]

class Measurement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEASUREMENT_UNSPECIFIED: _ClassVar[Measurement]
    MEASUREMENT_REPORTED: _ClassVar[Measurement]
CORRECTION_KIND_UNSPECIFIED: CorrectionKind
CORRECTION_KIND_LATE_PRICE: CorrectionKind
CORRECTION_KIND_PRICE_CORRECTED: CorrectionKind
CORRECTION_KIND_CONTRACT_CHANGED: CorrectionKind
CORRECTION_KIND_MANUAL_ADJUSTMENT: CorrectionKind
CORRECTION_KIND_REATTRIBUTION: CorrectionKind
CORRECTION_KIND_SETTLEMENT: CorrectionKind
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_FAILED: Outcome
OUTCOME_CACHE_HIT: Outcome
MEASUREMENT_UNSPECIFIED: Measurement
MEASUREMENT_REPORTED: Measurement

class UsageEvent(_message.Message):
    __slots__ = ("event_key", "content_hash", "tenant_id", "source", "source_event_id", "time_unix_micros", "time_inferred", "received_unix_micros", "provider", "model", "tool", "team", "user", "project", "key", "environment", "tags", "session", "service_tier", "batch", "region", "quantities", "seat", "outcome", "measurement", "estimated", "source_cost_picos", "source_cost_billed", "source_effective_cost_picos", "correction")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    EVENT_KEY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    TIME_INFERRED_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    TEAM_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    SEAT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENT_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    SOURCE_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_COST_BILLED_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EFFECTIVE_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    CORRECTION_FIELD_NUMBER: _ClassVar[int]
    event_key: bytes
    content_hash: bytes
    tenant_id: str
    source: str
    source_event_id: str
    time_unix_micros: int
    time_inferred: bool
    received_unix_micros: int
    provider: str
    model: str
    tool: str
    team: str
    user: str
    project: str
    key: str
    environment: str
    tags: _containers.ScalarMap[str, str]
    session: str
    service_tier: str
    batch: bool
    region: str
    quantities: Quantities
    seat: Seat
    outcome: Outcome
    measurement: Measurement
    estimated: bool
    source_cost_picos: int
    source_cost_billed: bool
    source_effective_cost_picos: int
    correction: Correction
    def __init__(self, event_key: _Optional[bytes] = ..., content_hash: _Optional[bytes] = ..., tenant_id: _Optional[str] = ..., source: _Optional[str] = ..., source_event_id: _Optional[str] = ..., time_unix_micros: _Optional[int] = ..., time_inferred: _Optional[bool] = ..., received_unix_micros: _Optional[int] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., tool: _Optional[str] = ..., team: _Optional[str] = ..., user: _Optional[str] = ..., project: _Optional[str] = ..., key: _Optional[str] = ..., environment: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., session: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., region: _Optional[str] = ..., quantities: _Optional[_Union[Quantities, _Mapping]] = ..., seat: _Optional[_Union[Seat, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., measurement: _Optional[_Union[Measurement, str]] = ..., estimated: _Optional[bool] = ..., source_cost_picos: _Optional[int] = ..., source_cost_billed: _Optional[bool] = ..., source_effective_cost_picos: _Optional[int] = ..., correction: _Optional[_Union[Correction, _Mapping]] = ...) -> None: ...

class Correction(_message.Message):
    __slots__ = ("kind", "author", "reason", "recorded_unix_micros", "run_id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RECORDED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    kind: CorrectionKind
    author: str
    reason: str
    recorded_unix_micros: int
    run_id: str
    def __init__(self, kind: _Optional[_Union[CorrectionKind, str]] = ..., author: _Optional[str] = ..., reason: _Optional[str] = ..., recorded_unix_micros: _Optional[int] = ..., run_id: _Optional[str] = ...) -> None: ...

class Quantities(_message.Message):
    __slots__ = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens", "web_searches", "requests", "seats", "credit_micros", "audio_milliseconds", "gpu_milliseconds", "business_metrics")
    class BusinessMetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_READ_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHE_WRITE_1H_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    INPUT_AUDIO_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_AUDIO_TOKENS_FIELD_NUMBER: _ClassVar[int]
    INPUT_IMAGE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_IMAGE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    WEB_SEARCHES_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    CREDIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    AUDIO_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    GPU_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_METRICS_FIELD_NUMBER: _ClassVar[int]
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    input_audio_tokens: int
    output_audio_tokens: int
    input_image_tokens: int
    output_image_tokens: int
    web_searches: int
    requests: int
    seats: int
    credit_micros: int
    audio_milliseconds: int
    gpu_milliseconds: int
    business_metrics: _containers.ScalarMap[str, int]
    def __init__(self, input_tokens: _Optional[int] = ..., cache_read_tokens: _Optional[int] = ..., cache_write_tokens: _Optional[int] = ..., cache_write_1h_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., reasoning_tokens: _Optional[int] = ..., input_audio_tokens: _Optional[int] = ..., output_audio_tokens: _Optional[int] = ..., input_image_tokens: _Optional[int] = ..., output_image_tokens: _Optional[int] = ..., web_searches: _Optional[int] = ..., requests: _Optional[int] = ..., seats: _Optional[int] = ..., credit_micros: _Optional[int] = ..., audio_milliseconds: _Optional[int] = ..., gpu_milliseconds: _Optional[int] = ..., business_metrics: _Optional[_Mapping[str, int]] = ...) -> None: ...

class Seat(_message.Message):
    __slots__ = ("assigned_unix_micros", "last_active_unix_micros", "pending_cancellation", "price_picos_per_month")
    ASSIGNED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    LAST_ACTIVE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    PENDING_CANCELLATION_FIELD_NUMBER: _ClassVar[int]
    PRICE_PICOS_PER_MONTH_FIELD_NUMBER: _ClassVar[int]
    assigned_unix_micros: int
    last_active_unix_micros: int
    pending_cancellation: bool
    price_picos_per_month: int
    def __init__(self, assigned_unix_micros: _Optional[int] = ..., last_active_unix_micros: _Optional[int] = ..., pending_cancellation: _Optional[bool] = ..., price_picos_per_month: _Optional[int] = ...) -> None: ...
