from finops.cost.v1 import cost_pb2 as _cost_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Anomaly(_message.Message):
    __slots__ = ("name", "tenant_id", "series", "channel", "state", "start_unix_micros", "end_unix_micros", "create_unix_micros", "update_unix_micros", "actual", "expected", "expected_low", "expected_high", "unit", "impact", "severity", "summary", "cause", "hours_between", "label", "novelties", "users")
    class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHANNEL_UNSPECIFIED: _ClassVar[Anomaly.Channel]
        CHANNEL_COST: _ClassVar[Anomaly.Channel]
        CHANNEL_UNIT_COST: _ClassVar[Anomaly.Channel]
        CHANNEL_SILENCE: _ClassVar[Anomaly.Channel]
        CHANNEL_INPUT_TOKENS_PER_REQUEST: _ClassVar[Anomaly.Channel]
        CHANNEL_OUTPUT_TOKENS_PER_REQUEST: _ClassVar[Anomaly.Channel]
        CHANNEL_CACHE_HIT_SHARE: _ClassVar[Anomaly.Channel]
        CHANNEL_RUNAWAY: _ClassVar[Anomaly.Channel]
        CHANNEL_KEY_NOVELTY: _ClassVar[Anomaly.Channel]
        CHANNEL_DRIFT: _ClassVar[Anomaly.Channel]
        CHANNEL_NEW_PAIRS: _ClassVar[Anomaly.Channel]
        CHANNEL_ERROR_SHARE: _ClassVar[Anomaly.Channel]
    CHANNEL_UNSPECIFIED: Anomaly.Channel
    CHANNEL_COST: Anomaly.Channel
    CHANNEL_UNIT_COST: Anomaly.Channel
    CHANNEL_SILENCE: Anomaly.Channel
    CHANNEL_INPUT_TOKENS_PER_REQUEST: Anomaly.Channel
    CHANNEL_OUTPUT_TOKENS_PER_REQUEST: Anomaly.Channel
    CHANNEL_CACHE_HIT_SHARE: Anomaly.Channel
    CHANNEL_RUNAWAY: Anomaly.Channel
    CHANNEL_KEY_NOVELTY: Anomaly.Channel
    CHANNEL_DRIFT: Anomaly.Channel
    CHANNEL_NEW_PAIRS: Anomaly.Channel
    CHANNEL_ERROR_SHARE: Anomaly.Channel
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Anomaly.State]
        STATE_OPEN: _ClassVar[Anomaly.State]
        STATE_CLOSED: _ClassVar[Anomaly.State]
    STATE_UNSPECIFIED: Anomaly.State
    STATE_OPEN: Anomaly.State
    STATE_CLOSED: Anomaly.State
    class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SEVERITY_UNSPECIFIED: _ClassVar[Anomaly.Severity]
        SEVERITY_LOW: _ClassVar[Anomaly.Severity]
        SEVERITY_MEDIUM: _ClassVar[Anomaly.Severity]
        SEVERITY_HIGH: _ClassVar[Anomaly.Severity]
    SEVERITY_UNSPECIFIED: Anomaly.Severity
    SEVERITY_LOW: Anomaly.Severity
    SEVERITY_MEDIUM: Anomaly.Severity
    SEVERITY_HIGH: Anomaly.Severity
    class SeriesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class Users(_message.Message):
        __slots__ = ("actual", "usual")
        ACTUAL_FIELD_NUMBER: _ClassVar[int]
        USUAL_FIELD_NUMBER: _ClassVar[int]
        actual: int
        usual: float
        def __init__(self, actual: _Optional[int] = ..., usual: _Optional[float] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_LOW_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HIGH_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    IMPACT_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    HOURS_BETWEEN_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    NOVELTIES_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    tenant_id: str
    series: _containers.ScalarMap[str, str]
    channel: Anomaly.Channel
    state: Anomaly.State
    start_unix_micros: int
    end_unix_micros: int
    create_unix_micros: int
    update_unix_micros: int
    actual: float
    expected: float
    expected_low: float
    expected_high: float
    unit: str
    impact: _cost_pb2.Money
    severity: Anomaly.Severity
    summary: str
    cause: Cause
    hours_between: float
    label: Label
    novelties: _containers.RepeatedCompositeFieldContainer[Novelty]
    users: Anomaly.Users
    def __init__(self, name: _Optional[str] = ..., tenant_id: _Optional[str] = ..., series: _Optional[_Mapping[str, str]] = ..., channel: _Optional[_Union[Anomaly.Channel, str]] = ..., state: _Optional[_Union[Anomaly.State, str]] = ..., start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., actual: _Optional[float] = ..., expected: _Optional[float] = ..., expected_low: _Optional[float] = ..., expected_high: _Optional[float] = ..., unit: _Optional[str] = ..., impact: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., severity: _Optional[_Union[Anomaly.Severity, str]] = ..., summary: _Optional[str] = ..., cause: _Optional[_Union[Cause, _Mapping]] = ..., hours_between: _Optional[float] = ..., label: _Optional[_Union[Label, _Mapping]] = ..., novelties: _Optional[_Iterable[_Union[Novelty, _Mapping]]] = ..., users: _Optional[_Union[Anomaly.Users, _Mapping]] = ...) -> None: ...

class Cause(_message.Message):
    __slots__ = ("compared_weeks", "actual", "usual", "parts", "drivers", "first_events", "summary")
    COMPARED_WEEKS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    USUAL_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    DRIVERS_FIELD_NUMBER: _ClassVar[int]
    FIRST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    compared_weeks: int
    actual: _cost_pb2.Money
    usual: _cost_pb2.Money
    parts: _containers.RepeatedCompositeFieldContainer[CausePart]
    drivers: _containers.RepeatedCompositeFieldContainer[CauseDriver]
    first_events: _containers.RepeatedCompositeFieldContainer[CauseEvent]
    summary: str
    def __init__(self, compared_weeks: _Optional[int] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., usual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., parts: _Optional[_Iterable[_Union[CausePart, _Mapping]]] = ..., drivers: _Optional[_Iterable[_Union[CauseDriver, _Mapping]]] = ..., first_events: _Optional[_Iterable[_Union[CauseEvent, _Mapping]]] = ..., summary: _Optional[str] = ...) -> None: ...

class CausePart(_message.Message):
    __slots__ = ("factor", "amount", "detail")
    class Factor(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FACTOR_UNSPECIFIED: _ClassVar[CausePart.Factor]
        FACTOR_REQUESTS: _ClassVar[CausePart.Factor]
        FACTOR_MIX: _ClassVar[CausePart.Factor]
        FACTOR_TOKENS_PER_REQUEST: _ClassVar[CausePart.Factor]
        FACTOR_PRICE: _ClassVar[CausePart.Factor]
        FACTOR_APPEARED: _ClassVar[CausePart.Factor]
        FACTOR_VANISHED: _ClassVar[CausePart.Factor]
        FACTOR_OTHER: _ClassVar[CausePart.Factor]
    FACTOR_UNSPECIFIED: CausePart.Factor
    FACTOR_REQUESTS: CausePart.Factor
    FACTOR_MIX: CausePart.Factor
    FACTOR_TOKENS_PER_REQUEST: CausePart.Factor
    FACTOR_PRICE: CausePart.Factor
    FACTOR_APPEARED: CausePart.Factor
    FACTOR_VANISHED: CausePart.Factor
    FACTOR_OTHER: CausePart.Factor
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    factor: CausePart.Factor
    amount: _cost_pb2.Money
    detail: str
    def __init__(self, factor: _Optional[_Union[CausePart.Factor, str]] = ..., amount: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., detail: _Optional[str] = ...) -> None: ...

class CauseDriver(_message.Message):
    __slots__ = ("dimension", "value", "actual", "usual", "explained_share")
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    USUAL_FIELD_NUMBER: _ClassVar[int]
    EXPLAINED_SHARE_FIELD_NUMBER: _ClassVar[int]
    dimension: str
    value: str
    actual: _cost_pb2.Money
    usual: _cost_pb2.Money
    explained_share: float
    def __init__(self, dimension: _Optional[str] = ..., value: _Optional[str] = ..., actual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., usual: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., explained_share: _Optional[float] = ...) -> None: ...

class CauseEvent(_message.Message):
    __slots__ = ("source", "source_event_id", "time_unix_micros", "cost")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    source: str
    source_event_id: str
    time_unix_micros: int
    cost: _cost_pb2.Money
    def __init__(self, source: _Optional[str] = ..., source_event_id: _Optional[str] = ..., time_unix_micros: _Optional[int] = ..., cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class Novelty(_message.Message):
    __slots__ = ("values", "first_unix_micros", "cost", "requests")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FIRST_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    values: _containers.ScalarMap[str, str]
    first_unix_micros: int
    cost: _cost_pb2.Money
    requests: int
    def __init__(self, values: _Optional[_Mapping[str, str]] = ..., first_unix_micros: _Optional[int] = ..., cost: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., requests: _Optional[int] = ...) -> None: ...

class Label(_message.Message):
    __slots__ = ("verdict", "author", "note", "label_unix_micros")
    class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        VERDICT_UNSPECIFIED: _ClassVar[Label.Verdict]
        VERDICT_CONFIRMED: _ClassVar[Label.Verdict]
        VERDICT_EXPECTED: _ClassVar[Label.Verdict]
        VERDICT_FALSE: _ClassVar[Label.Verdict]
    VERDICT_UNSPECIFIED: Label.Verdict
    VERDICT_CONFIRMED: Label.Verdict
    VERDICT_EXPECTED: Label.Verdict
    VERDICT_FALSE: Label.Verdict
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    LABEL_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    verdict: Label.Verdict
    author: str
    note: str
    label_unix_micros: int
    def __init__(self, verdict: _Optional[_Union[Label.Verdict, str]] = ..., author: _Optional[str] = ..., note: _Optional[str] = ..., label_unix_micros: _Optional[int] = ...) -> None: ...

class LabelAnomalyRequest(_message.Message):
    __slots__ = ("name", "verdict", "note")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    name: str
    verdict: Label.Verdict
    note: str
    def __init__(self, name: _Optional[str] = ..., verdict: _Optional[_Union[Label.Verdict, str]] = ..., note: _Optional[str] = ...) -> None: ...

class LabelAnomalyResponse(_message.Message):
    __slots__ = ("anomaly",)
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    anomaly: Anomaly
    def __init__(self, anomaly: _Optional[_Union[Anomaly, _Mapping]] = ...) -> None: ...

class GetPrecisionRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ...) -> None: ...

class GetPrecisionResponse(_message.Message):
    __slots__ = ("channels",)
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedCompositeFieldContainer[ChannelPrecision]
    def __init__(self, channels: _Optional[_Iterable[_Union[ChannelPrecision, _Mapping]]] = ...) -> None: ...

class ChannelPrecision(_message.Message):
    __slots__ = ("channel", "told", "confirmed", "expected", "false_alarms", "precision")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    TOLD_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    FALSE_ALARMS_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    channel: Anomaly.Channel
    told: int
    confirmed: int
    expected: int
    false_alarms: int
    precision: float
    def __init__(self, channel: _Optional[_Union[Anomaly.Channel, str]] = ..., told: _Optional[int] = ..., confirmed: _Optional[int] = ..., expected: _Optional[int] = ..., false_alarms: _Optional[int] = ..., precision: _Optional[float] = ...) -> None: ...

class PlannedWindow(_message.Message):
    __slots__ = ("name", "series", "start_unix_micros", "end_unix_micros", "reason", "author", "create_unix_micros")
    class SeriesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    name: str
    series: _containers.ScalarMap[str, str]
    start_unix_micros: int
    end_unix_micros: int
    reason: str
    author: str
    create_unix_micros: int
    def __init__(self, name: _Optional[str] = ..., series: _Optional[_Mapping[str, str]] = ..., start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., reason: _Optional[str] = ..., author: _Optional[str] = ..., create_unix_micros: _Optional[int] = ...) -> None: ...

class CreatePlannedWindowRequest(_message.Message):
    __slots__ = ("window",)
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    window: PlannedWindow
    def __init__(self, window: _Optional[_Union[PlannedWindow, _Mapping]] = ...) -> None: ...

class CreatePlannedWindowResponse(_message.Message):
    __slots__ = ("window",)
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    window: PlannedWindow
    def __init__(self, window: _Optional[_Union[PlannedWindow, _Mapping]] = ...) -> None: ...

class ListPlannedWindowsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPlannedWindowsResponse(_message.Message):
    __slots__ = ("windows", "next_page_token")
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    windows: _containers.RepeatedCompositeFieldContainer[PlannedWindow]
    next_page_token: str
    def __init__(self, windows: _Optional[_Iterable[_Union[PlannedWindow, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DeletePlannedWindowRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class DeletePlannedWindowResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetExpectedBandRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetExpectedBandResponse(_message.Message):
    __slots__ = ("unit", "points")
    UNIT_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    unit: str
    points: _containers.RepeatedCompositeFieldContainer[BandPoint]
    def __init__(self, unit: _Optional[str] = ..., points: _Optional[_Iterable[_Union[BandPoint, _Mapping]]] = ...) -> None: ...

class BandPoint(_message.Message):
    __slots__ = ("time_unix_micros", "actual", "expected", "low", "high")
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    time_unix_micros: int
    actual: float
    expected: float
    low: float
    high: float
    def __init__(self, time_unix_micros: _Optional[int] = ..., actual: _Optional[float] = ..., expected: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class BacktestRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "policy")
    class PolicyEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    policy: _containers.ScalarMap[str, float]
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., policy: _Optional[_Mapping[str, float]] = ...) -> None: ...

class BacktestResponse(_message.Message):
    __slots__ = ("progress", "anomaly", "summary")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    progress: BacktestProgress
    anomaly: Anomaly
    summary: BacktestSummary
    def __init__(self, progress: _Optional[_Union[BacktestProgress, _Mapping]] = ..., anomaly: _Optional[_Union[Anomaly, _Mapping]] = ..., summary: _Optional[_Union[BacktestSummary, _Mapping]] = ...) -> None: ...

class BacktestProgress(_message.Message):
    __slots__ = ("hours_done", "hours")
    HOURS_DONE_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    hours_done: int
    hours: int
    def __init__(self, hours_done: _Optional[int] = ..., hours: _Optional[int] = ...) -> None: ...

class BacktestSummary(_message.Message):
    __slots__ = ("anomalies", "series", "series_hours", "withheld", "impact", "alarms_per_series_week")
    ANOMALIES_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    SERIES_HOURS_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_FIELD_NUMBER: _ClassVar[int]
    IMPACT_FIELD_NUMBER: _ClassVar[int]
    ALARMS_PER_SERIES_WEEK_FIELD_NUMBER: _ClassVar[int]
    anomalies: int
    series: int
    series_hours: int
    withheld: int
    impact: _cost_pb2.Money
    alarms_per_series_week: float
    def __init__(self, anomalies: _Optional[int] = ..., series: _Optional[int] = ..., series_hours: _Optional[int] = ..., withheld: _Optional[int] = ..., impact: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., alarms_per_series_week: _Optional[float] = ...) -> None: ...

class ForecastSeriesRequest(_message.Message):
    __slots__ = ("series", "end_unix_micros", "coverage")
    class SeriesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SERIES_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    series: _containers.ScalarMap[str, str]
    end_unix_micros: int
    coverage: float
    def __init__(self, series: _Optional[_Mapping[str, str]] = ..., end_unix_micros: _Optional[int] = ..., coverage: _Optional[float] = ...) -> None: ...

class ForecastSeriesResponse(_message.Message):
    __slots__ = ("expected", "low", "high", "error", "points")
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    expected: _cost_pb2.Money
    low: _cost_pb2.Money
    high: _cost_pb2.Money
    error: float
    points: _containers.RepeatedCompositeFieldContainer[SeriesForecastPoint]
    def __init__(self, expected: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., low: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., high: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., error: _Optional[float] = ..., points: _Optional[_Iterable[_Union[SeriesForecastPoint, _Mapping]]] = ...) -> None: ...

class SeriesForecastPoint(_message.Message):
    __slots__ = ("start_unix_micros", "expected", "low", "high")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    expected: _cost_pb2.Money
    low: _cost_pb2.Money
    high: _cost_pb2.Money
    def __init__(self, start_unix_micros: _Optional[int] = ..., expected: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., low: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., high: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ...) -> None: ...

class ListAnomaliesRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: Anomaly.State
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[Anomaly.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAnomaliesResponse(_message.Message):
    __slots__ = ("anomalies", "next_page_token")
    ANOMALIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    anomalies: _containers.RepeatedCompositeFieldContainer[Anomaly]
    next_page_token: str
    def __init__(self, anomalies: _Optional[_Iterable[_Union[Anomaly, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetAnomalyRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetAnomalyResponse(_message.Message):
    __slots__ = ("anomaly",)
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    anomaly: Anomaly
    def __init__(self, anomaly: _Optional[_Union[Anomaly, _Mapping]] = ...) -> None: ...

class AnomalyEvent(_message.Message):
    __slots__ = ("event_id", "type", "anomaly")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[AnomalyEvent.Type]
        TYPE_OPENED: _ClassVar[AnomalyEvent.Type]
        TYPE_UPDATED: _ClassVar[AnomalyEvent.Type]
        TYPE_CLOSED: _ClassVar[AnomalyEvent.Type]
    TYPE_UNSPECIFIED: AnomalyEvent.Type
    TYPE_OPENED: AnomalyEvent.Type
    TYPE_UPDATED: AnomalyEvent.Type
    TYPE_CLOSED: AnomalyEvent.Type
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ANOMALY_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    type: AnomalyEvent.Type
    anomaly: Anomaly
    def __init__(self, event_id: _Optional[str] = ..., type: _Optional[_Union[AnomalyEvent.Type, str]] = ..., anomaly: _Optional[_Union[Anomaly, _Mapping]] = ...) -> None: ...
