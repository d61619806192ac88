from finops.cost.v1 import cost_pb2 as _cost_pb2
from finops.usage.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommitmentPeriod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMITMENT_PERIOD_UNSPECIFIED: _ClassVar[CommitmentPeriod]
    COMMITMENT_PERIOD_MONTH: _ClassVar[CommitmentPeriod]
    COMMITMENT_PERIOD_YEAR: _ClassVar[CommitmentPeriod]
COMMITMENT_PERIOD_UNSPECIFIED: CommitmentPeriod
COMMITMENT_PERIOD_MONTH: CommitmentPeriod
COMMITMENT_PERIOD_YEAR: CommitmentPeriod

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
    __slots__ = ("provider", "model", "service_tier", "batch", "time_unix_micros", "region")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    service_tier: str
    batch: bool
    time_unix_micros: int
    region: str
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., time_unix_micros: _Optional[int] = ..., region: _Optional[str] = ...) -> None: ...

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

class RerateResponse(_message.Message):
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
    __slots__ = ("bucket", "price_picos_per_million", "above_input_tokens", "price_picos_per_unit")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    PRICE_PICOS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    ABOVE_INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PRICE_PICOS_PER_UNIT_FIELD_NUMBER: _ClassVar[int]
    bucket: str
    price_picos_per_million: int
    above_input_tokens: int
    price_picos_per_unit: int
    def __init__(self, bucket: _Optional[str] = ..., price_picos_per_million: _Optional[int] = ..., above_input_tokens: _Optional[int] = ..., price_picos_per_unit: _Optional[int] = ...) -> None: ...

class PutContractRequest(_message.Message):
    __slots__ = ("contract",)
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    contract: Contract
    def __init__(self, contract: _Optional[_Union[Contract, _Mapping]] = ...) -> None: ...

class PutContractResponse(_message.Message):
    __slots__ = ("contract",)
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    contract: Contract
    def __init__(self, contract: _Optional[_Union[Contract, _Mapping]] = ...) -> None: ...

class ListContractsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListContractsResponse(_message.Message):
    __slots__ = ("contracts", "balances", "balances_missing")
    CONTRACTS_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    BALANCES_MISSING_FIELD_NUMBER: _ClassVar[int]
    contracts: _containers.RepeatedCompositeFieldContainer[Contract]
    balances: _containers.RepeatedCompositeFieldContainer[ContractBalance]
    balances_missing: str
    def __init__(self, contracts: _Optional[_Iterable[_Union[Contract, _Mapping]]] = ..., balances: _Optional[_Iterable[_Union[ContractBalance, _Mapping]]] = ..., balances_missing: _Optional[str] = ...) -> None: ...

class RemoveContractRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class RemoveContractResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Contract(_message.Message):
    __slots__ = ("name", "effective_from_unix_micros", "effective_to_unix_micros", "currency_code", "source", "discounts", "markups", "prices", "seats", "allowances", "credits", "commitments", "recorded_unix_micros", "recorded_by")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_TO_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DISCOUNTS_FIELD_NUMBER: _ClassVar[int]
    MARKUPS_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    SEATS_FIELD_NUMBER: _ClassVar[int]
    ALLOWANCES_FIELD_NUMBER: _ClassVar[int]
    CREDITS_FIELD_NUMBER: _ClassVar[int]
    COMMITMENTS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_BY_FIELD_NUMBER: _ClassVar[int]
    name: str
    effective_from_unix_micros: int
    effective_to_unix_micros: int
    currency_code: str
    source: str
    discounts: _containers.RepeatedCompositeFieldContainer[PercentTerm]
    markups: _containers.RepeatedCompositeFieldContainer[PercentTerm]
    prices: _containers.RepeatedCompositeFieldContainer[FixedPrice]
    seats: _containers.RepeatedCompositeFieldContainer[SeatPrice]
    allowances: _containers.RepeatedCompositeFieldContainer[Allowance]
    credits: _containers.RepeatedCompositeFieldContainer[Credit]
    commitments: _containers.RepeatedCompositeFieldContainer[Commitment]
    recorded_unix_micros: int
    recorded_by: str
    def __init__(self, name: _Optional[str] = ..., effective_from_unix_micros: _Optional[int] = ..., effective_to_unix_micros: _Optional[int] = ..., currency_code: _Optional[str] = ..., source: _Optional[str] = ..., discounts: _Optional[_Iterable[_Union[PercentTerm, _Mapping]]] = ..., markups: _Optional[_Iterable[_Union[PercentTerm, _Mapping]]] = ..., prices: _Optional[_Iterable[_Union[FixedPrice, _Mapping]]] = ..., seats: _Optional[_Iterable[_Union[SeatPrice, _Mapping]]] = ..., allowances: _Optional[_Iterable[_Union[Allowance, _Mapping]]] = ..., credits: _Optional[_Iterable[_Union[Credit, _Mapping]]] = ..., commitments: _Optional[_Iterable[_Union[Commitment, _Mapping]]] = ..., recorded_unix_micros: _Optional[int] = ..., recorded_by: _Optional[str] = ...) -> None: ...

class Scope(_message.Message):
    __slots__ = ("provider", "models")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    models: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, provider: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ...) -> None: ...

class PercentTerm(_message.Message):
    __slots__ = ("scope", "parts_per_million")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PARTS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    scope: Scope
    parts_per_million: int
    def __init__(self, scope: _Optional[_Union[Scope, _Mapping]] = ..., parts_per_million: _Optional[int] = ...) -> None: ...

