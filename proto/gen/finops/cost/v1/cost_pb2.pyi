from finops.usage.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RatingStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATING_STATUS_UNSPECIFIED: _ClassVar[RatingStatus]
    RATING_STATUS_PRICED: _ClassVar[RatingStatus]
    RATING_STATUS_PARTIAL: _ClassVar[RatingStatus]
    RATING_STATUS_UNPRICED: _ClassVar[RatingStatus]
RATING_STATUS_UNSPECIFIED: RatingStatus
RATING_STATUS_PRICED: RatingStatus
RATING_STATUS_PARTIAL: RatingStatus
RATING_STATUS_UNPRICED: RatingStatus

class Money(_message.Message):
    __slots__ = ("currency_code", "units", "picos")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    PICOS_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    units: int
    picos: int
    def __init__(self, currency_code: _Optional[str] = ..., units: _Optional[int] = ..., picos: _Optional[int] = ...) -> None: ...

class LogPosition(_message.Message):
    __slots__ = ("incarnation", "partition", "offset")
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    incarnation: str
    partition: int
    offset: int
    def __init__(self, incarnation: _Optional[str] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class CostRecord(_message.Message):
    __slots__ = ("usage", "revision", "rating", "cost_delta_picos", "shadow_cost_delta_picos", "quantity_delta", "unpriced_events_delta", "usage_position", "list_cost_delta_picos", "contracted_cost_delta_picos", "billed_cost_delta_picos", "previous", "events_delta")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    COST_DELTA_PICOS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_DELTA_PICOS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_DELTA_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_EVENTS_DELTA_FIELD_NUMBER: _ClassVar[int]
    USAGE_POSITION_FIELD_NUMBER: _ClassVar[int]
    LIST_COST_DELTA_PICOS_FIELD_NUMBER: _ClassVar[int]
    CONTRACTED_COST_DELTA_PICOS_FIELD_NUMBER: _ClassVar[int]
    BILLED_COST_DELTA_PICOS_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_DELTA_FIELD_NUMBER: _ClassVar[int]
    usage: _usage_pb2.UsageEvent
    revision: int
    rating: Rating
    cost_delta_picos: int
    shadow_cost_delta_picos: int
    quantity_delta: _usage_pb2.Quantities
    unpriced_events_delta: int
    usage_position: LogPosition
    list_cost_delta_picos: int
    contracted_cost_delta_picos: int
    billed_cost_delta_picos: int
    previous: Booked
    events_delta: int
    def __init__(self, usage: _Optional[_Union[_usage_pb2.UsageEvent, _Mapping]] = ..., revision: _Optional[int] = ..., rating: _Optional[_Union[Rating, _Mapping]] = ..., cost_delta_picos: _Optional[int] = ..., shadow_cost_delta_picos: _Optional[int] = ..., quantity_delta: _Optional[_Union[_usage_pb2.Quantities, _Mapping]] = ..., unpriced_events_delta: _Optional[int] = ..., usage_position: _Optional[_Union[LogPosition, _Mapping]] = ..., list_cost_delta_picos: _Optional[int] = ..., contracted_cost_delta_picos: _Optional[int] = ..., billed_cost_delta_picos: _Optional[int] = ..., previous: _Optional[_Union[Booked, _Mapping]] = ..., events_delta: _Optional[int] = ...) -> None: ...

class Booked(_message.Message):
    __slots__ = ("usage", "cost_picos", "shadow_cost_picos", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos", "unpriced")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    LIST_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    CONTRACTED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    BILLED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_FIELD_NUMBER: _ClassVar[int]
    usage: _usage_pb2.UsageEvent
    cost_picos: int
    shadow_cost_picos: int
    list_cost_picos: int
    contracted_cost_picos: int
    billed_cost_picos: int
    unpriced: bool
    def __init__(self, usage: _Optional[_Union[_usage_pb2.UsageEvent, _Mapping]] = ..., cost_picos: _Optional[int] = ..., shadow_cost_picos: _Optional[int] = ..., list_cost_picos: _Optional[int] = ..., contracted_cost_picos: _Optional[int] = ..., billed_cost_picos: _Optional[int] = ..., unpriced: _Optional[bool] = ...) -> None: ...

class Rating(_message.Message):
    __slots__ = ("cost_picos", "shadow_cost_picos", "status", "lines", "unpriced_buckets", "price_id", "price_book_version", "assumptions", "list_cost_picos", "contracted_cost_picos", "billed_cost_picos")
    COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_BOOK_VERSION_FIELD_NUMBER: _ClassVar[int]
    ASSUMPTIONS_FIELD_NUMBER: _ClassVar[int]
    LIST_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    CONTRACTED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    BILLED_COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    cost_picos: int
    shadow_cost_picos: int
    status: RatingStatus
    lines: _containers.RepeatedCompositeFieldContainer[CostLine]
    unpriced_buckets: _containers.RepeatedScalarFieldContainer[str]
    price_id: str
    price_book_version: str
    assumptions: _containers.RepeatedScalarFieldContainer[str]
    list_cost_picos: int
    contracted_cost_picos: int
    billed_cost_picos: int
    def __init__(self, cost_picos: _Optional[int] = ..., shadow_cost_picos: _Optional[int] = ..., status: _Optional[_Union[RatingStatus, str]] = ..., lines: _Optional[_Iterable[_Union[CostLine, _Mapping]]] = ..., unpriced_buckets: _Optional[_Iterable[str]] = ..., price_id: _Optional[str] = ..., price_book_version: _Optional[str] = ..., assumptions: _Optional[_Iterable[str]] = ..., list_cost_picos: _Optional[int] = ..., contracted_cost_picos: _Optional[int] = ..., billed_cost_picos: _Optional[int] = ...) -> None: ...

class CostLine(_message.Message):
    __slots__ = ("bucket", "quantity", "price_picos_per_million", "cost_picos", "list_price_picos_per_million", "price_picos_per_unit", "list_price_picos_per_unit")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_PICOS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    COST_PICOS_FIELD_NUMBER: _ClassVar[int]
    LIST_PRICE_PICOS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    PRICE_PICOS_PER_UNIT_FIELD_NUMBER: _ClassVar[int]
    LIST_PRICE_PICOS_PER_UNIT_FIELD_NUMBER: _ClassVar[int]
    bucket: str
    quantity: int
    price_picos_per_million: int
    cost_picos: int
    list_price_picos_per_million: int
    price_picos_per_unit: int
    list_price_picos_per_unit: int
    def __init__(self, bucket: _Optional[str] = ..., quantity: _Optional[int] = ..., price_picos_per_million: _Optional[int] = ..., cost_picos: _Optional[int] = ..., list_price_picos_per_million: _Optional[int] = ..., price_picos_per_unit: _Optional[int] = ..., list_price_picos_per_unit: _Optional[int] = ...) -> None: ...
