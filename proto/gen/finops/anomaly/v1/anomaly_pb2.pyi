from finops.cost.v1 import cost_pb2 as _cost_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Anomaly(_message.Message):
    __slots__ = ("name", "tenant_id", "series", "channel", "state", "start_unix_micros", "end_unix_micros", "create_unix_micros", "update_unix_micros", "actual", "expected", "expected_low", "expected_high", "unit", "impact", "severity", "summary")
    class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHANNEL_UNSPECIFIED: _ClassVar[Anomaly.Channel]
        CHANNEL_COST: _ClassVar[Anomaly.Channel]
        CHANNEL_UNIT_COST: _ClassVar[Anomaly.Channel]
        CHANNEL_SILENCE: _ClassVar[Anomaly.Channel]
        CHANNEL_INPUT_TOKENS_PER_REQUEST: _ClassVar[Anomaly.Channel]
        CHANNEL_OUTPUT_TOKENS_PER_REQUEST: _ClassVar[Anomaly.Channel]
        CHANNEL_CACHE_HIT_SHARE: _ClassVar[Anomaly.Channel]
    CHANNEL_UNSPECIFIED: Anomaly.Channel
    CHANNEL_COST: Anomaly.Channel
    CHANNEL_UNIT_COST: Anomaly.Channel
    CHANNEL_SILENCE: Anomaly.Channel
    CHANNEL_INPUT_TOKENS_PER_REQUEST: Anomaly.Channel
    CHANNEL_OUTPUT_TOKENS_PER_REQUEST: Anomaly.Channel
    CHANNEL_CACHE_HIT_SHARE: Anomaly.Channel
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
    def __init__(self, name: _Optional[str] = ..., tenant_id: _Optional[str] = ..., series: _Optional[_Mapping[str, str]] = ..., channel: _Optional[_Union[Anomaly.Channel, str]] = ..., state: _Optional[_Union[Anomaly.State, str]] = ..., start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., actual: _Optional[float] = ..., expected: _Optional[float] = ..., expected_low: _Optional[float] = ..., expected_high: _Optional[float] = ..., unit: _Optional[str] = ..., impact: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., severity: _Optional[_Union[Anomaly.Severity, str]] = ..., summary: _Optional[str] = ...) -> None: ...

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