class FixedPrice(_message.Message):
    __slots__ = ("provider", "model", "service_tier", "batch", "buckets")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TIER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    model: str
    service_tier: str
    batch: bool
    buckets: _containers.RepeatedCompositeFieldContainer[BucketPrice]
    def __init__(self, provider: _Optional[str] = ..., model: _Optional[str] = ..., service_tier: _Optional[str] = ..., batch: _Optional[bool] = ..., buckets: _Optional[_Iterable[_Union[BucketPrice, _Mapping]]] = ...) -> None: ...

class SeatPrice(_message.Message):
    __slots__ = ("provider", "plan", "monthly_picos", "yearly_picos")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_PICOS_FIELD_NUMBER: _ClassVar[int]
    YEARLY_PICOS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    plan: str
    monthly_picos: int
    yearly_picos: int
    def __init__(self, provider: _Optional[str] = ..., plan: _Optional[str] = ..., monthly_picos: _Optional[int] = ..., yearly_picos: _Optional[int] = ...) -> None: ...

class Allowance(_message.Message):
    __slots__ = ("id", "scope", "bucket", "included", "pool", "overage_picos_per_million", "per_user")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    INCLUDED_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    OVERAGE_PICOS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    PER_USER_FIELD_NUMBER: _ClassVar[int]
    id: str
    scope: Scope
    bucket: str
    included: _containers.RepeatedCompositeFieldContainer[IncludedUnits]
    pool: int
    overage_picos_per_million: int
    per_user: bool
    def __init__(self, id: _Optional[str] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., bucket: _Optional[str] = ..., included: _Optional[_Iterable[_Union[IncludedUnits, _Mapping]]] = ..., pool: _Optional[int] = ..., overage_picos_per_million: _Optional[int] = ..., per_user: _Optional[bool] = ...) -> None: ...

class IncludedUnits(_message.Message):
    __slots__ = ("plan", "units")
    PLAN_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    plan: str
    units: int
    def __init__(self, plan: _Optional[str] = ..., units: _Optional[int] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("id", "scope", "amount_picos", "starts_unix_micros", "ends_unix_micros")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_PICOS_FIELD_NUMBER: _ClassVar[int]
    STARTS_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ENDS_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    id: str
    scope: Scope
    amount_picos: int
    starts_unix_micros: int
    ends_unix_micros: int
    def __init__(self, id: _Optional[str] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., amount_picos: _Optional[int] = ..., starts_unix_micros: _Optional[int] = ..., ends_unix_micros: _Optional[int] = ...) -> None: ...

class Commitment(_message.Message):
    __slots__ = ("id", "scope", "amount_picos", "period", "paid_in_advance")
    ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_PICOS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    PAID_IN_ADVANCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    scope: Scope
    amount_picos: int
    period: CommitmentPeriod
    paid_in_advance: bool
    def __init__(self, id: _Optional[str] = ..., scope: _Optional[_Union[Scope, _Mapping]] = ..., amount_picos: _Optional[int] = ..., period: _Optional[_Union[CommitmentPeriod, str]] = ..., paid_in_advance: _Optional[bool] = ...) -> None: ...

class ContractBalance(_message.Message):
    __slots__ = ("contract", "kind", "id", "user", "start_unix_micros", "end_unix_micros", "agreed", "used", "posted_picos", "bucket")
    CONTRACT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    START_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    END_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    AGREED_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    POSTED_PICOS_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    contract: str
    kind: str
    id: str
    user: str
    start_unix_micros: int
    end_unix_micros: int
    agreed: int
    used: int
    posted_picos: int
    bucket: str
    def __init__(self, contract: _Optional[str] = ..., kind: _Optional[str] = ..., id: _Optional[str] = ..., user: _Optional[str] = ..., start_unix_micros: _Optional[int] = ..., end_unix_micros: _Optional[int] = ..., agreed: _Optional[int] = ..., used: _Optional[int] = ..., posted_picos: _Optional[int] = ..., bucket: _Optional[str] = ...) -> None: ...

class FxRate(_message.Message):
    __slots__ = ("currency_code", "day_unix_micros", "usd_per_unit", "source")
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    DAY_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    USD_PER_UNIT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    day_unix_micros: int
    usd_per_unit: str
    source: str
    def __init__(self, currency_code: _Optional[str] = ..., day_unix_micros: _Optional[int] = ..., usd_per_unit: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class PutFxRatesRequest(_message.Message):
    __slots__ = ("rates",)
    RATES_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[FxRate]
    def __init__(self, rates: _Optional[_Iterable[_Union[FxRate, _Mapping]]] = ...) -> None: ...

class PutFxRatesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListFxRatesRequest(_message.Message):
    __slots__ = ("currency_code",)
    CURRENCY_CODE_FIELD_NUMBER: _ClassVar[int]
    currency_code: str
    def __init__(self, currency_code: _Optional[str] = ...) -> None: ...

class ListFxRatesResponse(_message.Message):
    __slots__ = ("rates",)
    RATES_FIELD_NUMBER: _ClassVar[int]
    rates: _containers.RepeatedCompositeFieldContainer[FxRate]
    def __init__(self, rates: _Optional[_Iterable[_Union[FxRate, _Mapping]]] = ...) -> None: ...
