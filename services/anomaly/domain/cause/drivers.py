"""Where the difference sits: dimension values ranked as Adtributor does (Bhagwan et al., NSDI '14).

Explanatory power is a value's share of the difference. Surprise is how much its share of the spend changed (its term of
the Jensen-Shannon divergence): a team that is always half of the spend is half of every difference, and explains
nothing. Of each dimension the most surprising values are taken until they explain most of it; few must suffice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.anomaly.domain.cause.compared import Compared
from services.anomaly.domain.cause.exact import apportion
from services.common.money import Picos

MOST = 0.67
"""Share of the difference that a dimension's values must explain together."""
LEAST = 0.1
"""And each of them alone."""
FEW = 5
"""Values that must suffice."""
LIFT = 0.1
"""By so much their share of the difference must exceed their share of the usual spend: a dimension that is spread as it
always was explains nothing."""
DIMENSIONS_TOLD = 3


@dataclass(frozen=True)
class Driver:
    """A dimension value and its part of the difference."""

    dimension: str
    value: str
    actual: Picos
    usual: Picos
    share: float
    """Of the whole difference."""
    surprise: float


def drivers(compared: Compared, dimensions: Sequence[str]) -> list[Driver]:
    """Values that explain most of the difference; those of the most surprising dimension first.

    Args:
        compared: what is to be explained.
        dimensions: to look at; of those that say the same the first here comes first.
    """
    if compared.spent == compared.usually:
        return []
    found = [chosen for name in dimensions if (chosen := _of(compared, name))]
    found.sort(key=lambda chosen: -sum(driver.surprise for driver in chosen))
    return [driver for chosen in found[:DIMENSIONS_TOLD] for driver in chosen]


def _of(compared: Compared, dimension: str) -> list[Driver]:
    cells = compared.by((dimension,))
    names = [key[0] for key in cells]
    difference = compared.spent - compared.usually
    actual = [pair.actual.cost for pair in cells.values()]
    usual = apportion([pair.usual.cost / compared.weeks for pair in cells.values()], compared.usually)
    before, after = sum(max(0, cost) for cost in usual), sum(max(0, cost) for cost in actual)
    told = [
        Driver(dimension, name, now, then, (now - then) / difference, _surprise(_part(then, before), _part(now, after)))
        for name, now, then in zip(names, actual, usual, strict=True)
    ]
    candidates = sorted((one for one in told if one.share > LEAST), key=lambda one: (-one.surprise, one.value))
    chosen: list[Driver] = []
    for one in candidates[:FEW]:
        chosen.append(one)
        if sum(driver.share for driver in chosen) >= MOST:
            usual_share = _part(sum(driver.usual for driver in chosen), before)
            if sum(driver.share for driver in chosen) < usual_share + LIFT:
                return []
            # What has no name cannot be looked for.
            return sorted((one for one in chosen if one.value), key=lambda driver: (-driver.share, driver.value))
    return []


def _part(cost: Picos, total: Picos) -> float:
    return max(0, cost) / total if total > 0 else 0.0


def _surprise(before: float, after: float) -> float:
    mean = (before + after) / 2
    return sum(part * math.log(part / mean) / 2 for part in (before, after) if part > 0)
