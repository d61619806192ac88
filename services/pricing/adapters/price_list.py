"""The price book, compiled from the data that the genai-prices package brings and from seats.toml."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from genai_prices import types as source
from genai_prices.data import providers

from services.common.clock import DAY, Micros, SystemClock, to_micros
from services.common.log import get_logger
from services.common.money import PICOS_PER_DOLLAR, Picos, round_half_even
from services.pricing.domain.names import Catalogue, Names, Predicate, ProviderModels
from services.pricing.domain.prices import ALWAYS, Condition, DatedPrices, Ladder, ListedModel, Variant
from services.pricing.domain.rating import PriceBook
from services.pricing.domain.seats import SeatBook

log = get_logger(__name__)

BUCKET_OF_PRICE: dict[str, tuple[str, int]] = {
    "input_mtok": ("input_tokens", 1),
    "cache_read_mtok": ("cache_read_tokens", 1),
    "cache_write_mtok": ("cache_write_tokens", 1),
    "cache_write_1h_mtok": ("cache_write_1h_tokens", 1),
    "output_mtok": ("output_tokens", 1),
    "output_reasoning_mtok": ("reasoning_tokens", 1),
    "input_audio_mtok": ("input_audio_tokens", 1),
    "output_audio_mtok": ("output_audio_tokens", 1),
    "input_image_mtok": ("input_image_tokens", 1),
    "output_image_mtok": ("output_image_tokens", 1),
    "web_searches_kcount": ("web_searches", 1_000),
    "requests_kcount": ("requests", 1_000),
}
"""Our bucket for each price of theirs, and what makes it a price for a million. Prices of units we have no bucket for
(pages, hours, characters, cached audio) are left out, and such usage is then unpriced."""


def load_price_book() -> PriceBook:
    """Compiles the book; takes about a second, once at start."""
    seats = files("services.pricing.domain").joinpath("seats.toml").read_bytes()
    listed = files("genai_prices").joinpath("data.py").read_bytes()
    digest = hashlib.sha256(listed + seats).hexdigest()[:12]
    entries = [_provider(entry) for entry in providers]
    book = PriceBook(
        catalogue=Catalogue(entries),
        seats=SeatBook.parse(seats.decode()),
        version=f"genai-prices-{version('genai-prices')}+{digest}",
        as_of=_newest_change(entries, SystemClock().now()),
    )
    log.info("price book loaded", version=book.version, models=len(book.catalogue.models()))
    return book


def _newest_change(entries: list[ProviderModels], now: Micros) -> Micros:
    dates = (c.starts for entry in entries for model in entry.models for c in model.conditions())
    return max(date for date in dates if date is not None and date <= now)


def _provider(entry: source.Provider) -> ProviderModels:
    return ProviderModels(
        entry.id,
        [(_names(model.match), _model(entry.id, model)) for model in entry.models],
        called=None if entry.provider_match is None else _predicate(entry.provider_match),
        makes=None if entry.model_match is None else _predicate(entry.model_match),
        fallbacks=entry.fallback_model_providers or (),
    )


def _names(clause: Any) -> Names:
    if isinstance(clause, source.ClauseEquals):
        return Names(frozenset({clause.equals.lower()}))
    if isinstance(clause, source.ClauseOr):
        parts = [_names(part) for part in clause.or_]
        rules = [part.rule for part in parts if part.rule is not None]
        return Names(frozenset().union(*(part.exact for part in parts)), _any(rules) if rules else None)
    return Names(frozenset(), _predicate(clause))


def _any(rules: list[Predicate]) -> Predicate:
    return rules[0] if len(rules) == 1 else lambda name: any(rule(name) for rule in rules)


def _predicate(clause: Any) -> Predicate:
    matches: Predicate = clause.is_match
    return matches


def _model(provider: str, entry: source.ModelInfo) -> ListedModel:
    dated = (
        [source.ConditionalPrice(prices=entry.prices)] if isinstance(entry.prices, source.ModelPrice) else entry.prices
    )
    return ListedModel(
        provider=provider,
        model=entry.id,
        dated=tuple(DatedPrices(_condition(part.constraint), dict(_prices(part.prices))) for part in dated),
        variants=tuple(
            Variant(dict(part.when), _condition(part.constraint), dict(_prices(part.prices)))
            for part in entry.price_variants or ()
        ),
    )


def _prices(entry: source.ModelPrice) -> Iterator[tuple[str, Ladder]]:
    for name, price in vars(entry).items():
        if price is None or name not in BUCKET_OF_PRICE:
            continue
        bucket, factor = BUCKET_OF_PRICE[name]
        if isinstance(price, source.TieredPrices):
            yield bucket, ((0, _picos(price.base, factor)), *((t.start, _picos(t.price, factor)) for t in price.tiers))
        else:
            yield bucket, ((0, _picos(price, factor)),)


def _picos(price: Decimal, factor: int) -> Picos:
    """A few prices of theirs carry the noise of binary fractions far below a picodollar; rounding removes it."""
    return round_half_even(Fraction(price) * factor * PICOS_PER_DOLLAR)


def _condition(constraint: Any) -> Condition:
    if constraint is None:
        return ALWAYS
    if isinstance(constraint, source.StartDateConstraint):
        return Condition(starts=to_micros(datetime.combine(constraint.start_date, time(), UTC)))
    if isinstance(constraint, source.TimeOfDateConstraint):
        return Condition(daily=(_of_day(constraint.start_time), _of_day(constraint.end_time)))
    raise TypeError(
        f"genai-prices has a constraint {type(constraint).__name__} that this version of ours does not know"
    )


def _of_day(moment: time) -> Micros:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return to_micros(datetime.combine(datetime(1970, 1, 2, tzinfo=UTC).date(), aware)) % DAY
