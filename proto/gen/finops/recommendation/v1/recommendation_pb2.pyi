from finops.cost.v1 import cost_pb2 as _cost_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Recommendation(_message.Message):
    __slots__ = ("name", "tenant_id", "rule", "subject", "state", "title", "action", "monthly_saving_low", "monthly_saving", "monthly_saving_high", "confidence", "evidence", "create_unix_micros", "update_unix_micros")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Recommendation.State]
        STATE_OPEN: _ClassVar[Recommendation.State]
        STATE_WITHDRAWN: _ClassVar[Recommendation.State]
        STATE_REALISED: _ClassVar[Recommendation.State]
    STATE_UNSPECIFIED: Recommendation.State
    STATE_OPEN: Recommendation.State
    STATE_WITHDRAWN: Recommendation.State
    STATE_REALISED: Recommendation.State
    class SubjectEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_SAVING_LOW_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_SAVING_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_SAVING_HIGH_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    name: str
    tenant_id: str
    rule: str
    subject: _containers.ScalarMap[str, str]
    state: Recommendation.State
    title: str
    action: str
    monthly_saving_low: _cost_pb2.Money
    monthly_saving: _cost_pb2.Money
    monthly_saving_high: _cost_pb2.Money
    confidence: float
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    create_unix_micros: int
    update_unix_micros: int
    def __init__(self, name: _Optional[str] = ..., tenant_id: _Optional[str] = ..., rule: _Optional[str] = ..., subject: _Optional[_Mapping[str, str]] = ..., state: _Optional[_Union[Recommendation.State, str]] = ..., title: _Optional[str] = ..., action: _Optional[str] = ..., monthly_saving_low: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., monthly_saving: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., monthly_saving_high: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., confidence: _Optional[float] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("statement", "present")
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    statement: str
    present: bool
    def __init__(self, statement: _Optional[str] = ..., present: _Optional[bool] = ...) -> None: ...

class ListRecommendationsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: Recommendation.State
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[Recommendation.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRecommendationsResponse(_message.Message):
    __slots__ = ("recommendations", "next_page_token")
    RECOMMENDATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    recommendations: _containers.RepeatedCompositeFieldContainer[Recommendation]
    next_page_token: str
    def __init__(self, recommendations: _Optional[_Iterable[_Union[Recommendation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetRecommendationRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetRecommendationResponse(_message.Message):
    __slots__ = ("recommendation",)
    RECOMMENDATION_FIELD_NUMBER: _ClassVar[int]
    recommendation: Recommendation
    def __init__(self, recommendation: _Optional[_Union[Recommendation, _Mapping]] = ...) -> None: ...

class RecommendationEvent(_message.Message):
    __slots__ = ("event_id", "type", "recommendation")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[RecommendationEvent.Type]
        TYPE_CREATED: _ClassVar[RecommendationEvent.Type]
        TYPE_UPDATED: _ClassVar[RecommendationEvent.Type]
        TYPE_WITHDRAWN: _ClassVar[RecommendationEvent.Type]
        TYPE_REALISED: _ClassVar[RecommendationEvent.Type]
    TYPE_UNSPECIFIED: RecommendationEvent.Type
    TYPE_CREATED: RecommendationEvent.Type
    TYPE_UPDATED: RecommendationEvent.Type
    TYPE_WITHDRAWN: RecommendationEvent.Type
    TYPE_REALISED: RecommendationEvent.Type
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RECOMMENDATION_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    type: RecommendationEvent.Type
    recommendation: Recommendation
    def __init__(self, event_id: _Optional[str] = ..., type: _Optional[_Union[RecommendationEvent.Type, str]] = ..., recommendation: _Optional[_Union[Recommendation, _Mapping]] = ...) -> None: ...
