"""A key that is used as it never was, and what was new about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.anomaly.domain.novelty.sightings import Sight
from services.anomaly.domain.series import NOTHING, Hour, Totals

HOUR_OF_DAY = "hour"


class Strange(NamedTuple):
    """Values of one dimension that the key was never seen with, and what was spent on them in the first hour."""

    dimension: str
    """A pair whose first part is the key, or HOUR_OF_DAY."""
    values: tuple[str, ...]
    totals: Totals


@dataclass(slots=True)
class StrangeKey:
    """From the first hour on, what is spent on the values that were new then."""

    key: str
    start: Hour
    strange: tuple[Strange, ...]
    last: Hour = 0
    spent: Totals = NOTHING
    name: str = ""
    """"" if people were not told."""
    closed_at: Hour | None = None

    def add(self, hour: Hour, spent: Totals) -> None:
        """Takes in what was spent so in an hour."""
        self.last = hour
        self.spent = self.spent.plus(spent)

    def spent_in(self, by_sight: Mapping[Sight, Totals], total: Totals) -> Totals:
        """What of an hour is part of it: the dearest of its novelties, since the same event may show several. An hour
        of the day is one in the first hour only."""
        amounts = [NOTHING]
        for dimension, values, _ in self.strange:
            if dimension == HOUR_OF_DAY:
                amounts.append(total if not self.last else NOTHING)
                continue
            spent = NOTHING
            for value in values:
                spent = spent.plus(by_sight.get(Sight(dimension, self.key, value), NOTHING))
            amounts.append(spent)
        return max(amounts, key=lambda totals: totals.cost)
