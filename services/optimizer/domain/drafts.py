"""What a rule proposes, before it has a name and a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from services.common.money import Picos, round_half_even


@dataclass(frozen=True)
class Saving:
    """Dollars a month, uncertain."""

    low: Picos
    """10th percentile."""
    median: Picos
    high: Picos
    """90th percentile."""
    likely: float
    """Probability of at least half the median."""

    def scaled(self, share: Fraction) -> Saving:
        """The same saving out of a share of the spend."""
        low, median, high = (round_half_even(value * share) for value in (self.low, self.median, self.high))
        return replace(self, low=low, median=median, high=high)


@dataclass(frozen=True)
class Fact:
    """What a recommendation rests on: known (`present`), or still to be shown."""

    statement: str
    present: bool


@dataclass(frozen=True)
class Draft:
    """One proposal."""

    rule: str
    subject: Mapping[str, str]
    """What it is about; the same subject is the same recommendation."""
    title: str
    action: str
    saving: Saving
    evidence: tuple[Fact, ...]
    claims: Mapping[str, Picos]
    """Spend a month that the saving comes out of, by a name that other rules use for the same spend."""
