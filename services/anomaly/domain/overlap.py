"""How much of an hour's spend two series have in common: what tells a facet of an incident from another incident."""

from __future__ import annotations

from collections.abc import Mapping

from services.anomaly.domain.amounts import COST, FAILED
from services.anomaly.domain.buckets import Belongs
from services.anomaly.domain.series import Series, Totals
from services.common.money import Picos


class Overlap:
    """Of the hour closed last. The ledger's history comes by one dimension at a time and tells nothing.

    >>> search, ann, bob = Series("team", "search"), Series("user", "ann"), Series("user", "bob")
    >>> overlap = Overlap({(search, ann): Totals(7, 1, 1), (search, bob): Totals(2, 1, 1)})
    >>> overlap.shared(search, ann), overlap.shared(ann, bob), overlap.shared(ann, ann)
    (7, 0, 7)
    >>> Overlap({(search,): Totals(9, 1, 1), (ann,): Totals(7, 1, 1)}).shared(search, ann) is None
    True
    """

    def __init__(self, cells: Mapping[Belongs, Totals], dearest: Mapping[Belongs, Totals] | None = None) -> None:
        """
        Args:
            cells: of the hour.
            dearest: of the hour of its day in which most was spent.
        """
        self.dearest = self if dearest is None else Overlap(dearest)
        """What days have in common is told by their dearest hours: in the last, many have gone home."""
        self._cells = cells
        self._known = any(len(belongs) > 1 for belongs in cells)
        self._shared: dict[tuple[Series, int], dict[Series, int]] = {}

    def shared(self, one: Series, other: Series) -> Picos | None:
        """What was spent in both; None where that is not known."""
        return self._in_both(one, other, COST)

    def failed(self, one: Series, other: Series) -> int | None:
        """Requests that failed and count in both; None where that is not known."""
        return self._in_both(one, other, FAILED)

    def _in_both(self, one: Series, other: Series, column: int) -> int | None:
        if not self._known:
            return None
        found = self._shared.get((one, column))
        if found is None:
            found = self._shared[one, column] = {}
            for belongs, totals in self._cells.items():
                if one in belongs and totals[column]:
                    for series in belongs:
                        found[series] = found.get(series, 0) + totals[column]
        return found.get(other, 0)
