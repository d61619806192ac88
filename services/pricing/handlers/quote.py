"""Quotes: what given use would cost on each of some models."""

from __future__ import annotations

from finops.cost.v1.cost_pb2 import RATING_STATUS_PARTIAL, RATING_STATUS_PRICED, Rating
from finops.pricing.v1.pricing_pb2 import QuotedOption, QuoteRequest, QuoteResponse
from finops.usage.v1.usage_pb2 import UsageEvent

from services.common.clock import Clock, Micros
from services.common.dimensions import BUCKETS
from services.common.errors import FieldViolation, InvalidArgumentError
from services.pricing.domain.rating import Pricer, UnpriceableError
from services.pricing.handlers.ports import OverrideStore

MAX_OPTIONS = 1_000
_PLACES = {RATING_STATUS_PRICED: 0, RATING_STATUS_PARTIAL: 1}


class Quoter:
    """Quotes under the caller's contracts."""

    def __init__(self, pricer: Pricer, store: OverrideStore, clock: Clock) -> None:
        self._pricer = pricer
        self._store = store
        self._clock = clock

    def quote(self, request: QuoteRequest, tenant_id: str) -> QuoteResponse:
        """As `quote` does. Raises as it does, and UnavailableError where contract prices were not read yet."""
        self._store.ensure_loaded()
        return quote(self._pricer, request, tenant_id, self._clock.now())


def quote(pricer: Pricer, request: QuoteRequest, tenant_id: str, now: Micros) -> QuoteResponse:
    """The options by cost: those wholly priced first, then those priced in part, then those not at all.

    Raises:
        InvalidArgumentError: nothing to price, no options or too many, or an amount that no rating holds.
    """
    _check(request)
    quotes: list[QuotedOption] = []
    faults: list[FieldViolation] = []
    for position, option in enumerate(request.options):
        event = UsageEvent(
            tenant_id=tenant_id,
            provider=option.provider,
            model=option.model,
            service_tier=option.service_tier,
            batch=option.batch,
            region=option.region,
            time_unix_micros=request.time_unix_micros or now,
            quantities=request.quantities,
        )
        try:
            quotes.append(QuotedOption(option=option, rating=pricer.rate(event, tenant_id)))
        except UnpriceableError as error:
            faults.append(FieldViolation(f"options[{position}]", f"{option.provider}/{option.model}: {error}"))
    if faults:
        raise InvalidArgumentError(faults[0].description, violations=faults)
    quotes.sort(key=lambda quoted: _place(quoted.rating))
    return QuoteResponse(quotes=quotes, price_book_version=pricer.book.version)


def _check(request: QuoteRequest) -> None:
    faults: list[FieldViolation] = []
    amounts = {bucket: getattr(request.quantities, bucket) for bucket in BUCKETS}
    if not any(amounts.values()):
        faults.append(FieldViolation("quantities", "say how much: one of them must not be 0"))
    faults += [
        FieldViolation(f"quantities.{bucket}", f"{amount}: cannot be negative")
        for bucket, amount in amounts.items()
        if amount < 0
    ]
    if not 0 < len(request.options) <= MAX_OPTIONS:
        faults.append(FieldViolation("options", f"{len(request.options)} of them; name 1 to {MAX_OPTIONS:,}"))
    if request.time_unix_micros < 0:
        faults.append(FieldViolation("time_unix_micros", "before 1970"))
    for position, option in enumerate(request.options):
        faults += [
            FieldViolation(f"options[{position}].{name}", "is empty")
            for name in ("provider", "model")
            if not getattr(option, name).strip()
        ]
    if faults:
        text = "; ".join(f"{fault.field}: {fault.description}" for fault in faults)
        raise InvalidArgumentError(text, violations=faults)


def _place(rating: Rating) -> tuple[int, int]:
    return _PLACES.get(rating.status, 2), rating.cost_picos
