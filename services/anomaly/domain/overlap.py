"""How much of an hour's spend two series have in common: what tells a facet of an incident from another incident."""

from __future__ import annotations

from collections.abc import Mapping

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

    def __init__(self, cells: Mapping[Belongs, Totals]) -> None:
        self._cells = cells
        self._known = any(len(belongs) > 1 for belongs in cells)
        self._shared: dict[Series, dict[Series, Picos]] = {}

    def shared(self, one: Series, other: Series) -> Picos | None:
        """What was spent in both; None where that is not known."""
        if not self._known:
            return None
        found = self._shared.get(one)
        if found is None:
            found = self._shared[one] = {}
            for belongs, totals in self._cells.items():
                if one in belongs:
                    for series in belongs:
                        found[series] = found.get(series, 0) + totals.cost
        return found.get(other, 0)
