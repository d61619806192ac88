"""Two catalogues side by side: where they ask different prices for the same bucket of the same model."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from services.common.clock import Micros
from services.common.money import Picos
from services.pricing.domain.prices import ListedModel
from services.pricing.domain.quarantine import Outlier, Quotes, far, in_force


class Finding(StrEnum):
    """How much two prices differ."""

    DIFFERS = "differs"
    FAR = "far off"
    """Ten times or more."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One price on which the catalogues disagree; picodollars for a million units."""

    price_id: str
    kind: str
    bucket: str
    ours: Picos
    theirs: Picos
    """The nearest, where the second catalogue has several."""
    finding: Finding

    @property
    def ratio(self) -> Fraction:
        """Ours to theirs."""
        return Fraction(self.ours, self.theirs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of the prices in force now."""

    compared: int
    differences: tuple[Difference, ...]
    """The farthest off first."""


def compare(models: Iterable[ListedModel], quotes: Quotes, now: Micros) -> Comparison:
    """Every current base price of a list with the second catalogue's."""
    compared = 0
    found: list[Difference] = []
    for model in models:
        asked = quotes.get(model.price_id, {})
        for kind, bucket, price in in_force(model, now):
            theirs = asked.get((kind, bucket))
            if not theirs:
                continue
            compared += 1
            if price in theirs:
                continue
            nearest = min(theirs, key=lambda other: _apart(price, other))
            finding = Finding.FAR if far(price, nearest) else Finding.DIFFERS
            found.append(Difference(model.price_id, kind, bucket, price, nearest, finding))
    found.sort(key=lambda d: (-_apart(d.ours, d.theirs), d.price_id, d.kind, d.bucket))
    return Comparison(compared, tuple(found))


def of_provider(outliers: Collection[Outlier], provider: str) -> list[Outlier]:
    """Those of one provider; of all, where it is empty."""
    return [o for o in outliers if not provider or o.price_id.startswith(f"{provider}/")]


def _apart(one: Picos, other: Picos) -> Fraction:
    """By what factor; a price of nothing is farther off than any."""
    low, high = sorted((one, other))
    return Fraction(high, low) if low else Fraction(10**30)
