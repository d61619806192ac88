"""Forms: what all ratings of events have in common that use the same buckets at the same prices.

Names of buckets, prices, the book's version, assumptions: most of a rating is the same for thousands of events. It is
worked out and serialized once; what is left for each event is a multiplication a line. Parsing a message takes a
fraction of the time of setting it field by field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import NamedTuple

from finops.cost.v1.cost_pb2 import CostLine, Rating, RatingStatus

from services.common.dimensions import BUCKETS
from services.common.money import MAX_INT64, UNITS_PER_MILLION, Picos, cost_of

_FREE_UNLESS_PRICED = "requests"
"""A count of requests is free unless a price list or contract prices it."""
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Form:
    """A rating without its numbers."""

    blank: bytes
    """A serialized `Rating` whose lines have no quantity and no cost."""
    lines: tuple[bool, ...] = (False,) * len(BUCKETS)
    """For each of BUCKETS, whether it has a line."""
    prices: tuple[Picos, ...] = ()
    """Of each line, for a million units."""
    units: tuple[Picos, ...] | None = ()
    """Of each line, for one unit; None where a price is no whole number of picodollars a unit."""
    unpriced: tuple[str, ...] = ()
    """Buckets used that have no price."""
    listed: tuple[Picos, ...] | None = None
    """Of each line at list, where a contract makes that another price."""
    contracted: tuple[Picos, ...] | None = None
    """Of each line as contracted, where a mark-up makes that another price."""
    prepaid: bool = False
    """Paid in advance: it is not billed again."""

    def amounts(self, quantities: Sequence[int]) -> list[Picos]:
        """What each line costs, rounded half to even to a picodollar."""
        if self.units is not None:
            return list(map(mul, quantities, self.units))
        return list(map(cost_of, quantities, self.prices))

    def fill_in(self, rating: Rating, cost: Picos, quantities: Sequence[int], amounts: Sequence[Picos]) -> None:
        """Writes a rating of this form into an empty one; quantities and amounts are those of each line."""
        rating.MergeFromString(self.blank)
        # In place: a line made outside would be copied in, which takes longer than everything else here.
        for line, quantity, amount in zip(rating.lines, quantities, amounts, strict=True):
            line.quantity = quantity
            line.cost_picos = amount
        rating.cost_picos = cost


class Priced(NamedTuple):
    """An event's cost, and what its rating says."""

    cost: Picos
    form: Form
    quantities: tuple[int, ...] = ()
    """Of each line."""
    amounts: Sequence[Picos] = ()
    """Of each line."""
    shadow_cost: Picos = 0
    assumption: str = ""
    """Made for this event alone."""
    listed: Picos | None = None
    """At list prices, where that differs from the cost."""
    contracted: Picos | None = None
    """At contracted prices, where that differs from the cost."""
    billed: Picos | None = None
    """What the invoice says for it, where that differs from the cost."""

    def fill_in(self, rating: Rating) -> None:
        """Writes it into an empty rating."""
        self.form.fill_in(rating, self.cost, self.quantities, self.amounts)
        if self.shadow_cost:
            rating.shadow_cost_picos = self.shadow_cost
        if self.listed is not None:
            rating.list_cost_picos = self.listed
        if self.contracted is not None:
            rating.contracted_cost_picos = self.contracted
        if self.billed is not None:
            rating.billed_cost_picos = self.billed
        if self.assumption:
            rating.assumptions.append(self.assumption)


def without_lines(version: str, price_id: str = "") -> Form:
    """The form of what has its cost from elsewhere, or none."""
    status = RatingStatus.RATING_STATUS_PRICED
    return Form(Rating(status=status, price_book_version=version, price_id=price_id).SerializeToString())


def form(
    used: Sequence[str],
    prices: Mapping[str, Picos],
    price_id: str,
    assumptions: Sequence[str],
    notes: Mapping[str, str],
    version: str,
    listed: Mapping[str, Picos] | None = None,
    contracted: Mapping[str, Picos] | None = None,
    withheld: Mapping[str, str] = _NOTHING,
) -> Form:
    """The form of events that use these buckets.

    Args:
        used: buckets, in the order of BUCKETS.
        prices: picodollars for a million units.
        price_id: whose prices they are.
        assumptions: said of every event that has a price.
        notes: said where the bucket is used and has a price.
        version: of the price book.
        listed: the prices at list, where some differ.
        contracted: the prices without mark-ups, where some differ.
        withheld: buckets whose price must not be used, and why; said where they are used.
    """
    priced = [bucket for bucket in used if bucket in prices]
    unpriced = tuple(
        bucket for bucket in used if bucket not in prices and (bucket != _FREE_UNLESS_PRICED or bucket in withheld)
    )
    rating = Rating(
        status=_status(bool(priced), bool(unpriced)),
        price_book_version=version,
        lines=[
            _line(bucket, prices[bucket], prices[bucket] if listed is None else listed[bucket]) for bucket in priced
        ],
        unpriced_buckets=unpriced,
    )
    if priced:
        rating.price_id = price_id
        rating.assumptions.extend([*assumptions, *(notes[bucket] for bucket in priced if bucket in notes)])
    rating.assumptions.extend(dict.fromkeys(withheld[bucket] for bucket in unpriced if bucket in withheld))
    each = tuple(prices[bucket] for bucket in priced)
    whole = not any(price % UNITS_PER_MILLION for price in each)
    return Form(
        blank=rating.SerializeToString(),
        lines=tuple(bucket in priced for bucket in BUCKETS),
        prices=each,
        units=tuple(price // UNITS_PER_MILLION for price in each) if whole else None,
        unpriced=unpriced,
        listed=None if listed is None else _otherwise(listed, priced, each),
        contracted=None if contracted is None else _otherwise(contracted, priced, each),
    )


def _line(bucket: str, price: Picos, listed: Picos) -> CostLine:
    """A line with its prices for a million units, or for one where one of those does not fit."""
    line = CostLine(bucket=bucket)
    if max(price, listed) <= MAX_INT64:
        line.price_picos_per_million = price
        if listed != price:
            line.list_price_picos_per_million = listed
    else:
        line.price_picos_per_unit = price // UNITS_PER_MILLION
        if listed != price:
            line.list_price_picos_per_unit = listed // UNITS_PER_MILLION
    return line


def _otherwise(
    prices: Mapping[str, Picos], priced: Sequence[str], effective: tuple[Picos, ...]
) -> tuple[Picos, ...] | None:
    found = tuple(prices[bucket] for bucket in priced)
    return None if found == effective else found


def _status(priced: bool, unpriced: bool) -> RatingStatus:
    if not unpriced:
        return RatingStatus.RATING_STATUS_PRICED
    return RatingStatus.RATING_STATUS_PARTIAL if priced else RatingStatus.RATING_STATUS_UNPRICED
