"""From the compared hours to a cause: parts, drivers and a sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from finops.anomaly.v1.anomaly_pb2 import Cause, CauseDriver, CausePart

from services.anomaly.domain.cause.compared import Compared, Pair, Slice, Values
from services.anomaly.domain.cause.drivers import Driver, drivers
from services.anomaly.domain.cause.exact import apportion
from services.anomaly.domain.cause.factors import Factor, decompose
from services.anomaly.domain.cause.words import Subject, detail, sentence
from services.common.dimensions import DIMENSIONS
from services.common.money import Picos, to_proto

BOUGHT = ("provider", "model")
"""Cells of the decomposition: a price belongs to a model."""
OWNERS = ("user", "key", "project", "team", "source", "tool", "environment")
"""Values of these that explain a difference have cells of their own: what one person does does not blur into what all
do with the same model."""
ORDER = (
    "user", "model", "key", "project", "team", "tool", "source", "service_tier", "provider", "environment",
)  # fmt: skip
"""Of dimensions that say the same, the first here is told first."""
MOST_GROUPED = 8
"""Dimensions that one question to the ledger may name."""


def dimensions_of(series: Mapping[str, str]) -> tuple[str, ...]:
    """What to ask the ledger for, of an anomaly whose series has these labels."""
    wanted = [*BOUGHT, *ORDER]
    return tuple(name for name in dict.fromkeys(wanted) if name in DIMENSIONS and name not in series)[:MOST_GROUPED]


@dataclass(frozen=True)
class Difference:
    """What is to be explained, and by which cells."""

    compared: Compared
    drivers: Sequence[Driver]
    apart: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, compared: Compared) -> Difference:
        found = drivers(compared, [name for name in ORDER if name in compared.dimensions])
        owner = next((driver.dimension for driver in found if driver.dimension in OWNERS), None)
        values = frozenset(driver.value for driver in found if driver.dimension == owner)
        return cls(compared, found, {owner: values} if owner is not None else {})

    @property
    def cell_dimensions(self) -> tuple[str, ...]:
        """What to ask the ledger for to learn which cells had use before."""
        return (*(name for name in BOUGHT if name in self.compared.dimensions), *self.apart)

    @property
    def cells(self) -> dict[Values, Pair]:
        return self.compared.by(BOUGHT, apart=self.apart)

    @property
    def has_newcomers(self) -> bool:
        """Some cell has use that had none in the hours compared with."""
        return any(pair.usual.requests == 0 and pair.actual.requests > 0 for pair in self.cells.values())

    def seen(self, before: Sequence[Slice]) -> frozenset[Values]:
        """The cells that are no newcomers, from sums by `cell_dimensions`: both what is bought and its owner had use
        before, if not together."""
        known = Compared(self.cell_dimensions, 1, before, ()).by(BOUGHT, apart=self.apart)
        cells, size = self.cells, len(BOUGHT)
        used = [values for values, pair in known.items() if pair.actual.requests > 0]
        used += [values for values, pair in cells.items() if pair.usual.requests > 0]
        bought, owners = {values[:size] for values in used}, {values[size:] for values in used}
        return frozenset(values for values in cells if values[:size] in bought and values[size:] in owners)


def explain(difference: Difference, seen: Collection[Values] = ()) -> Cause:
    """The cause, without first events. Its parts add up to the difference to the picodollar.

    Args:
        difference: what is to be explained.
        seen: cells that had use before, if not in the hours compared with.
    """
    compared, cells = difference.compared, difference.cells
    parts = decompose(cells, compared.weeks, seen)
    amounts = dict(zip(parts, apportion(list(parts.values()), compared.spent - compared.usually), strict=True))
    subject = Subject((*BOUGHT, *difference.apart), cells, compared.weeks, seen)
    told = {factor: detail(factor, subject) for factor in _strongest_first(amounts) if amounts[factor]}
    return Cause(
        compared_weeks=compared.weeks,
        actual=to_proto(compared.spent),
        usual=to_proto(compared.usually),
        parts=[
            CausePart(factor=factor.value, amount=to_proto(amounts[factor]), detail=words)
            for factor, words in told.items()
        ],
        drivers=[
            CauseDriver(
                dimension=driver.dimension, value=driver.value, actual=to_proto(driver.actual),
                usual=to_proto(driver.usual), explained_share=driver.share,
            )
            for driver in difference.drivers
        ],
        summary=sentence(amounts, told, difference.drivers),
    )  # fmt: skip


def _strongest_first(amounts: Mapping[Factor, Picos]) -> list[Factor]:
    """What goes the way of the whole difference comes first; of equals, in the order of factors."""
    way = -1 if sum(amounts.values()) < 0 else 1
    return sorted(amounts, key=lambda factor: -way * amounts[factor])
