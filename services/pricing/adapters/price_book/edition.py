"""Editions of the price book: the wheel's, a fresh copy's, a kept copy's; each with what of it is out of use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.common.clock import Micros, format_rfc3339
from services.common.log import get_logger
from services.pricing.adapters.price_book.litellm import read_quotes
from services.pricing.adapters.price_book.reading import MalformedCopyError, read_copy
from services.pricing.adapters.price_book.refusal import Refusal, RefusedCopyError
from services.pricing.adapters.price_list import (
    Listing,
    compiled,
    digest,
    make_book,
    newest_change,
    wheel_bytes,
    wheel_name,
    wheel_providers,
)
from services.pricing.domain.names import Catalogue
from services.pricing.domain.prices import ListedModel
from services.pricing.domain.quarantine import Accepted, Outlier, Quotes, judge, withhold
from services.pricing.domain.rating import PriceBook

log = get_logger(__name__)

WHEEL = "wheel"
COPY = "copy"


@dataclass(frozen=True)
class Edition:
    """A book, and how it came about."""

    book: PriceBook
    origin: str
    """`WHEEL` or `COPY`."""
    models: Mapping[str, ListedModel]
    """The list's models as they count, by price id."""
    outliers: tuple[Outlier, ...]
    """Everything suspect in its list, accepted or not."""
    quarantined: tuple[Outlier, ...]
    """What of that is out of use."""


@dataclass(frozen=True)
class Limits:
    """What no new copy may be."""

    least_share: float
    """Of the models in force that it must have."""
    most_jumps: float
    """Share of its prices that may be ten times off those in force."""


def wheel_edition(second: bytes, accepted: Collection[Accepted], now: Micros) -> Edition:
    """The wheel's list, judged by itself and by a second catalogue (empty: none)."""
    listings = compiled(wheel_providers())
    judged = judge(_models(listings), before={}, quotes=_quotes(second, listings), now=now)
    return _edition(
        wheel_name(), WHEEL, wheel_bytes(), listings, judged.outliers, accepted, newest_change(listings, now)
    )


def fresh_edition(
    content: bytes, before: Edition, second: bytes, accepted: Collection[Accepted], limits: Limits, now: Micros
) -> Edition:
    """A copy that just arrived, judged by the edition in force.

    Raises:
        RefusedCopyError: it is no whole list, or not a believable one.
    """
    listings = _listings(content)
    models = _models(listings)
    least = limits.least_share * len(before.models)
    if len(models) < least:
        raise RefusedCopyError(
            Refusal.IMPLAUSIBLE,
            f"it has {len(models):,} models and {len(before.models):,} are in force; a list that lost more than "
            f"{1 - limits.least_share:.0%} of them is not believed",
        )
    judged = judge(models, before=before.models, quotes=_quotes(second, listings), standing=before.quarantined, now=now)
    if judged.jumped > limits.most_jumps * judged.compared:
        raise RefusedCopyError(
            Refusal.IMPLAUSIBLE,
            f"{judged.jumped:,} of the {judged.compared:,} prices it shares with those in force are ten times off or "
            f"more; at most {limits.most_jumps:.0%} are believed to have changed so",
        )
    as_of = newest_change(listings, now)
    return _edition(_name(as_of), COPY, content, listings, judged.outliers, accepted, as_of)


def kept_edition(
    content: bytes, as_of: Micros, outliers: Sequence[Outlier], accepted: Collection[Accepted], now: Micros
) -> Edition:
    """A copy that was judged before, and named after `as_of` then. Prices that it announced may have begun since.

    Raises:
        RefusedCopyError: it is no whole list.
    """
    listings = _listings(content)
    changed = newest_change(listings, now)
    return _edition(_name(as_of), COPY, content, listings, tuple(outliers), accepted, changed)


def _edition(
    name: str,
    origin: str,
    content: bytes,
    listings: Sequence[Listing],
    outliers: tuple[Outlier, ...],
    accepted: Collection[Accepted],
    as_of: Micros,
) -> Edition:
    quarantined = tuple(outlier for outlier in outliers if not outlier.accepted(accepted))
    entries = [listing.catalogued(lambda model: withhold(model, quarantined)) for listing in listings]
    return Edition(
        book=make_book(entries, version=f"{name}+{digest(content, quarantined)}", as_of=as_of),
        origin=origin,
        models={model.price_id: withhold(model, quarantined) for model in _models(listings)},
        outliers=outliers,
        quarantined=quarantined,
    )


def _name(as_of: Micros) -> str:
    return f"genai-prices-{format_rfc3339(as_of)[:10]}"


def _listings(content: bytes) -> list[Listing]:
    try:
        return compiled(read_copy(content))
    except (MalformedCopyError, TypeError) as error:
        raise RefusedCopyError(Refusal.MALFORMED, str(error)) from None


def _models(listings: Sequence[Listing]) -> list[ListedModel]:
    return [model for listing in listings for _, model in listing.models]


def _quotes(second: bytes, listings: Sequence[Listing]) -> Quotes:
    if not second:
        return {}
    try:
        return read_quotes(second, Catalogue([listing.catalogued() for listing in listings]))
    except MalformedCopyError as error:
        log.error("the second catalogue cannot be read; prices are judged without it", error=str(error))
        return {}
