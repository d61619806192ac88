"""What a price list says: prices per bucket, when they hold, and for which kind of request.

Every price is an integer of picodollars for a million units of a bucket of `finops.usage.v1.Quantities`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.common.clock import DAY, Micros
from services.common.dimensions import TOKEN_BUCKETS
from services.common.money import Picos, round_half_even

Ladder = tuple[tuple[int, Picos], ...]
"""(threshold, price) rising from threshold 0. The highest threshold that the whole request's input exceeds gives the
price of all its tokens: a cliff, not a margin. An empty one: the price is withheld, and nothing stands in for it."""

PriceSet = Mapping[str, Ladder]
"""Ladders by bucket."""

INPUT_BUCKETS: tuple[str, ...] = tuple(
    name for name in TOKEN_BUCKETS if name.startswith(("input_", "cache_"))
)  # fmt: skip
"""The buckets whose sum is the length of a request's input."""


@dataclass(frozen=True, slots=True)
class Workdays:
    """Monday to Friday but for some holidays, by UTC days."""

    holidays: frozenset[int] = frozenset()
    """Days since the epoch."""

    def holds(self, time: Micros) -> bool:
        day = time // DAY
        # The epoch was a Thursday, the fourth day of its week.
        return (day + 3) % 7 < 5 and day not in self.holidays


@dataclass(frozen=True, slots=True)
class Condition:
    """When a price holds; with no field set, always."""

    starts: Micros | None = None
    daily: tuple[Micros, Micros] | None = None
    """[start, end) within the UTC day, microseconds; an end before the start lies on the next day."""
    ends: Micros | None = None
    workdays: Workdays | None = None

    def holds(self, time: Micros) -> bool:
        if self.starts is not None and time < self.starts:
            return False
        if self.ends is not None and time >= self.ends:
            return False
        if self.workdays is not None and not self.workdays.holds(time):
            return False
        if self.daily is None:
            return True
        start, end = self.daily
        clock = time % DAY
        return start <= clock < end if start <= end else clock >= start or clock < end


ALWAYS = Condition()


@dataclass(frozen=True, slots=True)
class DatedPrices:
    """Standard prices and when they hold."""

    condition: Condition
    prices: PriceSet


@dataclass(frozen=True, slots=True)
class Variant:
    """Prices of requests of one kind (`{"service_tier": "flex"}`); a bucket not named keeps its standard price."""

    when: Mapping[str, str]
    condition: Condition
    prices: PriceSet


@dataclass(frozen=True, eq=False)
class ListedModel:
    """One entry of the price list."""

    provider: str
    model: str
    dated: tuple[DatedPrices, ...]
    """The last whose condition holds counts; none holding, the first."""
    variants: tuple[Variant, ...] = ()
    """The first that applies counts, for each bucket by itself."""

    @property
    def price_id(self) -> str:
        return f"{self.provider}/{self.model}"

    def conditions(self) -> list[Condition]:
        """All on which its prices depend."""
        return [*(part.condition for part in self.dated), *(part.condition for part in self.variants)]

    def standard(self, time: Micros) -> PriceSet:
        """Standard prices at a time."""
        for dated in reversed(self.dated):
            if dated.condition.holds(time):
                return dated.prices
        return self.dated[0].prices if self.dated else {}


def scaled(ladder: Ladder, factor: Fraction) -> Ladder:
    """Each price times a factor, rounded half to even to a picodollar."""
    return tuple((above, round_half_even(price * factor)) for above, price in ladder)
