from finops.cost.v1 import cost_pb2 as _cost_pb2
from finops.usage.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PriceBatchRequest(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_usage_pb2.UsageEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[_usage_pb2.UsageEvent, _Mapping]]] = ...) -> None: ...

class PriceBatchResponse(_message.Message):
    __slots__ = ("ratings", "price_book_version")
    RATINGS_FIELD_NUMBER: _ClassVar[int]
    PRICE_BOOK_VERSION_FIELD_NUMBER: _ClassVar[int]
    ratings: _containers.RepeatedCompositeFieldContainer[_cost_pb2.Rating]
    price_book_version: str
    def __init__(self, ratings: _Optional[_Iterable[_Union[_cost_pb2.Rating, _Mapping]]] = ..., price_book_version: _Optional[str] = ...) -> None: ...

class GetPriceRequest(_message.Message):
    __slots__ = ("provider", "model", "service_tier", "batch", "time_unix_micros")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    service_tier: str
    batch: bool
    time_unix_micros: int
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., time_unix_micros: _Optional[int] = ...) -> None: ...

class GetPriceResponse(_message.Message):
    __slots__ = ("price",)
    PRICE_FIELD_NUMBER: _ClassVar[int]
    price: Price
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ...) -> None: ...

class ListPricesRequest(_message.Message):
    __slots__ = ("provider", "page_size", "page_token")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    provider: str
    page_size: int
    page_token: str
    def __init__(self, provider: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPricesResponse(_message.Message):
    __slots__ = ("prices", "next_page_token")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    prices: _containers.RepeatedCompositeFieldContainer[Price]
    next_page_token: str
    def __init__(self, prices: _Optional[_Iterable[_Union[Price, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PutPriceOverrideRequest(_message.Message):
    __slots__ = ("price",)
    PRICE_FIELD_NUMBER: _ClassVar[int]
    price: Price
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ...) -> None: ...

class PutPriceOverrideResponse(_message.Message):
    __slots__ = ("price",)
    PRICE_FIELD_NUMBER: _ClassVar[int]
    price: Price
    def __init__(self, price: _Optional[_Union[Price, _Mapping]] = ...) -> None: ...

class QuoteRequest(_message.Message):
    __slots__ = ("quantities", "options", "time_unix_micros")
    QUANTITIES_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    quantities: _usage_pb2.Quantities
    options: _containers.RepeatedCompositeFieldContainer[QuoteOption]
    time_unix_micros: int
    def __init__(self, quantities: _Optional[_Union[_usage_pb2.Quantities, _Mapping]] = ..., options: _Optional[_Iterable[_Union[QuoteOption, _Mapping]]] = ..., time_unix_micros: _Optional[int] = ...) -> None: ...

class QuoteOption(_message.Message):
    __slots__ = ("provider", "model", "service_tier", "batch", "region")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    service_tier: str
    batch: bool
    region: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., region: _Optional[str] = ...) -> None: ...

class QuoteResponse(_message.Message):
    __slots__ = ("quotes", "price_book_version")
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    PRICE_BOOK_VERSION_FIELD_NUMBER: _ClassVar[int]
    quotes: _containers.RepeatedCompositeFieldContainer[QuotedOption]
    price_book_version: str
    def __init__(self, quotes: _Optional[_Iterable[_Union[QuotedOption, _Mapping]]] = ..., price_book_version: _Optional[str] = ...) -> None: ...

class QuotedOption(_message.Message):
    __slots__ = ("option", "rating")
    OPTION_FIELD_NUMBER: _ClassVar[int]
    RATING_FIELD_NUMBER: _ClassVar[int]
    option: QuoteOption
    rating: _cost_pb2.Rating
    def __init__(self, option: _Optional[_Union[QuoteOption, _Mapping]] = ..., rating: _Optional[_Union[_cost_pb2.Rating, _Mapping]] = ...) -> None: ...

class RerateRequest(_message.Message):
    __slots__ = ("start_unix_micros", "end_unix_micros", "filter", "only_unpriced", "kind", "reason", "dry_run", "resume_token")
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ONLY_UNPRICED_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    start_unix_micros: int
    end_unix_micros: int
    filter: str
    only_unpriced: bool
    kind: _usage_pb2.CorrectionKind
    reason: str
    dry_run: bool
    resume_token: str
    def __init__(self, start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., filter: _Optional[str] = ..., only_unpriced: _Optional[bool] = ..., kind: _Optional[_Union[_usage_pb2.CorrectionKind, str]] = ..., reason: _Optional[str] = ..., dry_run: _Optional[bool] = ..., resume_token: _Optional[str] = ...) -> None: ...

class RerateProgress(_message.Message):
    __slots__ = ("run_id", "events_total", "events_read", "events_changed", "events_refused", "effects", "resume_token", "done")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_TOTAL_FIELD_NUMBER: _ClassVar[int]
    EVENTS_READ_FIELD_NUMBER: _ClassVar[int]
    EVENTS_CHANGED_FIELD_NUMBER: _ClassVar[int]
    EVENTS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    events_total: int
    events_read: int
    events_changed: int
    events_refused: int
    effects: _containers.RepeatedCompositeFieldContainer[RerateEffect]
    resume_token: str
    done: bool
    def __init__(self, run_id: _Optional[str] = ..., events_total: _Optional[int] = ..., events_read: _Optional[int] = ..., events_changed: _Optional[int] = ..., events_refused: _Optional[int] = ..., effects: _Optional[_Iterable[_Union[RerateEffect, _Mapping]]] = ..., resume_token: _Optional[str] = ..., done: _Optional[bool] = ...) -> None: ...

class RerateEffect(_message.Message):
    __slots__ = ("provider", "model", "events", "cost_before", "cost_after", "shadow_cost_before", "shadow_cost_after", "unpriced_before", "unpriced_after")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    COST_BEFORE_FIELD_NUMBER: _ClassVar[int]
    COST_AFTER_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_BEFORE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COST_AFTER_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    UNPRICED_AFTER_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    events: int
    cost_before: _cost_pb2.Money
    cost_after: _cost_pb2.Money
    shadow_cost_before: _cost_pb2.Money
    shadow_cost_after: _cost_pb2.Money
    unpriced_before: int
    unpriced_after: int
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., events: _Optional[int] = ..., cost_before: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., cost_after: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow_cost_before: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., shadow_cost_after: _Optional[_Union[_cost_pb2.Money, _Mapping]] = ..., unpriced_before: _Optional[int] = ..., unpriced_after: _Optional[int] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("name", "provider", "model", "service_tier", "batch", "buckets", "effective_from_unix_micros", "effective_to_unix_micros", "recorded_unix_micros", "source", "override")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_TO_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    name: str
    provider: str
    model: str
    service_tier: str
    batch: bool
    buckets: _containers.RepeatedCompositeFieldContainer[BucketPrice]
    effective_from_unix_micros: int
    effective_to_unix_micros: int
    recorded_unix_micros: int
    source: str
    override: bool
    def __init__(self, name: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., buckets: _Optional[_Iterable[_Union[BucketPrice, _Mapping]]] = ..., effective_from_unix_micros: _Optional[int] = ..., effective_to_unix_micros: _Optional[int] = ..., recorded_unix_micros: _Optional[int] = ..., source: _Optional[str] = ..., override: _Optional[bool] = ...) -> None: ...

class BucketPrice(_message.Message):
    __slots__ = ("bucket", "price_picos_per_million", "above_input_tokens")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    PRICE_PICOS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    ABOVE_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    bucket: str
    price_picos_per_million: int
    above_input_tokens: int
    def __init__(self, bucket: _Optional[str] = ..., price_picos_per_million: _Optional[int] = ..., above_input_tokens: _Optional[int] = ...) -> None: ...
