"""The hours of an anomaly beside the same hours of usual weeks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from services.anomaly.domain.series import NOTHING, Totals
from services.common.money import Picos

Values = tuple[str, ...]
"""Of some dimensions, in their order."""


class Slice(NamedTuple):
    """What one combination of dimension values came to."""

    values: Values
    totals: Totals
    rest: bool = False
    """Everything beyond the dearest combinations; its values say nothing."""


class Pair(NamedTuple):
    """The same thing twice. `usual` is the sum over the weeks compared with."""

    actual: Totals
    usual: Totals


@dataclass(frozen=True)
class Compared:
    """Cells by the values of `dimensions`; `weeks` of usual hours are added up."""

    dimensions: tuple[str, ...]
    weeks: int
    actual: Sequence[Slice]
    usual: Sequence[Slice]

    def by(self, dimensions: Sequence[str], *, apart: Mapping[str, frozenset[str]] | None = None) -> dict[Values, Pair]:
        """Cells of fewer dimensions, in a fixed order.

        Args:
            dimensions: to tell cells apart by; those this comparison does not know read as "".
            apart: further dimensions of which only these values are told apart from all others.
        """
        apart = apart or {}
        places = [self._place(name) for name in dimensions]
        further = [(self._place(name), values) for name, values in apart.items()]

        def cell(one: Slice) -> Values:
            if one.rest:
                return ("",) * (len(places) + len(further))
            own = [one.values[place] if place is not None else "" for place in places]
            lifted = [one.values[p] if p is not None and one.values[p] in known else "" for p, known in further]
            return (*own, *lifted)

        actual, usual = _added(self.actual, cell), _added(self.usual, cell)
        keys = sorted(actual.keys() | usual.keys())
        return {key: Pair(actual.get(key, NOTHING), usual.get(key, NOTHING)) for key in keys}

    @property
    def total(self) -> Pair:
        """All cells together."""
        return self.by(()).get((), Pair(NOTHING, NOTHING))

    @property
    def spent(self) -> Picos:
        return self.total.actual.cost

    @property
    def usually(self) -> Picos:
        """Of one usual week, rounded to a picodollar."""
        return round(Fraction(self.total.usual.cost, self.weeks))

    def _place(self, name: str) -> int | None:
        return self.dimensions.index(name) if name in self.dimensions else None


def _added(slices: Iterable[Slice], cell: Callable[[Slice], Values]) -> dict[Values, Totals]:
    sums: dict[Values, Totals] = {}
    for one in slices:
        key = cell(one)
        sums[key] = sums[key].plus(one.totals) if key in sums else one.totals
    return sums
