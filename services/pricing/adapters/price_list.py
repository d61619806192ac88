"""The price book, compiled from the data that the genai-prices package brings and from seats.toml."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from genai_prices import types as source
from genai_prices.data import providers

from services.common.clock import DAY, Micros, SystemClock, to_micros
from services.common.money import PICOS_PER_DOLLAR, Picos, round_half_even
from services.pricing.domain.names import Catalogue, Names, Predicate, ProviderModels
from services.pricing.domain.prices import ALWAYS, Condition, DatedPrices, Ladder, ListedModel, Variant
from services.pricing.domain.rating import PriceBook
from services.pricing.domain.seats import SeatBook

_ONE = Fraction(1)
_THOUSAND = Fraction(1_000)
_HOUR = Fraction(1_000, 3_600)
"""A million milliseconds are a thousand seconds of an hour's 3,600."""

BUCKETS_OF_PRICE: tuple[tuple[str, str, Fraction], ...] = (
    ("input_mtok", "input_tokens", _ONE),
    ("cache_read_mtok", "cache_read_tokens", _ONE),
    ("cache_write_mtok", "cache_write_tokens", _ONE),
    ("cache_write_1h_mtok", "cache_write_1h_tokens", _ONE),
    ("output_mtok", "output_tokens", _ONE),
    ("output_reasoning_mtok", "reasoning_tokens", _ONE),
    ("input_audio_mtok", "input_audio_tokens", _ONE),
    ("output_audio_mtok", "output_audio_tokens", _ONE),
    ("input_image_mtok", "input_image_tokens", _ONE),
    ("output_image_mtok", "output_image_tokens", _ONE),
    ("web_searches_kcount", "web_searches", _THOUSAND),
    ("requests_kcount", "requests", _THOUSAND),
    ("audio_hours", "audio_milliseconds", _HOUR),
)
"""Each price of theirs, our bucket for it, and what makes it a price for a million. Prices of units we have no bucket
for (pages, characters, messages, cached audio, video) are left out, and such usage is then unpriced."""


@dataclass(frozen=True)
class Listing:
    """A provider's part of a list: its models, and the names they go by."""

    entry: source.Provider
    models: Sequence[tuple[Names, ListedModel]]

    def catalogued(self, mend: Callable[[ListedModel], ListedModel] = lambda model: model) -> ProviderModels:
        """Ready to be asked; each model as `mend` leaves it."""
        return ProviderModels(
            self.entry.id,
            [(names, mend(model)) for names, model in self.models],
            called=None if self.entry.provider_match is None else _predicate(self.entry.provider_match),
            makes=None if self.entry.model_match is None else _predicate(self.entry.model_match),
            fallbacks=self.entry.fallback_model_providers or (),
        )


def load_price_book() -> PriceBook:
    """The book of the list in the wheel, whole: without what a second catalogue or a person says of it."""
    listings = compiled(providers)
    return make_book(
        [listing.catalogued() for listing in listings],
        version=f"{wheel_name()}+{digest(wheel_bytes())}",
        as_of=newest_change(listings, SystemClock().now()),
    )


def digest(content: bytes, withheld: Sequence[object] = ()) -> str:
    """Names all that a book's prices follow from: its list, our own files, and what of the list is out of use."""
    documented = files("services.pricing.domain").joinpath("documented.toml").read_bytes()
    told = "".join(repr(each) for each in withheld).encode()
    return hashlib.sha256(content + seat_bytes() + documented + told).hexdigest()[:12]


def wheel_name() -> str:
    """genai-prices and its version."""
    return f"genai-prices-{version('genai-prices')}"


def wheel_bytes() -> bytes:
    """What the list in the wheel consists of."""
    return files("genai_prices").joinpath("data.py").read_bytes()


def wheel_providers() -> Sequence[source.Provider]:
    """The list in the wheel."""
    return providers


def seat_bytes() -> bytes:
    """seats.toml."""
    return files("services.pricing.domain").joinpath("seats.toml").read_bytes()


def make_book(entries: Sequence[ProviderModels], *, version: str, as_of: Micros) -> PriceBook:
    """The book of these providers, and of seats.toml."""
    return PriceBook(Catalogue(entries), SeatBook.parse(seat_bytes().decode()), version=version, as_of=as_of)


def newest_change(listings: Iterable[Listing], now: Micros) -> Micros:
    """The newest date on which a price changed; 0 where no price has a date."""
    dates = (c.starts for listing in listings for _, model in listing.models for c in model.conditions())
    return max((date for date in dates if date is not None and 0 <= date <= now), default=0)


def compiled(entries: Iterable[source.Provider]) -> list[Listing]:
    """The list in our terms; takes a fifth of a second.

    Raises:
        TypeError: a kind of constraint or of match that this version of ours does not know.
    """
    return [
        Listing(entry, [(_names(model.match), _model(entry.id, model)) for model in entry.models]) for entry in entries
    ]


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
    stated = vars(entry)
    for name, bucket, factor in BUCKETS_OF_PRICE:
        price = stated.get(name)
        if isinstance(price, source.TieredPrices):
            yield bucket, ((0, _picos(price.base, factor)), *((t.start, _picos(t.price, factor)) for t in price.tiers))
        elif price is not None:
            yield bucket, ((0, _picos(price, factor)),)


def _picos(price: Decimal, factor: Fraction) -> Picos:
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
