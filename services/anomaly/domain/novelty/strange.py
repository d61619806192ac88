"""A key that is used as it never was, and what was new about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.anomaly.domain.novelty.sightings import Sight
from services.anomaly.domain.series import NOTHING, Hour, Totals

HOUR_OF_DAY = "hour"


class Strange(NamedTuple):
    """Values of one dimension that the key was never seen with, and what was spent on them until now."""

    dimension: str
    """A pair whose first part is the key, or HOUR_OF_DAY."""
    values: tuple[str, ...]
    totals: Totals = NOTHING


@dataclass(slots=True)
class StrangeKey:
    """From the first hour on, what is spent on the values that were new then, and on those that were since."""

    key: str
    start: Hour
    strange: tuple[Strange, ...] = ()
    last: Hour = 0
    spent: Totals = NOTHING
    name: str = ""
    """"" if people were not told."""
    denied: bool = False
    """Caps forbade it."""
    closed_at: Hour | None = None

    def add(self, hour: Hour, new: Iterable[Strange], by_sight: Mapping[Sight, Totals], total: Totals) -> None:
        """Takes in what was spent so in an hour.

        Args:
            hour: which.
            new: what is new in it, to be added to what was. An hour of the day counts only where it is among this.
            by_sight: all that the key did in it.
            total: the sum of that.
        """
        more = {one.dimension: one.values for one in new}
        known = {one.dimension: one for one in self.strange}
        now: list[Totals] = []
        for dimension in dict.fromkeys([*known, *more]):
            before = known.get(dimension, Strange(dimension, ()))
            values = tuple(dict.fromkeys([*before.values, *more.get(dimension, ())]))
            spent = _spent(Strange(dimension, values), self.key, by_sight)
            if dimension == HOUR_OF_DAY:
                spent = total if dimension in more else NOTHING
            known[dimension] = Strange(dimension, values, before.totals.plus(spent))
            now.append(spent)
        self.strange = tuple(known.values())
        # The dearest of its novelties, since the same event may show several.
        dearest = max(now, key=lambda totals: totals.cost, default=NOTHING)
        if dearest.cost > 0:
            self.last = hour
            self.spent = self.spent.plus(dearest)


def _spent(strange: Strange, key: str, by_sight: Mapping[Sight, Totals]) -> Totals:
    found = NOTHING
    for value in strange.values:
        found = found.plus(by_sight.get(Sight(strange.dimension, key, value), NOTHING))
    return found
